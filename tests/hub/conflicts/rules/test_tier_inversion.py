from decimal import Decimal
from typing import Any

from hub.store.database import Store
from tests.trading import World, example_world

RULE = "tier_inversion"


async def classes(world: World) -> dict[tuple[str, ...], str]:
    """Judge what changed; the result must be that of judging everything."""
    await world.detect()
    found = await world.findings(RULE)
    await world.detect(full=True)
    assert said(await world.findings(RULE)) == said(found)
    return {parts[1:]: row["classification"] for parts, row in found.items()}


def said(found: dict[tuple[str, ...], dict[str, Any]]) -> dict[tuple[str, ...], tuple[object, ...]]:
    return {parts: (row["classification"], row["evidence"], row["score"], row["mode"]) for parts, row in found.items()}


async def evidence(world: World) -> dict[str, Any]:
    (finding,) = (await world.findings(RULE)).values()
    found: dict[str, Any] = finding["evidence"]
    return found


async def others(world: World, day: str, amounts: tuple[str, ...] = ("100", "100", "101", "99", "100")) -> None:
    for number, amount in enumerate(amounts):
        await world.order(f"N{number}", "SH-A", "CN-SH", [("P1", "1", amount)], day=day)


async def test_the_examples_of_the_rule(store: Store) -> None:
    world = await example_world(store)
    await world.deal("D1", "GD-B", "2026-01-10T00:00:00Z", status="approved", name="Acme")
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")], invoice="INV1")
    await world.order("O10", "GD-B", "CN-GD", [("P1", "1", "75")], day="2026-03-03")
    await world.order("O11", "GD-B", "CN-GD", [("P1", "20", "1400")], day="2026-03-03", deal="D1")
    await world.order("O12", "GD-B", "CN-GD", [("P1-12", "1", "80")], day="2026-03-04")
    assert await classes(world) == {("O1", "1"): "below_level", ("O10", "1"): "minor", ("O12", "1"): "pack_suspect"}
    found = await world.findings(RULE)
    low = found["demo", "O1", "1"]
    assert (low["evidence"]["percent_below"], low["mode"], low["is_full"]) == ("12.5", "observe", True)
    assert (low["accused"], low["victim"], low["region"], low["base_sku"]) == ("GD-B", "-", "CN-SH", "P1")
    assert (low["value_at_risk"], low["depth"], low["strength"]) == (Decimal(400), Decimal("0.625"), Decimal(1))
    assert (low["score"], low["capped_by"]) == (Decimal(45), "observe")
    pack = found["demo", "O12", "1"]
    assert (pack["evidence"]["pack_factor"], pack["evidence"]["usual_price_from"]) == ("12", "policy_price")
    assert (pack["score"], pack["capped_by"], pack["strength"]) == (Decimal(10), "pack_suspect", Decimal("0.7"))


async def test_the_tolerance_is_outside(store: Store) -> None:
    world = await example_world(store)
    await world.order("O1", "GD-B", "CN-GD", [("P1", "20", "1584")])
    assert await classes(world) == {}
    await world.order("O1", "GD-B", "CN-GD", [("P1", "20", "1583.9")])
    assert await classes(world) == {("O1", "1"): "below_level"}


async def test_the_band_of_the_quantity_counts(store: Store) -> None:
    world = await example_world(store)
    await world.order("O1", "GD-B", "CN-GD", [("P1-12", "4", "3360")])
    assert await classes(world) == {("O1", "1"): "below_level"}
    await world.price("PP4", "wholesale", "70", min_units="48")
    assert await classes(world) == {}
    await world.order("O1", "GD-B", "CN-GD", [("P1", "47", "3290")])
    assert await classes(world) == {("O1", "1"): "below_level"}
    assert (await evidence(world))["from_units"] == "0"


async def test_a_deal_is_looked_at_as_it_stands(store: Store) -> None:
    world = await example_world(store)
    await world.order("O1", "GD-B", "CN-GD", [("P1", "40", "2800")], deal="D1")
    assert await classes(world) == {("O1", "1"): "below_level"}
    await world.deal("D1", "GD-B", "2026-01-10T00:00:00Z", status="submitted", name="Acme")
    assert await classes(world) == {("O1", "1"): "below_level"}
    await world.deal("D1", "GD-B", "2026-01-10T00:00:00Z", status="won", name="Acme")
    assert await classes(world) == {}
    await world.deal("D1", "GD-B", "2026-01-10T00:00:00Z", status="lost", name="Acme")
    assert await classes(world) == {("O1", "1"): "below_level"}


async def test_the_price_is_that_before_returns(store: Store) -> None:
    world = await example_world(store)
    await world.order("O1", "GD-B", "CN-GD", [("P1", "40", "2800")])
    await world.order("R1", "GD-B", None, [("P1", "30", "2400")], day="2026-03-20", kind="return", returns=("O1", 1))
    assert await classes(world) == {("O1", "1"): "minor"}
    found = await evidence(world)
    assert (found["unit_net"], found["net_units"], found["returned"]) == ("70", "10", "30")
    await world.order("R1", "GD-B", None, [("P1", "40", "2800")], day="2026-03-20", kind="return", returns=("O1", 1))
    assert await classes(world) == {}
    await world.delete("sales_order", "R1")
    assert await classes(world) == {("O1", "1"): "below_level"}


async def test_a_promotion_allows_down_to_its_floor(store: Store) -> None:
    world = await example_world(store)
    await world.order("O1", "GD-B", "CN-GD", [("P1", "40", "2800")])
    await world.promotion("PR1", "2026-02-20", "2026-03-02", product="P1", floor="75")
    assert await classes(world) == {("O1", "1"): "below_level"}
    await world.promotion("PR1", "2026-02-20", "2026-03-02", product="P1", floor="70")
    assert await classes(world) == {}
    await world.promotion("PR1", "2026-02-20", "2026-03-01", product="P1")
    assert await classes(world) == {("O1", "1"): "below_level"}


async def test_a_near_promotion_caps_whatever_its_floor(store: Store) -> None:
    world = await example_world(store)
    await world.order("O1", "GD-B", "CN-GD", [("P1", "40", "2800")])
    await world.promotion("PR1", "2026-02-20", "2026-03-02", product="P1", region="CN-SH", floor="90")
    await world.promotion("PR2", "2026-02-20", "2026-03-02", group="X", region="CN-SH", partner="SH-A")
    assert await classes(world) == {("O1", "1"): "below_level"}
    (finding,) = (await world.findings(RULE)).values()
    assert finding["evidence"]["near_promotions"] == ["PR1"]
    assert (finding["score"], finding["capped_by"]) == (Decimal(25), "near_promotion")


async def test_three_lines_or_twelve_units(store: Store) -> None:
    world = await example_world(store)
    await world.order("O1", "GD-B", "CN-GD", [("P1", "1", "75"), ("P1", "1", "75")])
    assert await classes(world) == {("O1", "1"): "minor", ("O1", "2"): "minor"}
    await world.order("O2", "GD-B", "CN-SH", [("P1", "1", "70")])
    assert set((await classes(world)).values()) == {"below_level"}
    await world.order("O2", "GD-B", "CN-SH", [("P1", "1", "70")], day="2026-03-02")
    assert set((await classes(world)).values()) == {"minor"}
    await world.order("O2", "GD-B", "CN-SH", [("P1", "10", "700")])
    assert set((await classes(world)).values()) == {"below_level"}


async def test_suspected_packs_count_towards_the_lines(store: Store) -> None:
    world = await example_world(store)
    await world.order("O1", "GD-B", "CN-GD", [("P1", "1", "75"), ("P1", "1", "75"), ("P1", "1", "20")])
    assert await classes(world) == {("O1", "1"): "below_level", ("O1", "2"): "below_level", ("O1", "3"): "pack_suspect"}


async def test_a_quarter_is_a_pack_and_a_half_is_none_unless_there_is_one(store: Store) -> None:
    world = await example_world(store)
    await world.order("O1", "GD-B", "CN-GD", [("P1", "20", "800")])
    assert await classes(world) == {("O1", "1"): "below_level"}
    await world.product("P1-2", base="P1", pack="2")
    assert await classes(world) == {("O1", "1"): "pack_suspect"}
    await world.delete("product", "P1-2")
    assert await classes(world) == {("O1", "1"): "below_level"}
    await world.order("O1", "GD-B", "CN-GD", [("P1", "20", "400")])
    assert await classes(world) == {("O1", "1"): "pack_suspect"}


async def test_others_of_the_day_come_before_others_of_the_month(store: Store) -> None:
    world = await example_world(store)
    await world.order("O1", "GD-B", "CN-GD", [("P1", "20", "500")], day="2026-03-10")
    assert await classes(world) == {("O1", "1"): "below_level"}
    await others(world, "2026-03-12")
    assert await classes(world) == {("O1", "1"): "pack_suspect"}
    assert (await evidence(world))["usual_price_from"] == "same_month"
    await others(world, "2026-03-10", ("80", "80", "80", "80", "80"))
    assert await classes(world) == {("O1", "1"): "below_level"}
    assert (await evidence(world))["usual_price_from"] is None
    await others(world, "2026-03-10")
    assert (await classes(world), (await evidence(world))["usual_price_from"]) == ({("O1", "1"): "pack_suspect"}, "same_day")
    await world.delete("sales_order", "N4")
    assert await classes(world) == {("O1", "1"): "below_level"}


async def test_an_agency_does_not_set_its_price_but_is_a_neighbour(store: Store) -> None:
    world = await example_world(store)
    await world.order("O1", "GD-B", "CN-GD", [("P1", "20", "500")], day="2026-03-10")
    await others(world, "2026-03-10")
    await world.partner("SH-A", "CN-SH", model="commission_agency")
    assert await classes(world) == {("O1", "1"): "pack_suspect"}
    await world.partner("GD-B", "CN-GD", model="commission_agency")
    assert await classes(world) == {}
    await world.partner("GD-B", "CN-GD")
    assert await classes(world) == {("O1", "1"): "pack_suspect"}


async def test_prices_decide_as_they_are(store: Store) -> None:
    world = await example_world(store)
    await world.order("O1", "GD-B", "CN-GD", [("P1", "40", "2800")])
    assert await classes(world) == {("O1", "1"): "below_level"}
    await world.price("PP3", "wholesale", "70")
    assert await classes(world) == {}
    await world.price("PP9", "wholesale", "90", region="CN-GD")
    assert await classes(world) == {("O1", "1"): "below_level"}
    await world.delete("price_policy", "PP9")
    assert await classes(world) == {}


async def test_prices_in_another_currency_follow_the_rate(store: Store) -> None:
    world = await example_world(store)
    await world.price("PP3", "wholesale", "10", currency="USD")
    await world.order("O1", "GD-B", "CN-GD", [("P1", "40", "2800")])
    assert await classes(world) == {}
    await world.fx("2026-02-01", "USD", "8")
    assert await classes(world) == {("O1", "1"): "below_level"}
    await world.fx("2026-02-20", "USD", "7")
    assert await classes(world) == {}
    await world.order("O2", "GD-B", "CN-GD", [("P1", "40", "2800")], currency="EUR")
    assert (await world.detect()).rules[RULE].skipped == {"no_rate": 1}


async def test_the_level_above_may_depend_on_the_seller(store: Store) -> None:
    world = await example_world(store)
    await world.partner("R-1", "CN-GD", type="reseller")
    await world.order("O1", "GD-B", "CN-GD", [("P1", "40", "2800")])
    await world.order("O2", "R-1", "CN-GD", [("P1", "40", "3500")])
    assert await classes(world) == {("O1", "1"): "below_level"}
    await world.policy(
        jurisdiction={"regions": {"CN": "CN"}},
        thresholds={RULE: {"reference": {"distributor": "factory", "reseller": "map"}}},
        override=[{"rule": RULE, "region": "CN-SH", "reference": {"distributor": "wholesale"}}],
    )
    assert await classes(world) == {("O2", "1"): "below_level"}
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")])
    assert await classes(world) == {("O1", "1"): "below_level", ("O2", "1"): "below_level"}
    await world.partner("R-1", "CN-GD", type="distributor")
    assert await classes(world) == {("O1", "1"): "below_level"}


async def test_the_profile_of_the_place_or_else_of_the_seat(store: Store) -> None:
    world = await example_world(store)
    await world.region("US", kind="country")
    await world.order("O1", "GD-B", None, [("P1", "40", "2800")])
    await world.price("PP3", "wholesale", "80", region=None)
    assert await classes(world) == {("O1", "1"): "below_level"}
    assert [row["mode"] for row in (await world.findings(RULE)).values()] == ["observe"]
    await world.partner("GD-B", "US")
    await world.detect()
    assert [row["mode"] for row in (await world.findings(RULE)).values()] == ["case"]
    await world.policy(jurisdiction={"regions": {"US": "US"}, "profile": {"US": {"price_rules": "off"}}})
    assert await classes(world) == {}


async def test_thresholds_by_place(store: Store) -> None:
    world = await example_world(store)
    await world.order("O1", "GD-B", "CN-GD", [("P1", "2", "150")])
    assert await classes(world) == {("O1", "1"): "minor"}
    await world.policy(override=[{"rule": RULE, "region": "CN-GD", "min_pack_units": 2}])
    assert await classes(world) == {("O1", "1"): "below_level"}
    await world.policy(override=[{"rule": RULE, "product_group": "X", "tol": 0.1}])
    assert await classes(world) == {}


async def test_a_line_moves_its_day_and_its_seller(store: Store) -> None:
    world = await example_world(store)
    await world.order("O1", "GD-B", "CN-GD", [("P1", "20", "1400")])
    assert await classes(world) == {("O1", "1"): "below_level"}
    await world.order("O1", "SH-A", "CN-GD", [("P1", "20", "1400")], day="2026-03-05")
    assert await classes(world) == {("O1", "1"): "below_level"}
    await world.order("O1", "SH-A", "CN-GD", [("P1", "20", "1400")], day="2026-03-05", status="cancelled")
    assert await classes(world) == {}
