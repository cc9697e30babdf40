from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub.store.database import Store
from tests.trading import NOON, World, example_world

RULE = "cross_region_sale"


async def fair_world(store: Store) -> World:
    """The example world with prices so low that no other rule has a say."""
    world = await example_world(store)
    await world.price("PP3", "wholesale", "60")
    return world


async def sale(world: World, **changes: Any) -> None:
    said: dict[str, Any] = {"seller": "GD-B", "to": "CN-SH", "lines": [("P1", "40", "2800")]} | changes
    await world.order("O1", **said)


async def finding(world: World) -> dict[str, Any]:
    (row,) = await world.rows("SELECT * FROM conflict WHERE rule = $1", RULE)
    return row


async def test_a_second_look_at_the_same_changes_nothing(store: Store) -> None:
    world = await fair_world(store)
    await sale(world)
    await world.detect()
    before = await finding(world)
    done = await world.detect(NOON + timedelta(hours=1), full=True)
    after = await finding(world)
    assert (done.raised, done.changed, done.resolved, done.reopened) == (0, 0, 0, 0)
    assert (after["revision"], after["changed_at"]) == (1, NOON)
    assert after == before


async def test_a_change_is_a_revision_and_what_stood_before_is_kept(store: Store) -> None:
    world = await fair_world(store)
    await sale(world)
    await world.detect()
    before = await finding(world)
    await sale(world, lines=[("P1", "41", "2870")])
    done = await world.detect()
    after = await finding(world)
    (kept,) = await world.rows("SELECT * FROM conflict_history")
    assert (done.changed, after["revision"], after["state"]) == (1, 2, "open")
    assert (kept["conflict_id"], kept["revision"], kept["evidence"]) == (before["id"], 1, before["evidence"])
    assert kept["score"] == before["score"]


async def test_a_finding_knows_the_orders_it_rests_on(store: Store) -> None:
    world = await fair_world(store)
    for number in ("O1", "O2"):
        await world.order(number, seller="GD-B", to="CN-SH", invoice="INV1", lines=[("P1", "40", "2800")])
        await world.detect()
    rows = await world.rows(
        "SELECT c.rule, array_agg(o.key ORDER BY o.key) AS orders FROM conflict AS c JOIN sales_order AS o "
        "ON o.id = ANY(c.order_ids) GROUP BY c.id ORDER BY c.rule, orders"
    )
    assert [tuple(row.values()) for row in rows] == [
        (RULE, ["O1"]), (RULE, ["O2"]), ("duplicate_sale", ["O1", "O2"])
    ]  # fmt: skip


async def test_a_finding_that_comes_to_rest_on_another_order_names_that_one_alone(store: Store) -> None:
    world = await fair_world(store)
    await sale(world)
    await world.detect()
    async with store.connection() as connection:
        await connection.execute("UPDATE conflict SET order_ids = '{1}', told = 0")
    await world.detect(full=True)
    (order,) = await world.rows("SELECT id FROM sales_order")
    assert (await finding(world))["order_ids"] == [order["id"]]


async def test_gone_is_resolved_and_back_is_open_under_the_same_key(store: Store) -> None:
    world = await fair_world(store)
    await sale(world)
    await world.detect()
    raised = await finding(world)
    await world.delete("sales_order", "O1")
    assert (await world.detect()).resolved == 1
    gone = await finding(world)
    assert (gone["state"], gone["resolved_at"]) == ("resolved_by_data", NOON)
    await sale(world)
    assert (await world.detect()).reopened == 1
    back = await finding(world)
    assert (back["id"], back["state"], back["resolved_at"], back["revision"]) == (raised["id"], "open", None, 3)


async def test_events_tell_the_score_before(store: Store) -> None:
    world = await fair_world(store)
    await sale(world)
    await world.detect()
    before = await finding(world)
    await sale(world, invoice="INV1")
    await world.detect()
    events = await world.rows("SELECT kind, body FROM event WHERE topic = 'conflict' ORDER BY number")
    assert [(event["kind"], event["body"]) for event in events] == [
        ("raised", {}),
        ("changed", {"score_before": float(before["score"])}),
    ]


async def test_a_dismissed_finding_stays_dismissed(store: Store) -> None:
    world = await fair_world(store)
    await sale(world)
    await world.detect()
    await world.run("UPDATE conflict SET state = 'dismissed'")
    await sale(world, lines=[("P1", "41", "2870")])
    await world.detect()
    assert (await finding(world))["state"] == "dismissed"
    await world.delete("sales_order", "O1")
    await world.detect()
    gone = await finding(world)
    assert (gone["state"], gone["evidence_changed"]) == ("dismissed", True)


async def test_a_dismissed_finding_opens_again_in_a_full_class(store: Store) -> None:
    world = await fair_world(store)
    await sale(world, initiated="passive")
    await world.detect()
    await world.run("UPDATE conflict SET state = 'dismissed'")
    await sale(world, initiated="active")
    assert (await world.detect()).reopened == 1
    assert (await finding(world))["state"] == "open"


@pytest.mark.parametrize(("growth", "state"), [("0", "dismissed"), ("15", "open")])
async def test_a_dismissed_finding_opens_again_when_it_has_grown(store: Store, growth: str, state: str) -> None:
    world = await fair_world(store)
    await sale(world, lines=[("P1", "40", "10")])
    await world.order("H1", "GD-B", "CN-GD", [("P1", "10", "1000")])
    await world.detect()
    await world.run("UPDATE conflict SET state = 'dismissed'")
    # Impact weighs 30 points: half of what is sold puts it at its top.
    await sale(world, lines=[("P1", "40", "2800" if Decimal(growth) else "11")])
    await world.detect()
    assert (await finding(world))["state"] == state


async def test_a_dismissed_finding_that_is_gone_does_not_open_again_when_its_peers_grow(store: Store) -> None:
    world = await fair_world(store)
    await sale(world)
    await world.detect()
    await world.run("UPDATE conflict SET state = 'dismissed'")
    await world.delete("sales_order", "O1")
    await world.detect()
    for number, day in enumerate(("2026-02-25", "2026-02-26", "2026-02-27", "2026-02-28")):
        await world.order(f"N{number}", "GD-B", "CN-JS", [("P1", "40", "2800")], day=day)
    done = await world.detect()
    gone = "SELECT state, evidence_changed FROM conflict WHERE parts[2] = 'O1'"
    assert done.reopened == 0
    assert await world.rows(gone) == [{"state": "dismissed", "evidence_changed": True}]
    done = await world.detect(full=True)
    assert (done.raised, done.changed, done.resolved, done.reopened) == (0, 0, 0, 0)
    await sale(world)
    assert (await world.detect()).reopened == 1
    assert await world.rows(gone) == [{"state": "open", "evidence_changed": False}]


async def test_a_confirmed_finding_stays_confirmed_and_is_marked(store: Store) -> None:
    world = await fair_world(store)
    await sale(world)
    await world.detect()
    await world.run("UPDATE conflict SET state = 'confirmed'")
    await world.delete("sales_order", "O1")
    await world.detect()
    gone = await finding(world)
    assert (gone["state"], gone["evidence_changed"], gone["revision"]) == ("confirmed", True, 2)


async def test_recurrence_and_spread_count_the_peers_of_ninety_days(store: Store) -> None:
    world = await fair_world(store)
    for number, (day, to) in enumerate([("2025-11-30", "CN-SH"), ("2026-01-10", "CN-JS"), ("2026-03-01", "CN-SH")]):
        await world.grant("G1", "SH-A", "CN-SH", start="2025-01-01")
        await world.grant("G2", "GD-B", "CN-GD", start="2025-01-01")
        await world.order(f"O{number}", "GD-B", to, [("P1", "40", "2800")], day=day)
    await world.detect()
    terms = {parts[1]: row["terms"] for parts, row in (await world.findings(RULE)).items()}
    assert [(terms[code][3]["value"], terms[code][4]["value"]) for code in ("O0", "O1", "O2")] == [
        (0.2, 0.3333),
        (0.4, 0.6667),
        (0.4, 0.6667),
    ]
    await world.delete("sales_order", "O1")
    await world.detect()
    last = (await world.findings(RULE))["demo", "O2", "1", "SH-A"]
    assert (last["terms"][3]["value"], last["terms"][4]["value"]) == (0.2, 0.3333)


async def test_a_value_stands_in_the_base_currency_though_its_number_is_the_same(store: Store) -> None:
    world = await fair_world(store)
    for code in ("CL1", "CL2"):
        await world.claim(code, "SH-A", invoice="INV1")
    await world.detect()
    await world.fx("2026-01-01", "CNY", "1")
    await world.run("UPDATE policy_version SET base_currency = 'USD'")
    await world.detect()
    (one,) = await world.rows("SELECT value_at_risk, value_currency FROM conflict WHERE rule = 'duplicate_claim'")
    assert (one["value_at_risk"], one["value_currency"]) == (Decimal(500), "USD")


async def test_the_watermark_tells_how_far_each_source_was_read(store: Store) -> None:
    world = await fair_world(store)
    await world.run(
        "INSERT INTO stream (source_id, name, model, watermark) VALUES ($1, 'orders', 'order', '2026-03-30T00:00Z')",
        await world.source(),
    )
    await sale(world)
    await world.detect()
    row = await finding(world)
    assert row["watermark"] == {"demo": {"orders": "2026-03-30T00:00:00.000000Z"}}
    assert row["watermark_at"] == NOON
