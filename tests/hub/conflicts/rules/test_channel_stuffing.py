from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from hub.store.database import Store
from tests.trading import World, example_world

RULE = "channel_stuffing"
MARCH = ("SH-A", "P1", "2026-03", "load")
LATE = ("SH-A", "P1", "2026-03", "quarter_end")


async def loaded(store: Store, march: str = "400") -> World:
    """SH-A sells about fifty a month; in March it takes in eight times that."""
    world = await example_world(store)
    await world.month("SH-A", "2026-01", sell_in="50", sell_out="50", closing="100", opening="100")
    await world.month("SH-A", "2026-02", sell_in="50", sell_out="55", closing="95", opening="100")
    await world.month("SH-A", "2026-03", sell_in=march, sell_out="50", closing="445", opening="95")
    return world


async def test_far_more_in_than_out(store: Store) -> None:
    world = await loaded(store)
    await world.detect()
    ((key, finding),) = (await world.findings(RULE)).items()
    assert (key, finding["classification"], finding["is_full"], finding["mode"]) == (MARCH, "load", True, "case")
    assert (finding["accused"], finding["victim"], finding["region"]) == ("-", "SH-A", "-")
    assert finding["event_day"] == date(2026, 3, 1)
    said = finding["evidence"]
    assert (said["ratio"], said["base_out"], said["months_of_stock"], said["months_before"]) == ("8", "52.5", "8.48", 2)
    assert [one["month"] for one in said["months"]] == ["2026-01", "2026-02", "2026-03"]
    assert said["returned_after"] is None
    assert finding["depth"] == Decimal("1.825397")


async def test_what_goes_back_the_month_after_is_shown(store: Store) -> None:
    world = await loaded(store)
    await world.detect()
    await world.month("SH-A", "2026-04", opening="445", sell_out="60", returns_out="200", closing="185")
    await world.detect()
    assert (await world.findings(RULE))[MARCH]["evidence"]["returned_after"] == "200"


async def test_packs_and_sources_are_pooled(store: Store) -> None:
    world = await loaded(store, "40")
    await world.detect()
    assert await world.findings(RULE) == {}
    await world.month("SH-A", "2026-03", product="P1-12", sell_in="20", source="other")
    await world.month("SH-A", "2026-03", product="P1-12", sell_in="10")
    await world.detect()
    assert (await world.findings(RULE))[MARCH]["evidence"]["sell_in"] == "400"
    await world.product("P1-12", base="P1", pack="2")
    await world.detect()
    assert await world.findings(RULE) == {}


async def test_months_need_not_be_adjacent_but_within_a_year(store: Store) -> None:
    world = await example_world(store)
    await world.policy(start="2024-01-01")
    await world.month("SH-A", "2025-02", sell_out="50")
    await world.month("SH-A", "2025-06", sell_out="55")
    await world.month("SH-A", "2026-03", sell_in="400", sell_out="50", closing="445")
    await world.detect()
    assert await world.findings(RULE) == {}
    await world.delete("inventory_month", "SH-A|P1|2025-02")
    await world.month("SH-A", "2025-03", sell_out="50")
    await world.detect()
    assert (await world.findings(RULE))[MARCH]["evidence"]["base_out"] == "52.5"


async def test_only_the_latest_months_count(store: Store) -> None:
    world = await example_world(store)
    for month, sold in enumerate(("1000", "60", "60", "60", "60", "60", "60"), start=1):
        await world.month("SH-A", f"2026-0{month}", sell_out=sold, sell_in=sold, opening="100", closing="100")
    await world.month("SH-A", "2026-08", sell_in="400", sell_out="60", closing="440")
    await world.detect()
    assert (await world.findings(RULE))["SH-A", "P1", "2026-08", "load"]["evidence"]["base_out"] == "60"


async def test_without_sales_the_months_before_are_the_measure(store: Store) -> None:
    world = await loaded(store)
    await world.month("SH-A", "2026-03", sell_in="105", sell_out="0", closing="200")
    await world.detect()
    assert await world.findings(RULE) == {}
    await world.month("SH-A", "2026-03", sell_in="106", sell_out="0", closing="200")
    await world.detect()
    assert (await world.findings(RULE))[MARCH]["evidence"]["ratio"] == "2.02"


@pytest.mark.parametrize(("start", "classification"), [("2026-03-31", "load"), ("2026-04-01", "promo_preload"),
                                                       ("2026-05-01", "promo_preload"), ("2026-05-02", "load")])  # fmt: skip
async def test_a_promotion_soon_explains_it(store: Store, start: str, classification: str) -> None:
    world = await loaded(store)
    await world.detect()
    await world.promotion("PR1", start, "2026-06-01", product="P1", region="CN-SH", channel="tmall")
    await world.detect()
    assert (await world.findings(RULE))[MARCH]["classification"] == classification


async def test_a_promotion_for_others_does_not(store: Store) -> None:
    world = await loaded(store)
    await world.promotion("PR1", "2026-04-10", "2026-05-01", product="P1", region="CN-GD")
    await world.promotion("PR2", "2026-04-10", "2026-05-01", product="P1", partner="GD-B")
    await world.promotion("PR3", "2026-04-10", "2026-05-01", group="Y")
    await world.detect()
    assert (await world.findings(RULE))[MARCH]["classification"] == "load"
    await world.partner("SH-A", "CN-GD")
    await world.detect()
    finding = (await world.findings(RULE))[MARCH]
    assert (finding["classification"], finding["evidence"]["promotion"]) == ("promo_preload", "PR1")


async def test_a_price_that_rises_explains_it(store: Store) -> None:
    world = await loaded(store)
    await world.detect()
    await world.price("PP4", "wholesale", "84", region="CN-SH", start="2026-05-01")
    await world.detect()
    finding = (await world.findings(RULE))[MARCH]
    assert (finding["classification"], finding["is_full"], finding["capped_by"]) == (
        "price_buy_ahead",
        False,
        "price_buy_ahead",
    )
    said = finding["evidence"]
    assert (said["price_kind"], said["price_before"], said["price_after"]) == ("wholesale", "80", "84")
    await world.price("PP4", "wholesale", "79", region="CN-SH", start="2026-05-01")
    await world.detect()
    assert (await world.findings(RULE))[MARCH]["classification"] == "load"
    await world.price("PP4", "wholesale", "84", region="CN-SH", start="2026-05-02")
    await world.detect()
    assert (await world.findings(RULE))[MARCH]["classification"] == "load"


async def test_a_price_of_one_channel_or_for_larger_orders_does_not(store: Store) -> None:
    world = await loaded(store)
    await world.price("PP4", "wholesale", "84", start="2026-05-01", channel="tmall")
    await world.price("PP5", "wholesale", "84", start="2026-05-01", min_units="401")
    await world.detect()
    assert (await world.findings(RULE))[MARCH]["classification"] == "load"
    await world.price("PP5", "wholesale", "84", start="2026-05-01", min_units="400")
    await world.detect()
    assert (await world.findings(RULE))[MARCH]["classification"] == "price_buy_ahead"


async def test_a_price_rises_in_the_base_currency(store: Store) -> None:
    world = await loaded(store)
    await world.fx("2026-01-01", "USD", "7")
    await world.price("PP4", "factory", "9", region="CN", start="2026-03-15", currency="USD")
    await world.detect()
    assert (await world.findings(RULE))[MARCH]["classification"] == "price_buy_ahead"
    await world.fx("2026-03-01", "USD", "6")
    await world.detect()
    assert (await world.findings(RULE))[MARCH]["classification"] == "load"


@pytest.mark.parametrize(("launched", "classification"), [("2025-12-30", "load"), ("2025-12-31", "launch"),
                                                          ("2026-03-31", "launch"), ("2026-04-01", "load")])  # fmt: skip
async def test_a_launch_explains_it(store: Store, launched: str, classification: str) -> None:
    world = await loaded(store)
    await world.detect()
    await world.product("P1", launched=launched)
    await world.detect()
    assert (await world.findings(RULE))[MARCH]["classification"] == classification


async def test_a_promotion_is_looked_for_first(store: Store) -> None:
    world = await loaded(store)
    await world.product("P1", launched="2026-02-01")
    await world.price("PP4", "wholesale", "84", start="2026-04-01")
    await world.promotion("PR1", "2026-04-10", "2026-05-01")
    await world.detect()
    assert (await world.findings(RULE))[MARCH]["classification"] == "promo_preload"
    await world.delete("promotion", "PR1")
    await world.detect()
    assert (await world.findings(RULE))[MARCH]["classification"] == "price_buy_ahead"
    await world.delete("price_policy", "PP4")
    await world.detect()
    assert (await world.findings(RULE))[MARCH]["classification"] == "launch"


async def test_thresholds_follow_the_partners_seat(store: Store) -> None:
    world = await loaded(store)
    await world.policy(override=[{"rule": RULE, "region": "CN-SH", "ratio": 9}])
    await world.detect()
    assert await world.findings(RULE) == {}
    await world.partner("SH-A", None)
    await world.detect()
    assert MARCH in await world.findings(RULE)


async def test_a_corrected_month_closes_the_finding_of_a_later_one(store: Store) -> None:
    world = await loaded(store)
    await world.detect()
    await world.month("SH-A", "2026-01", sell_in="50", sell_out="400", closing="100", opening="450")
    await world.detect()
    assert await world.findings(RULE) == {}
    assert MARCH in await world.findings(RULE, "resolved_by_data")


async def bought(world: World, early: str, *late: tuple[str, str]) -> None:
    """Ninety at the start of each of five quarters and ten at its end, but for the last, which is as given."""
    for quarter, month in enumerate(("2025-01", "2025-04", "2025-07", "2025-10")):
        end = ("2025-03-31", "2025-06-30", "2025-09-30", "2025-12-31")[quarter]
        await world.order(f"E{quarter}", None, None, [("P1", "90", "1")], day=f"{month}-05", kind="sell_in", buyer="SH-A")
        await world.order(f"L{quarter}", None, None, [("P1", "10", "1")], day=end, kind="sell_in", buyer="SH-A")
    await world.order("E4", None, None, [("P1", early, "1")], day="2026-01-05", kind="sell_in", buyer="SH-A")
    for number, (day, units) in enumerate(late):
        await world.order(f"L4{number}", None, None, [("P1", units, "1")], day=day, kind="sell_in", buyer="SH-A")


async def test_most_of_a_quarter_comes_at_its_end(store: Store) -> None:
    world = await example_world(store)
    await bought(world, "70", ("2026-03-24", "1"), ("2026-03-25", "30"))
    await world.detect()
    finding = (await world.findings(RULE))[LATE]
    assert (finding["classification"], finding["is_full"], finding["capped_by"]) == ("quarter_end", False, None)
    said = finding["evidence"]
    assert (said["late_units"], said["quarter_units"], said["late_share"]) == ("30", "101", "0.29703")
    assert (said["usual_share"], said["quarters_before"], len(said["records"])) == ("0.1", 4, 1)
    assert (finding["strength"], finding["event_day"]) == (Decimal("0.2"), date(2026, 3, 1))
    await world.delete("sales_order", "L0")
    await world.delete("sales_order", "E0")
    await world.detect()
    assert await world.findings(RULE) == {}


async def test_packs_and_returns_in_a_quarter(store: Store) -> None:
    world = await example_world(store)
    await bought(world, "60", ("2026-03-31", "1"))
    await world.detect()
    assert await world.findings(RULE) == {}
    await world.order("LP", None, None, [("P1-12", "3", "1")], day="2026-03-31", kind="sell_in", buyer="SH-A")
    await world.detect()
    assert (await world.findings(RULE))[LATE]["evidence"]["late_units"] == "37"
    await world.order("B", None, None, [("P1-12", "3", "1")], day="2026-04-09", kind="return", returns=("LP", 1))
    await world.detect()
    assert await world.findings(RULE) == {}


async def test_twice_the_usual_share_is_usual_still(store: Store) -> None:
    world = await example_world(store)
    await bought(world, "60", ("2026-03-31", "40"))
    for quarter, day in enumerate(("2025-03-31", "2025-06-30", "2025-09-30", "2025-12-31")):
        await world.order(f"L{quarter}", None, None, [("P1", "22.5", "1")], day=day, kind="sell_in", buyer="SH-A")
    await world.detect()
    assert await world.findings(RULE) == {}
    await world.order("L3", None, None, [("P1", "10", "1")], day="2025-12-31", kind="sell_in", buyer="SH-A")
    await world.order("L2", None, None, [("P1", "10", "1")], day="2025-09-30", kind="sell_in", buyer="SH-A")
    await world.detect(datetime(2026, 4, 2, tzinfo=UTC))
    assert (await world.findings(RULE))[LATE]["evidence"]["usual_share"] == "0.15"
