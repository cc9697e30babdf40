from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hub.store.database import Store
from tests.trading import World, example_world

RULE = "oversell"
COUNTED = "2026-03-01T00:00:00Z"
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLACE = ("WH-SH-1", "P1")


async def promised(store: Store) -> World:
    """Ten pieces counted, thirteen promised over two channels, four more cancelled."""
    world = await example_world(store)
    await world.location("WH-SH-1", partner="SH-A", region="CN-SH")
    await world.level("WH-SH-1", "10", COUNTED)
    await world.reservation("R1", "WH-SH-1", "8", "tmall", order="t1", reserved="2026-03-01T01:00:00Z")
    await world.reservation("R2", "WH-SH-1", "5", "trade", order="t2", reserved="2026-03-01T02:00:00Z")
    await world.reservation("R3", "WH-SH-1", "4", "jd", status="cancelled", order="t3")
    return world


async def test_more_is_promised_than_was_counted(store: Store) -> None:
    world = await promised(store)
    await world.detect(AT)
    finding = (await world.findings(RULE))[PLACE]
    assert (finding["classification"], finding["is_full"], finding["mode"]) == ("oversell", True, "case")
    assert (finding["accused"], finding["victim"], finding["region"]) == ("-", "SH-A", "CN-SH")
    assert (finding["event_day"], finding["product_group"]) == (date(2026, 3, 1), "X")
    said = finding["evidence"]
    assert (said["committed"], said["on_hand"], said["short"], said["channels"]) == ("13", "10", "3", 2)
    assert (said["by_channel"], said["first_unmet"]) == ({"tmall": "8", "trade": "5"}, "R2")
    promises = [one["facts"]["running_total"] for one in said["records"] if one["code"] == "commitment"]
    assert promises == ["8", "13"]
    assert (finding["score"], finding["band"], finding["capped_by"]) == (Decimal("43.0"), "low", None)


async def test_an_old_count_is_not_relied_on(store: Store) -> None:
    world = await promised(store)
    await world.detect(AT)
    await world.detect(datetime(2026, 3, 3, tzinfo=UTC))
    finding = (await world.findings(RULE))[PLACE]
    assert (finding["classification"], finding["is_full"], finding["capped_by"]) == ("stale_stock", False, "stale_stock")
    await world.detect(AT)
    assert (await world.findings(RULE))[PLACE]["classification"] == "oversell"


async def test_a_count_is_old_only_after_its_hours(store: Store) -> None:
    world = await promised(store)
    day_later = datetime(2026, 3, 2, tzinfo=UTC)
    await world.detect(day_later)
    assert (await world.findings(RULE))[PLACE]["classification"] == "oversell"
    await world.detect(day_later + timedelta(seconds=1))
    assert (await world.findings(RULE))[PLACE]["classification"] == "stale_stock"


async def test_the_oldest_count_used_decides(store: Store) -> None:
    world = await promised(store)
    await world.level("WH-SH-1", "0", "2026-02-20T00:00:00Z", product="P1-12")
    await world.detect(AT)
    finding = (await world.findings(RULE))[PLACE]
    assert (finding["classification"], finding["event_day"]) == ("stale_stock", date(2026, 2, 20))


async def test_a_place_may_allow_older_counts(store: Store) -> None:
    world = await promised(store)
    await world.policy(override=[{"rule": RULE, "region": "CN-SH", "product_group": "X", "max_stock_age_hours": 72}])
    await world.detect(datetime(2026, 3, 3, tzinfo=UTC))
    assert (await world.findings(RULE))[PLACE]["classification"] == "oversell"


async def test_packs_count_as_pieces(store: Store) -> None:
    world = await promised(store)
    await world.level("WH-SH-1", "1", COUNTED, product="P1-12")
    await world.detect(AT)
    assert await world.findings(RULE) == {}
    await world.reservation("R4", "WH-SH-1", "1", product="P1-12")
    await world.detect(AT)
    finding = (await world.findings(RULE))[PLACE]
    assert (finding["evidence"]["committed"], finding["evidence"]["on_hand"]) == ("25", "22")
    assert finding["strength"] == Decimal("0.4")
    await world.product("P1-12", base="P2", pack="12")
    await world.detect(AT)
    assert {key: row["evidence"]["short"] for key, row in (await world.findings(RULE)).items()} == {PLACE: "3"}


async def test_the_latest_count_holds_whatever_its_source(store: Store) -> None:
    world = await promised(store)
    await world.level("WH-SH-1", "20", "2026-03-01T06:00:00Z", source="other")
    await world.detect(AT)
    assert await world.findings(RULE) == {}
    await world.level("WH-SH-1", "12", "2026-03-01T08:00:00Z")
    await world.detect(AT)
    assert (await world.findings(RULE))[PLACE]["evidence"]["short"] == "1"


async def test_a_count_to_come_says_nothing_yet(store: Store) -> None:
    world = await promised(store)
    await world.level("WH-SH-1", "20", "2026-03-01T13:00:00Z")
    await world.detect(AT)
    assert PLACE in await world.findings(RULE)
    await world.detect(AT + timedelta(hours=1))
    assert await world.findings(RULE) == {}
    await world.detect(AT)
    assert PLACE in await world.findings(RULE)


async def test_a_promise_ends(store: Store) -> None:
    world = await promised(store)
    await world.reservation("R2", "WH-SH-1", "5", "trade", order="t2", expires="2026-03-01T13:00:00Z")
    await world.detect(AT)
    assert PLACE in await world.findings(RULE)
    await world.detect(AT + timedelta(hours=1))
    assert await world.findings(RULE) == {}
    await world.detect(AT)
    assert PLACE in await world.findings(RULE)


async def test_without_a_count_nothing_is_said(store: Store) -> None:
    world = await promised(store)
    await world.delete("inventory_level", f"WH-SH-1|P1|{COUNTED}")
    done = await world.detect(AT)
    assert await world.findings(RULE) == {}
    assert done.rules[RULE].skipped == {"no_level": 1}


async def test_no_stock_at_all_is_the_deepest(store: Store) -> None:
    world = await promised(store)
    await world.level("WH-SH-1", "0", COUNTED)
    await world.detect(AT)
    assert (await world.findings(RULE))[PLACE]["depth"] == 1


async def test_a_cancelled_promise_closes_the_finding(store: Store) -> None:
    world = await promised(store)
    await world.detect(AT)
    await world.reservation("R2", "WH-SH-1", "5", "trade", status="cancelled", order="t2")
    await world.detect(AT)
    assert await world.findings(RULE) == {}
    assert PLACE in await world.findings(RULE, "resolved_by_data")
    await world.reservation("R2", "WH-SH-1", "5", "trade", order="t2")
    await world.detect(AT)
    await world.delete("reservation", "R1")
    await world.detect(AT)
    assert await world.findings(RULE) == {}
