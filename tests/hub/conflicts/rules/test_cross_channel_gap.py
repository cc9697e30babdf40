from decimal import Decimal
from typing import Any

from hub.store.database import Store
from tests.trading import World, example_world

RULE = "cross_channel_gap"
GAP = ("P2", "CN", "2026-W10", "online", "trade")


async def found(world: World) -> set[tuple[str, ...]]:
    """Judge what changed; the result must be that of judging everything."""
    await world.detect()
    rows = await world.findings(RULE)
    await world.detect(full=True)
    again = await world.findings(RULE)
    assert {parts: told(row) for parts, row in rows.items()} == {parts: told(row) for parts, row in again.items()}
    return set(rows)


def told(row: dict[str, Any]) -> tuple[object, ...]:
    return row["evidence"], row["score"], row["mode"], row["filters_tried"]


async def lines(world: World, channel: str, number: int, qty: str, amount: str, day: str = "2026-03-02", **more: Any) -> None:
    for place in range(number):
        said: dict[str, Any] = {"seller": "SH-A", "to": "CN-SH"} | more
        await world.order(f"{channel}{place}", lines=[("P2", qty, amount)], channel=channel, day=day, **said)


async def apart(world: World) -> None:
    await lines(world, "trade", 5, "10", "1000")
    await lines(world, "online", 5, "1", "70", day="2026-03-08")


async def test_the_examples_of_the_rule(store: Store) -> None:
    world = await example_world(store)
    await apart(world)
    assert await found(world) == {GAP}
    (finding,) = (await world.findings(RULE)).values()
    said = finding["evidence"]
    assert (said["low_price"], said["high_price"], said["gap_percent"]) == ("70", "100", "30")
    assert (finding["classification"], finding["is_full"], finding["mode"]) == ("gap", True, "observe")
    assert (finding["accused"], finding["victim"], finding["region"], str(finding["event_day"])) == (
        "-",
        "-",
        "CN",
        "2026-03-02",
    )
    assert (finding["depth"], finding["strength"], finding["value_at_risk"]) == (Decimal(1), Decimal("0.4"), None)
    assert [record["code"] for record in said["records"]] == ["low_line"] * 5 + ["high_line"] * 5
    await world.delete("sales_order", "online4")
    assert await found(world) == set()


async def test_trade_below_consumer_is_how_trade_works(store: Store) -> None:
    world = await example_world(store)
    await lines(world, "trade", 5, "10", "700")
    await lines(world, "online", 5, "1", "100")
    assert await found(world) == set()
    await world.policy(channels={"online": "trade"})
    assert await found(world) == {("P2", "CN", "2026-W10", "trade", "online")}
    await world.policy(channels={"trade": "consumer"})
    assert await found(world) == {("P2", "CN", "2026-W10", "trade", "online")}


async def test_the_same_class_apart(store: Store) -> None:
    world = await example_world(store)
    await lines(world, "wholesale", 5, "10", "700")
    await lines(world, "b2b", 5, "10", "1000")
    await lines(world, "shop", 5, "10", "840")
    assert await found(world) == {
        ("P2", "CN", "2026-W10", "wholesale", "b2b"),
        ("P2", "CN", "2026-W10", "shop", "b2b"),
    }


async def test_the_gap_must_be_wider_than_the_threshold(store: Store) -> None:
    world = await example_world(store)
    await lines(world, "trade", 5, "10", "1000")
    await lines(world, "online", 5, "1", "85")
    assert await found(world) == set()
    await lines(world, "online", 1, "1", "84.99")
    assert await found(world) == {GAP}
    await world.policy(thresholds={RULE: {"gap": 0.2}})
    assert await found(world) == set()
    await world.policy(thresholds={RULE: {"gap": 0.2}}, override=[{"rule": RULE, "region": "CN", "gap": 0.1}])
    assert await found(world) == {GAP}
    await world.policy(override=[{"rule": RULE, "product_group": "Y", "min_n": 6}])
    assert await found(world) == set()


async def test_prices_are_weighed_by_units(store: Store) -> None:
    world = await example_world(store)
    await apart(world)
    await lines(world, "trade", 1, "100", "8000")
    assert await found(world) == {GAP}
    (finding,) = (await world.findings(RULE)).values()
    assert (finding["evidence"]["high_price"], finding["evidence"]["gap_percent"]) == ("85.71", "18.33")


async def test_weeks_and_markets_stand_apart(store: Store) -> None:
    world = await example_world(store)
    await world.region("US", kind="country")
    await lines(world, "trade", 5, "10", "1000")
    await lines(world, "online", 5, "1", "70", day="2026-03-09")
    assert await found(world) == set()
    await lines(world, "online", 5, "1", "70", to="US")
    assert await found(world) == set()
    await lines(world, "trade", 5, "10", "1000", to="US")
    assert await found(world) == {("P2", "US", "2026-W10", "online", "trade")}
    (finding,) = (await world.findings(RULE)).values()
    assert (finding["mode"], finding["region"]) == ("case", "US")
    await lines(world, "trade", 5, "10", "1000", to=None)
    await lines(world, "online", 5, "1", "70", to=None)
    assert await found(world) == {("P2", "-", "2026-W10", "online", "trade")}


async def test_lines_of_a_promotion_are_left_out_whatever_its_floor(store: Store) -> None:
    world = await example_world(store)
    await apart(world)
    assert await found(world) == {GAP}
    await world.promotion("PR1", "2026-03-08", "2026-03-09", product="P2", channel="online", floor="90")
    assert await found(world) == set()
    await lines(world, "online", 10, "1", "70", day="2026-03-07")
    await lines(world, "online", 2, "1", "70", day="2026-03-08")
    assert await found(world) == {GAP}
    (finding,) = (await world.findings(RULE)).values()
    assert finding["evidence"]["promotions"] == ["PR1"]
    assert finding["evidence"]["left_out_percent"]["promotion"] == "13.33"
    await world.promotion("PR1", "2026-03-02", "2026-03-09", group="Y", partner="SH-A")
    assert await found(world) == set()
    await world.delete("promotion", "PR1")
    assert await found(world) == {GAP}


async def test_bulk_in_a_consumer_channel_is_left_out(store: Store) -> None:
    world = await example_world(store)
    await apart(world)
    await lines(world, "online", 1, "48", "3360")
    assert await found(world) == set()
    await lines(world, "online", 1, "47", "3290")
    assert await found(world) == {GAP}
    await world.policy(channels={"online": "trade"})
    await lines(world, "online", 1, "48", "3360")
    assert await found(world) == {GAP}


async def test_agencies_do_not_set_their_price(store: Store) -> None:
    world = await example_world(store)
    await apart(world)
    assert await found(world) == {GAP}
    await world.partner("SH-A", "CN-SH", model="commission_agency")
    assert await found(world) == set()
    await world.partner("SH-A", "CN-SH")
    assert await found(world) == {GAP}


async def test_suspected_packs_are_left_out(store: Store) -> None:
    world = await example_world(store)
    await lines(world, "trade", 6, "10", "1000")
    await lines(world, "online", 5, "1", "20")
    assert await found(world) == set()
    await world.order("far", "SH-A", "CN-SH", [("P2", "1", "100")], day="2026-03-30", channel="else")
    await lines(world, "online", 5, "1", "70")
    assert await found(world) == {GAP}
    for place in range(6):
        await world.order(f"month{place}", "SH-A", "CN-SH", [("P2", "1", "280")], day="2026-03-25", channel="else")
    assert await found(world) == {GAP}


async def test_others_of_the_month_move_the_pack_check_of_a_week(store: Store) -> None:
    world = await example_world(store)
    await lines(world, "trade", 5, "1", "25", day="2026-03-02")
    for place, day in enumerate(("2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06", "2026-03-07")):
        await world.order(f"x{place}", "SH-A", "CN-SH", [("P2", "1", "20")], channel="online", day=day)
    assert await found(world) == {GAP}
    for place in range(12):
        await world.order(f"m{place}", "SH-A", "CN-SH", [("P2", "1", "100")], day="2026-03-25", channel="else")
    assert await found(world) == set()
    for place in range(12):
        await world.delete("sales_order", f"m{place}")
    assert await found(world) == {GAP}


async def test_without_a_rate_a_line_is_passed_over_and_counted(store: Store) -> None:
    world = await example_world(store)
    await lines(world, "trade", 5, "10", "1000")
    await lines(world, "online", 5, "1", "10", currency="USD")
    assert (await world.detect()).rules[RULE].skipped == {"no_rate": 5}
    await world.fx("2026-01-01", "USD", "7")
    assert await found(world) == {GAP}


async def test_price_rules_may_be_off(store: Store) -> None:
    world = await example_world(store)
    await apart(world)
    assert await found(world) == {GAP}
    await world.policy(jurisdiction={"regions": {"CN": "CN"}, "profile": {"CN": {"price_rules": "off"}}})
    assert await found(world) == set()


async def test_corrections_deletions_and_late_returns(store: Store) -> None:
    world = await example_world(store)
    await apart(world)
    assert await found(world) == {GAP}
    await world.order("back", "SH-A", None, [("P2", "1", "70")], day="2026-05-01", kind="return", returns=("online0", 1))
    assert await found(world) == set()
    await world.delete("sales_order", "back")
    assert await found(world) == {GAP}
    await lines(world, "online", 1, "1", "70", day="2026-03-09")
    assert await found(world) == set()
    await world.product("P2", group="Z")
    await lines(world, "online", 1, "1", "70")
    assert await found(world) == {GAP}
