"""What holds on one day against what holds on another."""

from datetime import UTC, date, datetime

from hub.conflicts.between import Between, between
from hub.store.database import Store
from tests.trading import World, example_world

MARCH, JUNE = date(2026, 3, 1), date(2026, 6, 1)


async def found(store: Store, from_day: date = MARCH, to_day: date = JUNE) -> Between:
    async with store.connection() as connection:
        return await between(connection, from_day, to_day)


async def told(store: Store, noun: str) -> list[tuple[str, dict[str, tuple[str | None, str | None]]]]:
    """Return what happened to the rows of a noun, of those that changed with the fields that differ."""
    rows = (await found(store)).rows[noun]
    return [(one.change, dict(one.fields) if one.change == "changed" else {}) for one in rows]


async def accept(world: World, accepted_at: datetime, state: str = "accepted") -> None:
    await world.run(
        "INSERT INTO unit_mapping (source_id, product_id, numerator, denominator, conflict_id, line_count, state, proposed_by,"
        " proposed_at, accepted_at) VALUES ($1, $2, 1, 12, 0, 3, $3, 0, $4, $4)",
        await world.source(), world.ids["product", "P1"], state, accepted_at,
    )  # fmt: skip


async def test_nothing_is_otherwise_where_nothing_begins_or_ends(store: Store) -> None:
    await example_world(store)
    same = await found(store)
    assert (same.version_before, same.version_after, same.changes) == (1, 1, [])
    assert not any(same.rows.values())


async def test_grants_begin_end_and_follow_each_other(store: Store) -> None:
    world = await example_world(store)
    await world.grant("G1", "SH-A", "CN-SH", end="2026-04-01", contract="C-1")
    await world.grant("G1b", "SH-A", "CN-SH", start="2026-04-01", exclusivity="non_exclusive", contract="C-2")
    await world.grant("G3", "JS-C", "CN-JS", end="2026-06-01")
    await world.grant("G4", "SH-A", "CN-JS", start="2026-06-01", end=None)
    await world.grant("G5", "SH-A", "CN-BJ", start="2026-03-02", end="2026-05-31")
    await world.grant("G6", "SH-A", "CN-GD", start="2026-04-01")
    await world.delete("territory_grant", "G6")
    assert await told(store, "territory_grant") == [
        ("changed", {
            "key": ("G1", "G1b"), "exclusivity": ("exclusive", "non_exclusive"), "contract_ref": ("C-1", "C-2"),
            "valid_from": ("2026-01-01", "2026-04-01"), "valid_to": ("2026-04-01", "2027-01-01"),
        }),
        ("ended", {}),
        ("began", {}),
    ]  # fmt: skip
    (_, ended, began) = (await found(store)).rows["territory_grant"]
    assert ended.after is None
    assert ended.before is not None
    assert (ended.before["key"], ended.before["partner"], ended.before["region"]) == ("G3", "JS-C", "CN-JS")
    assert began.before is None
    assert began.after == {
        "source": "demo", "key": "G4", "partner": "SH-A", "region": "CN-JS", "product_group": "X", "segment": "*",
        "exclusivity": "exclusive", "valid_from": "2026-06-01",
    }  # fmt: skip


async def test_the_days_are_half_open(store: Store) -> None:
    world = await example_world(store)
    await world.grant("G9", "SH-A", "CN-BJ", start="2026-03-01", end="2026-06-01")
    assert [one.change for one in (await found(store)).rows["territory_grant"]] == ["ended"]
    assert (await found(store, to_day=date(2026, 5, 31))).rows["territory_grant"] == []
    (began,) = (await found(store, date(2026, 2, 28), date(2026, 3, 1))).rows["territory_grant"]
    assert began.change == "began"


async def test_a_price_that_follows_another_is_a_change_of_it(store: Store) -> None:
    world = await example_world(store)
    await world.price("PP1", "map", "100.00", end="2026-04-01")
    await world.price("PP1b", "map", "90", start="2026-04-01")
    await world.price("PP9", "map", "70", start="2026-04-01", region=None)
    await world.price("PP8", "map", "95", start="2026-04-01", min_units="12")
    rows = (await found(store)).rows["price_policy"]
    assert [(one.change, (one.after or {}).get("key")) for one in rows] == [
        ("changed", "PP1b"), ("began", "PP8"), ("began", "PP9"),
    ]  # fmt: skip
    assert rows[0].fields["unit_price"] == ("100", "90")


async def test_where_it_cannot_be_told_what_follows_what_rows_end_and_begin(store: Store) -> None:
    world = await example_world(store)
    await world.price("A", "msrp", "100", end="2026-04-01")
    await world.price("B", "msrp", "90", start="2026-04-01")
    await world.price("C", "msrp", "80", start="2026-05-01")
    assert [one[0] for one in await told(store, "price_policy")] == ["ended", "began", "began"]


async def test_a_price_of_another_source_is_another_price(store: Store) -> None:
    world = await example_world(store)
    await world.price("A", "msrp", "100", end="2026-04-01")
    await world.put(
        "price_policy", "A", "other", kind="msrp", product_id=world.ids["product", "P1"], region_id=world.ids["region", "CN"],
        min_units="0", unit_price="90", currency="CNY", valid_from="2026-04-01",
    )  # fmt: skip
    assert [one[0] for one in await told(store, "price_policy")] == ["ended", "began"]


async def test_promotions_and_accepted_unit_mappings(store: Store) -> None:
    world = await example_world(store)
    await world.promotion("618", "2026-06-01", "2026-06-21", product="P1", region="CN-GD", floor="85")
    await accept(world, datetime(2026, 5, 31, 16, tzinfo=UTC))
    between_days = await found(store)
    (promotion,), (mapping,) = between_days.rows["promotion"], between_days.rows["unit_mapping"]
    assert promotion.after is not None
    assert (promotion.change, promotion.after["floor_price"], promotion.after["currency"]) == ("began", "85", "CNY")
    assert mapping.after is not None
    assert (mapping.change, mapping.after["product"], mapping.after["units_per_piece"]) == ("began", "P1", "0.083333")
    # 16:00 UTC on the last of May is the first of June in Shanghai.
    assert (await found(store, to_day=date(2026, 5, 31))).rows["unit_mapping"] == []


async def test_a_proposed_unit_mapping_does_not_hold(store: Store) -> None:
    world = await example_world(store)
    await accept(world, datetime(2026, 5, 1, tzinfo=UTC), "proposed")
    assert (await found(store)).rows["unit_mapping"] == []


async def test_what_the_versions_of_the_two_days_say_differently(store: Store) -> None:
    world = await example_world(store)
    rule = "cross_region_sale"
    await world.policy(2, "2026-04-01", thresholds={rule: {"min_units": 20}})
    await world.policy(3, "2026-07-01", thresholds={rule: {"min_units": 30}})
    shifted = await found(store)
    assert (shifted.version_before, shifted.version_after) == (1, 2)
    assert {one["path"]: (one["before"], one["after"]) for one in shifted.changes} == {
        "effective_from": ("2026-01-01", "2026-04-01"), f"thresholds.{rule}.min_units": (None, 20),
    }  # fmt: skip
    # Before the first version the first holds.
    assert (await found(store, date(2025, 1, 1), MARCH)).changes == []
