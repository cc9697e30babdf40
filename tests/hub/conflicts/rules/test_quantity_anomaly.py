from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest

from hub.store.database import Store
from tests.trading import World, example_world

RULE = "quantity_anomaly"
JULY = ("SH-A", "P1", "2026-07")
USUAL = ("10", "12", "11", "9", "10", "12")


async def buys(world: World, month: int, units: str, *, code: str = "", sku: str = "P1", deal: str | None = None) -> None:
    await world.order(
        code or f"S{month}", None, None, [(sku, units, "1")], day=f"2026-{month:02}-10", kind="sell_in", buyer="SH-A", deal=deal
    )


async def buyer(store: Store, months: Sequence[str], july: str) -> World:
    """SH-A's purchases from January to June, and those of July."""
    world = await example_world(store)
    for month, units in enumerate(months, start=1):
        if units != "0":
            await buys(world, month, units)
    await buys(world, 7, july)
    await world.detect()
    return world


async def test_far_more_than_it_used_to_buy(store: Store) -> None:
    world = await buyer(store, USUAL, "40")
    ((key, finding),) = (await world.findings(RULE)).items()
    assert (key, finding["classification"], finding["is_full"], finding["mode"]) == (JULY, "anomaly", False, "case")
    assert (finding["accused"], finding["victim"], finding["event_day"]) == ("SH-A", "-", date(2026, 7, 1))
    said = finding["evidence"]
    assert (said["median"], said["mad"], said["z"], said["months_before"]) == ("10.5", "1", "19.897477", 6)
    assert (finding["strength"], finding["depth"]) == (Decimal("0.2"), Decimal("4.684993"))


@pytest.mark.parametrize("units", ["18", "13", "21"])
async def test_at_most_twice_the_median_is_usual(store: Store, units: str) -> None:
    world = await buyer(store, USUAL, units)
    assert await world.findings(RULE) == {}


async def test_without_any_spread_the_factor_decides(store: Store) -> None:
    world = await buyer(store, ["10"] * 6, "25")
    finding = (await world.findings(RULE))[JULY]
    assert (finding["classification"], finding["evidence"]["z"], finding["depth"]) == ("anomaly", None, 1)


async def test_the_mean_distance_stands_in_for_the_median_one(store: Store) -> None:
    world = await buyer(store, ["10", "10", "10", "10", "10", "40"], "45")
    finding = (await world.findings(RULE))[JULY]
    assert (finding["evidence"]["mad"], finding["evidence"]["scale"], finding["evidence"]["z"]) == ("0", "6.2665", "5.585255")
    await buys(world, 6, "90")
    await world.detect()
    assert await world.findings(RULE) == {}


async def test_five_months_are_too_few(store: Store) -> None:
    world = await buyer(store, ["0", *USUAL[1:]], "40")
    assert await world.findings(RULE) == {}


async def test_a_month_without_a_purchase_counts_as_nothing(store: Store) -> None:
    world = await buyer(store, ["20", "0", "0", "20", "0", "20"], "80")
    finding = (await world.findings(RULE))[JULY]
    assert (finding["evidence"]["median"], finding["evidence"]["bought_before"]) == (
        "10", {"2026-01": "20", "2026-04": "20", "2026-06": "20"},
    )  # fmt: skip
    await world.delete("sales_order", "S4")
    await world.detect()
    assert await world.findings(RULE) == {}


async def test_history_starts_with_the_first_purchase_and_ends_after_two_years(store: Store) -> None:
    world = await buyer(store, USUAL, "40")
    await world.order("OLD", None, None, [("P1", "10", "1")], day="2025-01-10", kind="sell_in", buyer="SH-A")
    await world.detect()
    assert await world.findings(RULE) == {}
    await world.policy(thresholds={RULE: {"history": 6}})
    await world.detect()
    assert (await world.findings(RULE))[JULY]["evidence"]["months_before"] == 6


async def test_few_pieces_are_no_matter(store: Store) -> None:
    world = await buyer(store, ["1"] * 6, "11")
    assert await world.findings(RULE) == {}
    await buys(world, 7, "12")
    await world.detect()
    assert JULY in await world.findings(RULE)


async def test_packs_and_orders_are_summed_and_returns_taken_off(store: Store) -> None:
    world = await buyer(store, USUAL, "16")
    await buys(world, 7, "2", code="PACKS", sku="P1-12")
    await world.detect()
    finding = (await world.findings(RULE))[JULY]
    assert (finding["evidence"]["units"], len(finding["evidence"]["records"])) == ("40", 2)
    await world.order("B", None, None, [("P1-12", "2", "1")], day="2026-09-01", kind="return", returns=("PACKS", 1))
    await world.detect()
    assert await world.findings(RULE) == {}


async def test_what_was_agreed_as_a_deal_is_left_out(store: Store) -> None:
    world = await buyer(store, USUAL, "16")
    await world.deal("D1", "SH-A", "2026-06-01T00:00:00Z", status="approved")
    await buys(world, 7, "24", code="DEAL", deal="D1")
    await world.detect()
    assert await world.findings(RULE) == {}
    await world.deal("D1", "SH-A", "2026-06-01T00:00:00Z", status="rejected")
    await world.detect()
    assert (await world.findings(RULE))[JULY]["evidence"]["units"] == "40"
    await world.deal("D1", "SH-A", "2026-06-01T00:00:00Z", status="won", source="other")
    await world.detect()
    assert JULY in await world.findings(RULE)
    await world.deal("D1", "SH-A", "2026-06-01T00:00:00Z", status="won")
    await buys(world, 7, "26")
    await world.detect()
    assert (await world.findings(RULE))[JULY]["evidence"]["deal_lines"] == 1
    await world.delete("deal_registration", "D1")
    await world.detect()
    assert (await world.findings(RULE))[JULY]["evidence"]["units"] == "50"


async def test_a_promotion_soon_explains_it(store: Store) -> None:
    world = await buyer(store, USUAL, "40")
    await world.promotion("PR1", "2026-08-31", "2026-09-10", group="X", region="CN-SH", channel="tmall")
    await world.detect()
    finding = (await world.findings(RULE))[JULY]
    assert (finding["classification"], finding["capped_by"]) == ("promo_preload", "promo_preload")
    await world.promotion("PR1", "2026-09-01", "2026-09-10", group="X", region="CN-SH")
    await world.detect()
    assert (await world.findings(RULE))[JULY]["classification"] == "anomaly"


async def test_thresholds_follow_the_partners_seat(store: Store) -> None:
    world = await buyer(store, USUAL, "40")
    await world.policy(override=[{"rule": RULE, "region": "CN-SH", "min_units": 41}])
    await world.detect()
    assert await world.findings(RULE) == {}
    await world.partner("SH-A", "CN-GD")
    await world.detect()
    assert JULY in await world.findings(RULE)


async def test_a_corrected_past_closes_the_finding(store: Store) -> None:
    world = await buyer(store, USUAL, "40")
    for month in (1, 2, 3, 4):
        await buys(world, month, "20")
    await world.detect()
    assert await world.findings(RULE) == {}
    assert JULY in await world.findings(RULE, "resolved_by_data")
