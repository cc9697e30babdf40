"""What a person decides stays decided through later runs, until a finding has grown by ten points."""

from decimal import Decimal
from typing import Any

from hub.cases.case import Actor, Desk
from hub.cases.moves import advance, dismiss
from hub.conflicts.policy import read_policies
from hub.store.database import Store
from tests.trading import NOON, World, example_world

RULE = "cross_region_sale"


async def traded(store: Store) -> World:
    """A world with one strong finding of the rule alone: at a price of its own level, so that no other rule has a say."""
    world = await example_world(store)
    await world.order("H1", "SH-A", "CN-SH", [("P1", "100", "9000")])
    await world.order("H2", "GD-B", "CN-GD", [("P1", "2000", "180000")])
    await sale(world, "O1", "20")
    await world.detect()
    return world


async def sale(world: World, code: str, units: str, day: str = "2026-03-01") -> None:
    await world.order(code, "GD-B", "CN-SH", [("P1", units, str(90 * int(units)))], day=day, invoice="INV")


async def dismissed(world: World, reason: str = "border") -> None:
    (case,) = await world.rows("SELECT id FROM conflict_case WHERE state <> 'closed' AND rule = $1", RULE)
    async with world.store.transaction() as connection:
        desk = Desk(connection, Actor(user_id=1, role="admin"), NOON, await read_policies(connection, NOON))
        await dismiss(desk, case["id"], reason, None)


async def finding(world: World, state: str) -> dict[str, Any]:
    (found,) = (await world.findings(RULE, state)).values()
    return found


async def test_a_dismissed_finding_stays_dismissed_while_it_is_much_the_same(store: Store) -> None:
    world = await traded(store)
    await dismissed(world)
    before = await finding(world, "dismissed")
    assert before["dismissed_score"] == before["uncapped_score"]
    await sale(world, "O1", "21")
    await world.detect()
    assert (await finding(world, "dismissed"))["evidence"]["net_units"] == "21"
    assert [case["state"] for case in await world.rows("SELECT state FROM conflict_case")] == ["closed"]


async def test_a_dismissed_finding_that_grows_by_ten_points_opens_a_new_case_after_the_old_one(store: Store) -> None:
    world = await traded(store)
    await dismissed(world)
    before = await finding(world, "dismissed")
    await sale(world, "O1", "400")
    await world.detect()
    after = await finding(world, "open")
    assert after["uncapped_score"] - before["uncapped_score"] >= Decimal(10)
    old, new = await world.rows("SELECT * FROM conflict_case ORDER BY number")
    assert (old["state"], new["state"], new["previous_case_id"]) == ("closed", "detected", old["id"])
    assert after["case_id"] == new["id"]


async def test_what_was_dismissed_no_longer_counts_for_its_peers(store: Store) -> None:
    world = await traded(store)
    await sale(world, "O2", "20", day="2026-02-20")
    await world.detect()
    (peer,) = [one for one in (await world.findings(RULE)).values() if str(one["event_day"]) == "2026-03-01"]
    assert peer["days"] == 2
    (case,) = await world.rows("SELECT id FROM conflict_case WHERE month = '2026-02-01'")
    async with store.transaction() as connection:
        desk = Desk(connection, Actor(user_id=1, role="admin"), NOON, await read_policies(connection, NOON))
        await dismiss(desk, case["id"], "border", None)
    await world.detect()
    (peer,) = (await world.findings(RULE)).values()
    assert peer["days"] == 1
    incremental = await world.rows("SELECT finding_key, score, days FROM conflict ORDER BY 1")
    await world.detect(full=True)
    assert await world.rows("SELECT finding_key, score, days FROM conflict ORDER BY 1") == incremental


async def test_a_withdrawn_case_leaves_its_finding_to_be_opened_by_hand(store: Store) -> None:
    world = await traded(store)
    (case,) = await world.rows("SELECT id FROM conflict_case")
    async with store.transaction() as connection:
        desk = Desk(connection, Actor(user_id=1, role="admin"), NOON, await read_policies(connection, NOON))
        await advance(desk, case["id"], "closed", "They took it back.", outcome="withdrawn")
    await world.detect()
    assert (await finding(world, "open"))["case_id"] == case["id"]
