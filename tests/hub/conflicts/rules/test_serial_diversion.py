from datetime import date
from decimal import Decimal
from typing import Any

from hub.store.database import Store
from tests.trading import World, example_world

RULE = "serial_diversion"


async def ship(
    world: World, serial: str, partner: str, when: str = "2026-02-01", lot: str | None = "L7", key: str = "a"
) -> None:
    await world.serial_event(f"{serial}-{when}-{key}", serial, "ship_out", f"{when}T08:00:00Z", partner, lot=lot)


async def scan(
    world: World,
    serial: str,
    region: str,
    when: str = "2026-03-01",
    event: str = "consumer_scan",
    accuracy: str | None = None,
    product: str = "P1",
    photo: str | None = None,
) -> None:
    await world.serial_event(
        f"{serial}-{when}-z", serial, event, f"{when}T08:00:00Z", region=region, accuracy=accuracy, product=product, photo=photo
    )


async def found(world: World) -> dict[tuple[str, ...], dict[str, Any]]:
    await world.detect()
    return await world.findings(RULE)


async def diverted(world: World, partner: str = "GD-B", region: str = "CN-SH", lot: str | None = "L7", count: int = 3) -> None:
    """Ship so many serials to a partner and see each in a region on a day of its own."""
    for number in range(1, count + 1):
        await ship(world, f"S{number}", partner, lot=lot)
        await scan(world, f"S{number}", region, f"2026-03-{number:02}")


async def test_serials_of_one_lot_turn_up_where_another_holds_alone(store: Store) -> None:
    world = await example_world(store)
    for serial, day in (("S1", "01"), ("S4", "02"), ("S5", "05")):
        await ship(world, serial, "GD-B")
        await scan(world, serial, "CN-SH", f"2026-03-{day}", photo=f"photo-{serial}")
    await ship(world, "S2", "SH-A")
    await scan(world, "S2", "CN-SH")
    await ship(world, "S3", "GD-B")
    await world.serial_event("S3-back", "S3", "return", "2026-02-10T08:00:00Z", "GD-B")
    await ship(world, "S3", "SH-A", "2026-02-12")
    await scan(world, "S3", "CN-SH")
    await ship(world, "S6", "JS-C")
    await scan(world, "S6", "CN-GD")
    (finding,) = (await found(world)).values()
    assert finding["parts"] == ["GD-B", "P1", "CN-SH", "L7", "2026-03"]
    assert (finding["classification"], finding["is_full"], finding["mode"]) == ("suspected", True, "case")
    assert (finding["accused"], finding["victim"], finding["region"], finding["product_group"], finding["base_sku"]) == (
        "GD-B", "SH-A", "CN-SH", "X", "P1",
    )  # fmt: skip
    assert (finding["event_day"], finding["value_at_risk"]) == (date(2026, 3, 1), Decimal(240))
    evidence = finding["evidence"]
    assert (evidence["serial_count"], evidence["lot_serials"], evidence["lot_share"]) == (3, 4, "0.75")
    assert [(one["serial"], one["days_between"]) for one in evidence["serials"]] == [("S1", 28), ("S4", 29), ("S5", 32)]
    assert evidence["photo_hashes"] == ["photo-S1", "photo-S4", "photo-S5"]
    assert [record["code"] for record in evidence["records"]] == [
        *["ship_out"] * 3, *["scan"] * 3, "holder_grant", "partner_grant", "wholesale_price",
    ]  # fmt: skip
    assert {term["code"]: term["value"] for term in finding["terms"]} == {
        "impact": 0.5, "depth": 0.3, "evidence": 1, "recurrence": 0.2, "spread": 0.3333,
    }  # fmt: skip
    assert finding["score"] == Decimal("49.0")


async def test_one_scan_proves_nothing_and_two_are_enough_for_a_good_part_of_the_lot(store: Store) -> None:
    world = await example_world(store)
    await diverted(world, count=1)
    assert await found(world) == {}
    await diverted(world, count=2)
    assert [row["evidence"]["lot_share"] for row in (await found(world)).values()] == ["1"]
    for number in range(100):
        await ship(world, f"T{number}", "GD-B")
    assert await found(world) == {}


async def test_without_a_lot_two_are_too_few(store: Store) -> None:
    world = await example_world(store)
    await diverted(world, lot=None, count=2)
    assert await found(world) == {}
    await diverted(world, lot=None, count=3)
    assert list(await found(world)) == [("GD-B", "P1", "CN-SH", "-", "2026-03")]


async def test_a_serial_scanned_twice_counts_once_and_in_the_month_of_its_first_scan(store: Store) -> None:
    world = await example_world(store)
    await diverted(world, lot=None, count=2)
    await scan(world, "S1", "CN-SH", "2026-02-20")
    await scan(world, "S2", "CN-SH", "2026-03-20", "retail_scan")
    await ship(world, "S3", "GD-B", lot=None)
    await scan(world, "S3", "CN-SH", "2026-03-20")
    assert await found(world) == {}
    await scan(world, "S3", "CN-SH", "2026-02-21")
    assert await found(world) == {}
    await scan(world, "S2", "CN-SH", "2026-02-28")
    ((parts, finding),) = (await found(world)).items()
    assert (parts[4], finding["event_day"], finding["evidence"]["serial_count"]) == ("2026-02", date(2026, 2, 20), 3)


async def test_months_are_those_of_the_business_day(store: Store) -> None:
    world = await example_world(store)
    await diverted(world)
    for number in (1, 2, 3):
        await world.serial_event(
            f"S{number}-2026-03-{number:02}-z", f"S{number}", "consumer_scan", "2026-02-28T17:00:00Z", region="CN-SH"
        )
    assert [parts[4] for parts in await found(world)] == ["2026-03"]


async def test_the_last_shipment_at_an_instant_is_the_one_with_the_later_id(store: Store) -> None:
    world = await example_world(store)
    await diverted(world)
    for number in (1, 2, 3):
        await ship(world, f"S{number}", "SH-A", key="0")
    assert len(await found(world)) == 1
    for number in (1, 2, 3):
        await ship(world, f"S{number}", "SH-A", key="b")
    assert await found(world) == {}


async def test_what_was_shipped_after_the_scan_says_nothing_of_it(store: Store) -> None:
    world = await example_world(store)
    await diverted(world)
    for number in (1, 2, 3):
        await ship(world, f"S{number}", "SH-A", "2026-03-10")
    assert len(await found(world)) == 1


async def test_goods_that_came_back_before_the_scan_are_nobodys(store: Store) -> None:
    world = await example_world(store)
    await diverted(world)
    assert len(await found(world)) == 1
    await world.serial_event("back", "S2", "return", "2026-02-20T08:00:00Z", "GD-B")
    (finding,) = (await found(world)).values()
    assert finding["evidence"]["serial_count"] == 2
    await world.serial_event("back", "S2", "return", "2026-03-20T08:00:00Z", "GD-B")
    (finding,) = (await found(world)).values()
    assert finding["evidence"]["serial_count"] == 3
    await world.serial_event("back", "S2", "return", "2026-01-20T08:00:00Z", "GD-B")
    assert len(await found(world)) == 1


async def test_a_position_that_is_not_known_well_is_none(store: Store) -> None:
    world = await example_world(store)
    await diverted(world, lot=None)
    await scan(world, "S3", "CN-SH", "2026-03-03", accuracy="50.1")
    assert await found(world) == {}
    await scan(world, "S3", "CN-SH", "2026-03-03", accuracy="50")
    assert len(await found(world)) == 1


async def test_a_right_held_on_any_day_between_shipment_and_scan_is_enough(store: Store) -> None:
    world = await example_world(store)
    await diverted(world)
    assert len(await found(world)) == 1
    await world.grant("G9", "GD-B", "CN-SH", start="2026-02-10", end="2026-02-11", exclusivity="non_exclusive")
    assert await found(world) == {}
    await world.grant("G9", "GD-B", "CN-SH", start="2026-01-10", end="2026-02-01", exclusivity="non_exclusive")
    assert len(await found(world)) == 1
    await world.grant("G9", "GD-B", "CN-SH", start="2026-01-10", end="2026-02-02", exclusivity="non_exclusive")
    assert await found(world) == {}


async def test_a_grant_for_a_named_segment_counts_for_the_partner(store: Store) -> None:
    world = await example_world(store)
    await world.grant("G9", "GD-B", "CN-SH", segment="hospital")
    await diverted(world)
    assert await found(world) == {}


async def test_a_partner_below_the_holder_is_authorised_through_it(store: Store) -> None:
    world = await example_world(store)
    await world.partner("SH-A1", "CN-GD", parent="SH-A")
    await diverted(world, "SH-A1")
    assert await found(world) == {}
    await world.partner("SH-A1", "CN-GD", parent="GD-B")
    assert [row["victim"] for row in (await found(world)).values()] == ["SH-A"]


async def test_a_partner_without_grants_belongs_where_its_seat_is(store: Store) -> None:
    world = await example_world(store)
    await world.region("CN-SH-1", "CN-SH", "city")
    await world.region("CN-SH-2", "CN-SH", "city")
    await world.partner("U", None)
    await diverted(world, "U", "CN-SH-1")
    assert await found(world) == {}
    await world.partner("U", "CN-GD")
    assert [row["classification"] for row in (await found(world)).values()] == ["suspected"]
    await world.partner("U", "CN")
    assert await found(world) == {}
    await world.partner("U", "CN-SH-2")
    assert await found(world) == {}


async def test_a_few_serials_next_door_are_natural(store: Store) -> None:
    world = await example_world(store)
    await diverted(world, "SH-A", "CN-JS-SZ", count=5)
    (finding,) = (await found(world)).values()
    assert (finding["classification"], finding["victim"], finding["evidence"]["adjacent"]) == ("natural", "JS-C", "CN-SH–CN-JS")
    assert (finding["is_full"], finding["capped_by"]) == (False, "natural")
    await diverted(world, "SH-A", "CN-JS-SZ", count=6)
    assert [row["classification"] for row in (await found(world)).values()] == ["suspected"]


async def test_next_door_to_the_seat_of_a_partner_without_grants_is_natural_too(store: Store) -> None:
    world = await example_world(store)
    await world.partner("U", "CN-SH")
    await diverted(world, "U", "CN-JS")
    assert [row["classification"] for row in (await found(world)).values()] == ["natural"]


async def test_where_nobody_holds_alone_it_is_an_opening(store: Store) -> None:
    world = await example_world(store)
    await diverted(world, region="CN-BJ")
    (finding,) = (await found(world)).values()
    assert (finding["classification"], finding["victim"]) == ("benign", "-")
    await world.grant("G9", "JS-C", "CN-BJ", exclusivity="non_exclusive")
    (finding,) = (await found(world)).values()
    assert finding["classification"] == "benign"
    await world.grant("G9", "JS-C", "CN-BJ", exclusivity="sole")
    (finding,) = (await found(world)).values()
    assert (finding["classification"], finding["victim"]) == ("suspected", "JS-C")


async def test_of_several_holders_the_first_by_code_is_named(store: Store) -> None:
    world = await example_world(store)
    await world.grant("G9", "JS-C", "CN-SH")
    await diverted(world)
    assert [row["victim"] for row in (await found(world)).values()] == ["JS-C"]


async def test_lots_partners_and_places_are_findings_of_their_own(store: Store) -> None:
    world = await example_world(store)
    await diverted(world, count=4)
    await ship(world, "S3", "GD-B", lot="L8")
    await ship(world, "S4", "GD-B", lot="L8")
    assert set(await found(world)) == {
        ("GD-B", "P1", "CN-SH", "L7", "2026-03"),
        ("GD-B", "P1", "CN-SH", "L8", "2026-03"),
    }
    await scan(world, "S4", "CN-JS", "2026-03-04")
    assert list(await found(world)) == [("GD-B", "P1", "CN-SH", "L7", "2026-03")]


async def test_the_value_at_risk_is_that_of_the_price_list_for_so_many(store: Store) -> None:
    world = await example_world(store)
    await diverted(world)
    await world.price("PP9", "wholesale", "50", min_units="3")
    await world.price("PP10", "wholesale", "40", min_units="4")
    await world.price("PP11", "wholesale", "30", channel="trade")
    assert [row["value_at_risk"] for row in (await found(world)).values()] == [Decimal(150)]
    await world.delete("price_policy", "PP3")
    await world.delete("price_policy", "PP9")
    assert [row["value_at_risk"] for row in (await found(world)).values()] == [None]


async def test_a_selective_system_has_no_territories_where_the_profile_says_so(store: Store) -> None:
    world = await example_world(store)
    await diverted(world)
    await world.policy(jurisdiction={"regions": {"CN": "EEA"}}, distribution={"X": "selective"})
    assert await found(world) == {}
    await world.policy(jurisdiction={"regions": {"CN": "CN"}}, distribution={"X": "selective"})
    assert len(await found(world)) == 1
    await world.policy(jurisdiction={"regions": {"CN": "CN"}, "profile": {"CN": {"territory_rules": "off"}}})
    assert await found(world) == {}


async def test_thresholds_hold_by_region_and_group(store: Store) -> None:
    world = await example_world(store)
    await diverted(world, lot=None)
    await world.policy(override=[{"rule": RULE, "region": "CN-SH", "product_group": "X", "min_serials": 4}])
    assert await found(world) == {}
    await world.policy(override=[{"rule": RULE, "region": "CN-SH", "product_group": "Y", "min_serials": 4}])
    assert len(await found(world)) == 1


async def test_packs_count_as_their_base_article(store: Store) -> None:
    world = await example_world(store)
    await diverted(world)
    await world.serial_event("S1-2026-02-01-a", "S1", "ship_out", "2026-02-01T08:00:00Z", "GD-B", product="P1-12", lot="L7")
    (finding,) = (await found(world)).values()
    assert (finding["parts"][1], finding["evidence"]["serial_count"]) == ("P1", 3)


async def test_a_deleted_event_takes_no_part(store: Store) -> None:
    world = await example_world(store)
    await diverted(world, lot=None)
    assert len(await found(world)) == 1
    await world.delete("serial_event", "S3-2026-03-03-z")
    assert await found(world) == {}
    assert len(await world.findings(RULE, "resolved_by_data")) == 1


async def test_a_neighbour_declared_later_makes_it_natural(store: Store) -> None:
    world = await example_world(store)
    await diverted(world)
    assert [row["classification"] for row in (await found(world)).values()] == ["suspected"]
    await world.region("CN-GD", "CN", "province", neighbours=("CN-SH",))
    assert [row["classification"] for row in (await found(world)).values()] == ["natural"]
