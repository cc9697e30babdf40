from datetime import date
from decimal import Decimal
from typing import Any

from hub.store.database import Store
from tests.trading import NOON, World, example_world

RULE = "cross_region_sale"


async def cases(world: World) -> list[dict[str, Any]]:
    return await world.rows("SELECT * FROM conflict_case ORDER BY number")


async def sale(world: World, code: str = "O1", **changes: Any) -> None:
    said: dict[str, Any] = {"seller": "GD-B", "to": "CN-SH", "lines": [("P1", "40", "2800")], "invoice": "INV"} | changes
    await world.order(code, **said)


async def home_sales(world: World) -> None:
    """Sales of the holder and of the seller at home, so that a delivery can be weighed."""
    await world.order("H1", "SH-A", "CN-SH", [("P1", "100", "9000")])
    await world.order("H2", "GD-B", "CN-GD", [("P1", "10", "1000")])


async def test_a_strong_finding_opens_a_case(store: Store) -> None:
    world = await example_world(store)
    await home_sales(world)
    await sale(world)
    done = await world.detect()
    (case,) = await cases(world)
    (finding,) = (await world.findings(RULE)).values()
    assert done.cases_opened == 1
    assert (case["number"], case["state"], case["group_key"]) == (1, "detected", f"{RULE}|GD-B|SH-A|X|2026-03")
    assert (case["score"], case["band"]) == (finding["score"], "high")
    assert finding["case_id"] == case["id"]
    (step,) = await world.rows("SELECT * FROM case_step")
    assert (step["actor_id"], step["from_state"], step["to_state"]) == (None, None, "detected")


async def test_the_account_owner_is_given_the_case(store: Store) -> None:
    world = await example_world(store)
    await world.run("INSERT INTO hub_user (email, name, roles) VALUES ('m@example.com', 'M', '{channel_manager}')")
    await world.partner("GD-B", "CN-GD", manager="M@example.com")
    await home_sales(world)
    await sale(world)
    await world.detect()
    (case,) = await cases(world)
    (user,) = await world.rows("SELECT id FROM hub_user WHERE email = 'm@example.com'")
    assert case["assignee_id"] == user["id"]


async def test_a_policy_may_ask_for_a_higher_score(store: Store) -> None:
    world = await example_world(store)
    await world.policy(alerts={"case_min_score": 90})
    await home_sales(world)
    await sale(world)
    await world.detect()
    assert await cases(world) == []


async def test_findings_of_the_group_join_and_raise_the_band(store: Store) -> None:
    world = await example_world(store)
    await home_sales(world)
    await world.order("H3", "GD-B", "CN-GD", [("P1", "300", "30000")])
    await sale(world, lines=[("P1", "20", "600")])
    await world.detect()
    (before,) = await cases(world)
    assert before["band"] == "medium"
    await sale(world, "O2", day="2026-03-05")
    await sale(world, "O3", day="2026-03-06", initiated="passive")
    await world.detect()
    (after,) = await cases(world)
    found = await world.findings(RULE)
    assert found["demo", "O2", "1", "SH-A"]["case_id"] == after["id"]
    assert found["demo", "O3", "1", "SH-A"]["case_id"] is None
    assert (after["band"], after["version"]) == ("high", 2)
    assert after["score"] == max(row["score"] for row in found.values())


async def test_another_month_is_another_case(store: Store) -> None:
    world = await example_world(store)
    await home_sales(world)
    await sale(world)
    await sale(world, "O2", day="2026-02-20")
    await world.detect()
    assert [case["month"] for case in await cases(world)] == [date(2026, 3, 1), date(2026, 2, 1)]


async def test_a_case_nobody_took_up_ends_when_its_data_goes(store: Store) -> None:
    world = await example_world(store)
    await home_sales(world)
    await sale(world)
    await world.detect()
    await sale(world, to="CN-GD")
    await world.detect()
    (case,) = await cases(world)
    assert (case["state"], case["outcome"], case["evidence_changed"]) == ("closed", "expired", True)
    assert case["closed_at"] == NOON
    last = (await world.rows("SELECT * FROM case_step ORDER BY id"))[-1]
    assert (last["from_state"], last["to_state"]) == ("detected", "closed")


async def test_a_case_under_way_is_only_flagged(store: Store) -> None:
    world = await example_world(store)
    await home_sales(world)
    await sale(world)
    await world.detect()
    await world.run("UPDATE conflict_case SET state = 'investigating'")
    await sale(world, to="CN-GD")
    await world.detect()
    (case,) = await cases(world)
    assert (case["state"], case["outcome"], case["evidence_changed"]) == ("investigating", None, True)


async def test_a_finding_that_returns_opens_a_new_case_linked_to_the_closed_one(store: Store) -> None:
    world = await example_world(store)
    await home_sales(world)
    await sale(world)
    await world.detect()
    await sale(world, to="CN-GD")
    await world.detect()
    await sale(world)
    await world.detect()
    first, second = await cases(world)
    (finding,) = (await world.findings(RULE)).values()
    assert (second["state"], second["previous_case_id"], finding["case_id"]) == ("detected", first["id"], second["id"])


async def test_a_finding_that_moves_to_another_month_leaves_its_case(store: Store) -> None:
    world = await example_world(store)
    await home_sales(world)
    await sale(world)
    await world.detect()
    await sale(world, day="2026-02-20")
    await world.detect()
    march, february = await cases(world)
    (finding,) = (await world.findings(RULE)).values()
    assert (march["state"], february["state"], finding["case_id"]) == ("closed", "detected", february["id"])


async def test_case_events_are_told(store: Store) -> None:
    world = await example_world(store)
    await home_sales(world)
    # At a price of its own level, so that no other rule has a say.
    await sale(world, lines=[("P1", "40", "3600")])
    await world.detect()
    await sale(world, to="CN-GD", lines=[("P1", "40", "3600")])
    await world.detect()
    events = await world.rows("SELECT topic, kind FROM event ORDER BY number")
    assert [(event["topic"], event["kind"]) for event in events] == [
        ("conflict", "raised"),
        ("case", "opened"),
        ("conflict", "resolved"),
        ("case", "closed"),
        ("case", "evidence_changed"),
    ]


async def test_the_score_of_a_case_is_exact(store: Store) -> None:
    world = await example_world(store)
    await home_sales(world)
    await sale(world)
    await world.detect()
    (case,) = await cases(world)
    assert case["score"] == Decimal("78.0")
