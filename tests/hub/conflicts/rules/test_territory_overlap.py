from datetime import UTC, date, datetime

from hub.store.database import Store
from tests.trading import example_world

RULE = "territory_overlap"


async def test_one_ground_given_twice(store: Store) -> None:
    world = await example_world(store)
    await world.grant("G4", "SH-A", "CN-JS", start="2026-06-01")
    await world.detect()
    (finding,) = (await world.findings(RULE)).values()
    assert (finding["classification"], finding["parts"]) == ("overlap", ["demo", "G3", "demo", "G4"])
    assert (finding["event_day"], finding["evidence"]["shared_days"]) == (date(2026, 6, 1), 214)
    assert (finding["region"], finding["product_group"], finding["accused"]) == ("CN-JS", "X", "-")


async def test_a_grant_inside_another_is_a_carve_out(store: Store) -> None:
    world = await example_world(store)
    await world.grant("G5", "GD-B", "CN-JS-SZ")
    await world.detect()
    (finding,) = (await world.findings(RULE)).values()
    assert (finding["classification"], finding["is_full"], finding["region"]) == ("nested", False, "CN-JS-SZ")
    assert finding["capped_by"] == "nested"


async def test_a_grant_that_starts_the_day_another_ends_does_not_overlap(store: Store) -> None:
    world = await example_world(store)
    await world.grant("G6", "SH-A", "CN-GD", start="2027-01-01", end=None)
    await world.detect()
    assert await world.findings(RULE) == {}


async def test_partners_of_one_line_do_not_overlap(store: Store) -> None:
    world = await example_world(store)
    await world.partner("JS-C2", "CN-JS", parent="JS-C")
    await world.grant("G7", "JS-C2", "CN-JS")
    await world.detect()
    assert await world.findings(RULE) == {}


async def test_a_jurisdiction_may_allow_several_exclusive_holders(store: Store) -> None:
    world = await example_world(store)
    await world.region("EU", kind="country")
    await world.grant("E1", "SH-A", "EU")
    await world.grant("E2", "GD-B", "EU")
    await world.detect()
    assert (await world.findings(RULE))["demo", "E1", "demo", "E2"]["classification"] == "shared"
    await world.grant("E3", "JS-C", "EU", exclusivity="non_exclusive")
    await world.detect()
    assert (await world.findings(RULE))["demo", "E1", "demo", "E2"]["classification"] == "overlap"


async def test_an_overlap_long_past_is_left_out_when_its_day_comes(store: Store) -> None:
    world = await example_world(store)
    await world.grant("G4", "SH-A", "CN-JS", start="2026-01-01", end="2026-02-01")
    await world.detect()
    assert len(await world.findings(RULE)) == 1
    await world.detect(datetime(2026, 5, 1, 17, tzinfo=UTC))
    assert len(await world.findings(RULE)) == 0
    assert len(await world.findings(RULE, "resolved_by_data")) == 1
    await world.detect(datetime(2026, 5, 1, 12, tzinfo=UTC))
    assert len(await world.findings(RULE)) == 1


async def test_sales_held_back_are_counted(store: Store) -> None:
    world = await example_world(store)
    await world.grant("G4", "SH-A", "CN-JS")
    await world.order("O1", "GD-B", "CN-JS-SZ", [("P1", "40", "2800")])
    await world.detect()
    disputed = await world.findings("cross_region_sale")
    assert {row["classification"] for row in disputed.values()} == {"territory_disputed"}
    (finding,) = (await world.findings(RULE)).values()
    assert finding["evidence"]["disputed_sales"] == 1
    await world.delete("sales_order", "O1")
    await world.detect()
    (finding,) = (await world.findings(RULE)).values()
    assert finding["evidence"]["disputed_sales"] == 0


async def test_a_corrected_grant_closes_the_finding(store: Store) -> None:
    world = await example_world(store)
    await world.grant("G4", "SH-A", "CN-JS")
    await world.detect()
    await world.grant("G4", "SH-A", "CN-BJ")
    await world.detect()
    assert await world.findings(RULE) == {}
    assert len(await world.findings(RULE, "resolved_by_data")) == 1
