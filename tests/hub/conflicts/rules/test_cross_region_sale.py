from decimal import Decimal
from typing import Any

from hub.store.database import Store
from tests.trading import World, example_world

RULE = "cross_region_sale"


async def deliveries(world: World) -> None:
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")], invoice="INV1")
    await world.order("O4", "GD-B", None, [("P1", "1", "70")], kind="return", returns=("O1", 1))
    await world.order("O2", "SH-A", "CN-SH", [("P1", "100", "9000")])
    await world.order("O3", "SH-A", "CN-JS", [("P1", "2", "200")])
    await world.order("O5", "GD-B", "CN-SH", [("P1-12", "3", "3000")], drop_ship_for="SH-A")
    await world.order("O6", "GD-B", "CN-SH", [("P1", "1", "100")], initiated="passive")
    await world.order("O7", "GD-B", "CN-JS-SZ", [("P1", "5", "450")], day="2026-03-02")
    await world.order("O8", "GD-B", "CN-BJ", [("P1", "24", "2160")], day="2026-03-02")


async def test_the_examples_of_the_rule(store: Store) -> None:
    world = await example_world(store)
    await deliveries(world)
    await world.detect()
    found = await world.findings(RULE)
    assert {parts[1:]: row["classification"] for parts, row in found.items()} == {
        ("O1", "1", "SH-A"): "suspected",
        ("O3", "1", "JS-C"): "natural",
        ("O6", "1", "SH-A"): "passive_info",
        ("O7", "1", "JS-C"): "minor",
        ("O8", "1", "-"): "benign",
    }
    suspected = found["demo", "O1", "1", "SH-A"]
    assert suspected["evidence"]["net_units"] == "39"
    assert suspected["evidence"]["group_units"] == "39"
    assert suspected["evidence"]["holder_units"] == "100"
    assert found["demo", "O7", "1", "JS-C"]["evidence"]["holder_units"] is None


async def test_the_example_key(store: Store) -> None:
    world = await example_world(store)
    await deliveries(world)
    await world.detect()
    found = await world.findings(RULE)
    assert found["demo", "O1", "1", "SH-A"]["finding_key"] == "a5a05fe987b9ee5b063a34efdd72da72"


async def test_the_examples_of_the_score(store: Store) -> None:
    world = await example_world(store)
    await deliveries(world)
    await world.detect()
    found = await world.findings(RULE)
    suspected, passive = found["demo", "O1", "1", "SH-A"], found["demo", "O6", "1", "SH-A"]
    assert terms(suspected) == {"impact": 1, "depth": 1, "evidence": 1, "recurrence": 0.2, "spread": 0.3333}
    assert (suspected["score"], suspected["band"], suspected["capped_by"]) == (Decimal("78.0"), "high", None)
    assert terms(passive) == {"impact": 0.237, "depth": 1, "evidence": 0.7, "recurrence": 0.2, "spread": 0.3333}
    assert (passive["uncapped_score"], passive["score"], passive["band"]) == (Decimal("49.1"), Decimal("20.0"), "info")
    assert passive["capped_by"] == "passive_info"


def terms(finding: dict[str, object]) -> dict[str, float]:
    return {term["code"]: term["value"] for term in finding["terms"]}  # type: ignore[attr-defined]


async def classes(world: World) -> dict[tuple[str, ...], str]:
    await world.detect()
    return {parts[1:]: row["classification"] for parts, row in (await world.findings(RULE)).items()}


async def sale(world: World, **changes: Any) -> dict[tuple[str, ...], str]:
    """Deliver forty units from Guangdong into Shanghai, changed in one respect, and return what is found."""
    said: dict[str, Any] = {"seller": "GD-B", "to": "CN-SH", "lines": [("P1", "40", "2800")]} | changes
    await world.order("O1", **said)
    return await classes(world)


async def test_a_plain_sale_into_held_territory_is_found(store: Store) -> None:
    assert await sale(await example_world(store)) == {("O1", "1", "SH-A"): "suspected"}


async def test_without_a_destination_nothing_is_said(store: Store) -> None:
    assert await sale(await example_world(store), to=None) == {}


async def test_a_centrally_bought_account_is_exempt(store: Store) -> None:
    world = await example_world(store)
    await world.customer("KA", key=True)
    assert await sale(world, customer="KA") == {}
    await world.customer("KA", key=False)
    assert await classes(world) == {("O1", "1", "SH-A"): "suspected"}


async def test_delivery_to_a_third_party_warehouse_is_no_delivery_to_a_customer(store: Store) -> None:
    world = await example_world(store)
    await world.location("3PL", "third_party")
    assert await sale(world, location="3PL") == {}
    await world.location("3PL", "warehouse")
    assert await classes(world) == {("O1", "1", "SH-A"): "suspected"}


async def test_goods_that_all_came_back_were_not_sold_there(store: Store) -> None:
    world = await example_world(store)
    await sale(world)
    await world.order("R1", "GD-B", None, [("P1", "40", "2800")], kind="return", returns=("O1", 1))
    assert await classes(world) == {}
    await world.delete("sales_order", "R1")
    assert await classes(world) == {("O1", "1", "SH-A"): "suspected"}


async def test_a_cancelled_line_is_no_sale(store: Store) -> None:
    assert await sale(await example_world(store), status="cancelled") == {}


async def test_a_policy_may_switch_the_rule_off_or_to_observation(store: Store) -> None:
    world = await example_world(store)
    regions = {"regions": {"CN": "CN"}}
    await world.policy(jurisdiction=regions | {"profile": {"CN": {"territory_rules": "off"}}})
    assert await sale(world) == {}
    await world.policy(jurisdiction=regions | {"profile": {"CN": {"territory_rules": "observe"}}})
    await world.detect()
    (finding,) = (await world.findings(RULE)).values()
    assert (finding["mode"], finding["score"], finding["case_id"]) == ("observe", Decimal(45), None)


async def test_groups_sold_selectively_are_left_alone_where_the_law_wants_it(store: Store) -> None:
    world = await example_world(store)
    await world.policy(jurisdiction={"regions": {"CN": "US"}}, distribution={"X": "selective"})
    assert await sale(world) == {("O1", "1", "SH-A"): "suspected"}
    await world.policy(jurisdiction={"regions": {"CN": "UK"}}, distribution={"X": "selective"})
    assert await classes(world) == {}


async def test_the_entitled_partner_as_buyer(store: Store) -> None:
    assert await sale(await example_world(store), buyer="SH-A") == {}


async def test_a_buyer_whose_own_distributor_holds_the_place(store: Store) -> None:
    world = await example_world(store)
    await world.partner("SH-A2", "CN-SH", parent="SH-A")
    assert await sale(world, buyer="SH-A2") == {}
    await world.partner("SH-A2", "CN-SH", parent=None)
    assert await classes(world) == {("O1", "1", "SH-A"): "suspected"}


async def test_a_seller_above_the_holder_sells_in_its_own_line(store: Store) -> None:
    world = await example_world(store)
    await world.partner("SH-A", "CN-SH", parent="GD-B")
    assert await sale(world) == {}


async def test_a_seller_below_the_holder_is_authorised_through_it(store: Store) -> None:
    world = await example_world(store)
    await world.partner("SH-A2", "CN-GD", parent="SH-A")
    assert await sale(world, seller="SH-A2") == {}


async def test_the_brand_itself_beside_a_sole_holder(store: Store) -> None:
    world = await example_world(store)
    await world.partner("CN-HQ", "CN", type="direct")
    await world.grant("HQ", "CN-HQ", "CN-BJ")
    assert await sale(world, seller="CN-HQ") == {("O1", "1", "SH-A"): "suspected"}
    await world.grant("G1", "SH-A", "CN-SH", exclusivity="sole")
    assert await classes(world) == {}


async def test_open_territory_has_no_holder(store: Store) -> None:
    world = await example_world(store)
    await world.grant("G1", "SH-A", "CN-SH", exclusivity="non_exclusive")
    assert await sale(world) == {}


async def test_a_seller_without_any_grant_where_nobody_governs(store: Store) -> None:
    world = await example_world(store)
    await world.partner("X-1")
    assert await sale(world, seller="X-1", to="CN-BJ") == {}
    assert await sale(world, seller="X-1") == {("O1", "1", "SH-A"): "suspected"}


async def test_a_grant_for_a_segment_covers_a_customer_of_unknown_segment(store: Store) -> None:
    world = await example_world(store)
    await world.grant("GH", "GD-B", "CN-SH", segment="hospital")
    await world.customer("C1")
    assert await sale(world, customer="C1") == {}
    await world.customer("C1", segment="school")
    assert await classes(world) == {("O1", "1", "SH-A"): "suspected"}


async def test_two_exclusive_holders_are_a_dispute_to_clear_first(store: Store) -> None:
    world = await example_world(store)
    await world.grant("G9", "JS-C", "CN-SH")
    assert await sale(world) == {("O1", "1", "SH-A"): "territory_disputed", ("O1", "1", "JS-C"): "territory_disputed"}
    await world.policy(jurisdiction={"regions": {"CN": "CN"}, "profile": {"CN": {"exclusive_max_holders": 2}}})
    assert await classes(world) == {("O1", "1", "SH-A"): "suspected", ("O1", "1", "JS-C"): "suspected"}


async def test_an_unknown_initiative_is_read_as_the_profile_says(store: Store) -> None:
    world = await example_world(store)
    assert await sale(world, initiated="unknown") == {("O1", "1", "SH-A"): "suspected"}
    await world.policy(jurisdiction={"regions": {"CN": "EEA"}})
    assert await classes(world) == {("O1", "1", "SH-A"): "passive_info"}


async def test_a_border_sale_below_the_local_wholesale_price_is_not_natural(store: Store) -> None:
    world = await example_world(store)
    sold = await sale(world, seller="SH-A", to="CN-JS", lines=[("P1", "12", "900")])
    assert sold == {("O1", "1", "JS-C"): "suspected"}
    await world.delete("price_policy", "PP3")
    assert await classes(world) == {("O1", "1", "JS-C"): "natural"}


async def test_the_nearest_override_holds(store: Store) -> None:
    world = await example_world(store)
    rule = {"rule": RULE}
    overrides = [
        rule | {"min_units": 1},
        rule | {"region": "CN", "min_units": 50},
        rule | {"product_group": "X", "min_units": 2},
    ]
    await world.policy(override=overrides)
    assert await sale(world) == {("O1", "1", "SH-A"): "minor"}
    await world.policy(override=[*overrides, rule | {"region": "CN-SH", "min_units": 40}])
    assert await classes(world) == {("O1", "1", "SH-A"): "suspected"}


async def test_a_corrected_destination_closes_the_finding(store: Store) -> None:
    world = await example_world(store)
    await sale(world)
    assert await sale(world, to="CN-GD") == {}
    assert len(await world.findings(RULE, "resolved_by_data")) == 1
    assert await sale(world) == {("O1", "1", "SH-A"): "suspected"}


async def test_what_was_looked_for_is_told_in_a_fixed_order(store: Store) -> None:
    world = await example_world(store)
    await sale(world)
    (finding,) = (await world.findings(RULE)).values()
    assert [(tried["filter"], tried["outcome"]) for tried in finding["filters_tried"]] == [
        ("no_destination", "none_found"),
        ("key_account", "not_applicable"),
        ("third_party_location", "not_applicable"),
        ("returned", "none_found"),
        ("profile_off", "none_found"),
        ("authorised", "none_found"),
        ("drop_ship", "not_applicable"),
        ("entitled_buyer", "not_applicable"),
        ("above_holder", "none_found"),
        ("direct_beside_sole", "not_applicable"),
        ("open_territory", "none_found"),
        ("passive", "none_found"),
        ("unserved", "none_found"),
        ("disputed", "none_found"),
        ("border", "none_found"),
        ("small_quantity", "none_found"),
    ]


async def test_the_indicators_for_a_person(store: Store) -> None:
    world = await example_world(store)
    for number, day in enumerate(("2026-01-05", "2026-02-05", "2026-03-05")):
        await world.order(f"B{number}", "GD-B", "CN-SH", [("P1", "40", "2800")], day=day)
    await world.order("S1", None, None, [("P1", "10", "600")], kind="sell_in", buyer="GD-B", day="2026-01-02")
    await world.detect()
    found = await world.findings(RULE)
    assert found["demo", "B2", "1", "SH-A"]["evidence"]["indicators"] == {
        "below_local_wholesale": True,
        "repeated_3_months": True,
        "serials_missing": True,
        "sells_more_than_bought": True,
    }
    assert found["demo", "B1", "1", "SH-A"]["evidence"]["indicators"]["repeated_3_months"] is False


async def test_each_record_carries_the_hash_of_its_facts(store: Store) -> None:
    world = await example_world(store)
    await sale(world)
    (finding,) = (await world.findings(RULE)).values()
    records = finding["evidence"]["records"]
    assert [(one["code"], one["noun"], one["source"], one["key"]) for one in records] == [
        ("sale_line", "order_line", "demo", "O1|1"),
        ("holder_grant", "territory_grant", "demo", "G1"),
        ("seller_grant", "territory_grant", "demo", "G2"),
        ("wholesale_price", "price_policy", "demo", "PP3"),
    ]
    assert all(len(one["hash"]) == 64 for one in records)
