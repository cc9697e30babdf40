from datetime import date
from decimal import Decimal

import pytest

from hub.store.database import Store
from tests.trading import World, example_world

RULE = "inventory_imbalance"
JANUARY = ("GD-B", "P1", "2026-01", "balance")


async def short_month(store: Store) -> World:
    """GD-B's January: 35 pieces less than the equation gives."""
    world = await example_world(store)
    await world.month("GD-B", "2026-01", opening="30", sell_in="20", sell_out="10", closing="5")
    return world


async def test_goods_are_missing(store: Store) -> None:
    world = await short_month(store)
    await world.detect()
    ((key, finding),) = (await world.findings(RULE)).items()
    assert (key, finding["classification"], finding["is_full"]) == (JANUARY, "missing", True)
    assert (finding["accused"], finding["victim"], finding["event_day"]) == ("GD-B", "-", date(2026, 1, 1))
    said = finding["evidence"]
    assert (said["expected"], said["missing"], said["tolerance"]) == ("40", "35", "12")
    assert finding["value_at_risk"] == 35 * 80
    assert (finding["score"], finding["band"], finding["capped_by"]) == (Decimal("51.0"), "medium", None)


async def test_a_month_that_balances(store: Store) -> None:
    world = await example_world(store)
    await world.month("SH-A", "2026-03", opening="95", sell_in="400", sell_out="50", closing="445")
    await world.detect()
    assert await world.findings(RULE) == {}


async def test_more_is_there_than_should_be(store: Store) -> None:
    world = await example_world(store)
    await world.month("SH-A", "2026-03", closing="40")
    await world.detect()
    finding = (await world.findings(RULE))["SH-A", "P1", "2026-03", "balance"]
    assert (finding["classification"], finding["evidence"]["missing"], finding["depth"]) == ("surplus", "-40", 1)


async def test_every_movement_counts(store: Store) -> None:
    world = await example_world(store)
    await world.month(
        "SH-A", "2026-03", opening="100", sell_in="50", sell_out="60", returns="20", returns_out="5", transfers_in="30",
        transfers_out="15", adjustments="-10", closing="110",
    )  # fmt: skip
    await world.detect()
    assert await world.findings(RULE) == {}


@pytest.mark.parametrize(("closing", "found"), [("18", 0), ("17", 1), ("42", 0), ("43", 1)])
async def test_up_to_the_largest_pack_is_tolerated(store: Store, closing: str, found: int) -> None:
    world = await example_world(store)
    await world.month("SH-A", "2026-03", opening="30", closing=closing)
    await world.detect()
    assert len(await world.findings(RULE)) == found


@pytest.mark.parametrize(("closing", "found"), [("980", 0), ("979", 1)])
async def test_a_share_of_what_there_was_is_tolerated(store: Store, closing: str, found: int) -> None:
    world = await example_world(store)
    await world.month("SH-A", "2026-03", opening="600", sell_in="400", closing=closing)
    await world.detect()
    assert len(await world.findings(RULE)) == found


async def test_a_larger_pack_tolerates_more(store: Store) -> None:
    world = await short_month(store)
    await world.detect()
    await world.product("P1-36", base="P1", pack="36")
    await world.detect()
    assert await world.findings(RULE) == {}
    await world.delete("product", "P1-36")
    await world.detect()
    assert JANUARY in await world.findings(RULE)


async def test_packs_and_sources_are_pooled(store: Store) -> None:
    world = await short_month(store)
    await world.month("GD-B", "2026-01", product="P1-12", closing="2", source="other")
    await world.month("GD-B", "2026-01", product="P1-12", closing="1")
    await world.detect()
    assert await world.findings(RULE) == {}
    await world.product("P1-12", base="P1", pack="6")
    await world.detect()
    finding = (await world.findings(RULE))[JANUARY]
    assert (finding["evidence"]["closing"], finding["evidence"]["missing"]) == ("23", "17")
    await world.delete("inventory_month", "GD-B|P1-12|2026-01")
    await world.detect()
    assert (await world.findings(RULE))[JANUARY]["evidence"]["missing"] == "23"


async def test_a_month_opens_where_the_one_before_closed(store: Store) -> None:
    world = await example_world(store)
    await world.month("SH-A", "2026-02", opening="100", closing="100")
    await world.month("SH-A", "2026-03", opening="87", closing="87")
    await world.detect()
    ((key, finding),) = (await world.findings(RULE)).items()
    assert key == ("SH-A", "P1", "2026-03", "continuity")
    assert (finding["classification"], finding["is_full"], finding["evidence"]["missing"]) == ("continuity", False, "-13")
    assert finding["evidence"]["closed_before"] == "100"
    assert finding["score"] <= 45
    await world.month("SH-A", "2026-02", opening="99", closing="99")
    await world.detect()
    assert await world.findings(RULE) == {}


async def test_a_gap_of_months_is_not_compared(store: Store) -> None:
    world = await example_world(store)
    await world.month("SH-A", "2026-01", opening="100", closing="100")
    await world.month("SH-A", "2026-03", opening="50", closing="50")
    await world.detect()
    assert await world.findings(RULE) == {}


async def test_thresholds_follow_the_partners_seat(store: Store) -> None:
    world = await short_month(store)
    await world.policy(override=[{"rule": RULE, "region": "CN-GD", "pct": 0.8}])
    await world.detect()
    assert await world.findings(RULE) == {}
    await world.partner("GD-B", "CN-SH")
    await world.detect()
    assert JANUARY in await world.findings(RULE)


async def test_the_price_at_the_partners_seat_values_it(store: Store) -> None:
    world = await short_month(store)
    await world.detect()
    await world.price("W2", "wholesale", "90", region="CN-GD", min_units="30")
    await world.detect()
    assert (await world.findings(RULE))[JANUARY]["value_at_risk"] == 35 * 90
    await world.price("W2", "wholesale", "90", region="CN-GD", min_units="36")
    await world.detect()
    assert (await world.findings(RULE))[JANUARY]["value_at_risk"] == 35 * 80


async def test_sales_out_of_territory_in_the_month_are_linked(store: Store) -> None:
    world = await short_month(store)
    await world.detect()
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")], day="2026-01-20")
    await world.detect()
    (sale,) = (await world.findings("cross_region_sale")).values()
    assert (await world.findings(RULE))[JANUARY]["evidence"]["linked"] == [sale["finding_key"]]
    await world.order("O1", "JS-C", "CN-SH", [("P1", "40", "2800")], day="2026-01-20")
    await world.detect()
    assert (await world.findings(RULE))[JANUARY]["evidence"]["linked"] == []


async def test_a_corrected_month_closes_the_finding(store: Store) -> None:
    world = await short_month(store)
    await world.detect()
    await world.month("GD-B", "2026-01", opening="30", sell_in="20", sell_out="10", closing="40")
    await world.detect()
    assert await world.findings(RULE) == {}
    assert JANUARY in await world.findings(RULE, "resolved_by_data")
