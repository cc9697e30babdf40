"""Records and policies that no business has: whatever they hold, the other records are judged."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.sheet.policy import ALERTING, THRESHOLDS
from hub.conflicts.policy import read_policies
from hub.store.database import Store
from tests.trading import NOON, World, example_world

SEEN = "2026-03-01T00:00:00Z"


def every_threshold(value: float) -> dict[str, Any]:
    """Return a policy in which every threshold has one value."""
    return {rule: {name: value for name in (*names, *ALERTING) if name != "reference"} for rule, names in THRESHOLDS.items()}


async def trade(world: World, qty: str = "10", day: str = "2026-03-01", at: str = SEEN) -> None:
    """A little of everything."""
    await world.customer("K1", "CN-SH", tax_id="T1", domain="k1.example")
    await world.location("W1", partner="SH-A", region="CN-SH")
    await world.level("W1", qty, at)
    for number, seller in enumerate(("GD-B", "SH-A")):
        lines = [("P1", qty, "1000"), ("P1-12", qty, "0")]
        await world.order(f"O{number}", seller, "CN-SH", lines, day=day, customer="K1", invoice="I1", serials=("S1",))
        await world.order(f"I{number}", None, "CN-SH", [("P1", qty, "10")], day=day, kind="sell_in", buyer=seller)
        await world.offer(f"L{number}", at, "50", "Nobody")
        await world.claim(f"C{number}", "GD-B", qty=qty, day=day, invoice="I1", customer="K1", serial="S1")
        await world.deal(f"D{number}", seller, at, customer="K1", amount=qty)
        await world.serial_event(f"E{number}", "S1", ("ship_out", "consumer_scan")[number], at, "GD-B", "CN-SH")
        await world.reservation(f"R{number}", "W1", qty, reserved=at)
        await world.month(seller, day[:7], opening=qty, sell_in=qty, sell_out="0", closing=qty)


async def judged_at_all(world: World) -> None:
    """Judge what changed, and then everything."""
    assert (await world.detect()).rules
    await world.detect(full=True)


@pytest.mark.parametrize("value", [0, 0.3, 2e9, 1e30])
async def test_no_threshold_is_too_great_or_too_small(store: Store, value: float) -> None:
    world = await example_world(store)
    await trade(world)
    await judged_at_all(world)
    await world.policy(2, start="2026-02-01", thresholds=every_threshold(value))
    await judged_at_all(world)


@pytest.mark.parametrize("qty", ["9" * 31, "0.000001"])
async def test_no_quantity_is_too_great_or_too_small(store: Store, qty: str) -> None:
    world = await example_world(store)
    await trade(world, qty)
    await judged_at_all(world)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_no_day_is_too_early_or_too_late(store: Store, day: str) -> None:
    world = await example_world(store)
    await trade(world, day=day, at=f"{day}T23:59:59Z")
    await judged_at_all(world)


async def test_a_separator_in_a_name_separates_nothing(store: Store) -> None:
    world = await example_world(store)
    await world.product("P|3", group="X|Y")
    await world.grant("G|4", "SH-A", "CN-SH", group="X|Y")
    await world.order("O|1", "GD-B", "CN-SH", [("P|3", "40", "2800")])
    for day in ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"):
        await world.offer("tm|1", day, "50", "GD-B", partner="GD-B")
    await judged_at_all(world)
    assert list(await world.findings("cross_region_sale")) == [("demo", "O|1", "1", "SH-A")]
    assert list(await world.findings("below_policy_offer")) == [("demo", "tm|1", "2026-03")]


async def test_nothing_is_divided_by_what_is_zero(store: Store) -> None:
    world = await example_world(store)
    await world.product("P1-0", base="P1", pack="0")
    await world.offer("L1", SEEN, "0", "GD-B", partner="GD-B", min_qty="0")
    await world.order("O9", "GD-B", "CN-SH", [("P1-0", "1", "5"), ("P1", "0", "0")])
    await trade(world, str(Decimal(0)))
    await judged_at_all(world)


async def test_what_refers_to_itself_comes_to_an_end(store: Store) -> None:
    world = await example_world(store)
    await trade(world)
    for code, other in (("C8", "C9"), ("C9", "C8"), ("C7", "C7")):
        await world.claim(code, "GD-B", replaces=other)
    for code, other in (("D8", "D9"), ("D9", "D8")):
        await world.deal(code, "GD-B", SEEN, tax_id="T1", linked=other)
    await world.order("R1", "GD-B", "CN-SH", [("P1", "1", "1")], kind="return", buyer="GD-B", returns=("R1", 1))
    for table in ("partner", "customer"):
        await world.run(f"UPDATE {table} SET parent_id = id")
    await world.customer("K1", "CN-SH", tax_id="T1")
    await judged_at_all(world)


async def test_what_has_gone_under_standing_findings_stops_nothing(store: Store) -> None:
    world = await example_world(store)
    await trade(world)
    await judged_at_all(world)
    for noun, code in (
        ("partner", "GD-B"), ("partner", "SH-A"), ("product", "P1"), ("region", "CN-SH"), ("customer", "K1"),
        ("location", "W1"),
    ):  # fmt: skip
        await world.delete(noun, code)
    await judged_at_all(world)


async def test_a_policy_holds_on_the_last_day_there_is(store: Store) -> None:
    world = await example_world(store)
    await world.policy(2, start="2026-02-01")
    async with store.connection() as connection:
        policies = await read_policies(connection, NOON)
    assert (policies.at(date.max).number, policies.at(date.min).number) == (2, 1)
