"""The plain reading of the rules gives what the rules are explained by: their examples."""

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from hub.store.database import Store
from tests.reference.finding import Finding, code
from tests.reference.findings import judge
from tests.reference.world import load
from tests.trading import NOON, World, example_world


@pytest.fixture
async def world(store: Store) -> World:
    return await example_world(store)


async def judged(world: World, rule: str, at: datetime = NOON) -> dict[tuple[str, ...], Finding]:
    """Return what the reference finds, by the parts of the keys without the source."""
    found = judge(await load(world.store), at, [rule])
    return {tuple(part for part in one.parts if part != "demo"): one for one in found.values()}


async def test_the_key_of_a_finding_is_the_documented_one(world: World) -> None:
    finding = Finding(
        rule="cross_region_sale", parts=("demo", "O1", "1", "SH-A"), classification="suspected", full=True, mode="case",
        event_day=date(2026, 3, 1), strength=Fraction(1),
    )  # fmt: skip
    assert finding.key == "a5a05fe987b9ee5b063a34efdd72da72"


async def trade_of_march(world: World) -> None:
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")], invoice="INV1")
    await world.order("O4", "GD-B", None, [("P1", "1", "70")], kind="return", returns=("O1", 1))
    await world.order("O2", "SH-A", "CN-SH", [("P1", "100", "9000")])
    await world.order("O3", "SH-A", "CN-JS", [("P1", "2", "200")])
    await world.order("O5", "GD-B", "CN-SH", [("P1-12", "3", "3000")], drop_ship_for="SH-A")
    await world.order("O6", "GD-B", "CN-SH", [("P1", "1", "100")], initiated="passive")
    await world.order("O7", "GD-B", "CN-JS-SZ", [("P1", "5", "450")], day="2026-03-02")
    await world.order("O8", "GD-B", "CN-BJ", [("P1", "24", "2160")], day="2026-03-02")


async def test_cross_region_sale(world: World) -> None:
    await trade_of_march(world)
    found = await judged(world, "cross_region_sale")
    assert {parts: one.classification for parts, one in found.items()} == {
        ("O1", "1", "SH-A"): "suspected",
        ("O3", "1", "JS-C"): "natural",
        ("O6", "1", "SH-A"): "passive_info",
        ("O7", "1", "JS-C"): "minor",
        ("O8", "1", "-"): "benign",
    }
    first, passive = found["O1", "1", "SH-A"], found["O6", "1", "SH-A"]
    assert (first.evidence["net_units"], first.evidence["group_units"], first.evidence["holder_units"]) == (39, 39, 100)
    assert (first.uncapped_score, first.score, first.band) == (Fraction(78), Fraction(78), "high")
    assert passive.terms == (Fraction("0.2370"), Fraction(1), Fraction("0.7"), Fraction("0.2"), Fraction("0.3333"))
    assert (passive.uncapped_score, passive.score, passive.band) == (Fraction("49.1"), Fraction(20), "info")


async def test_serial_diversion(world: World) -> None:
    for number, (serial, event, partner, day) in enumerate(
        (
            ("S1", "ship_out", "GD-B", "02-01"), ("S4", "ship_out", "GD-B", "02-01"), ("S5", "ship_out", "GD-B", "02-01"),
            ("S2", "ship_out", "SH-A", "02-01"), ("S3", "ship_out", "GD-B", "02-01"), ("S3", "return", "GD-B", "02-10"),
            ("S3", "ship_out", "SH-A", "02-12"), ("S6", "ship_out", "JS-C", "02-01"),
        )
    ):  # fmt: skip
        await world.serial_event(f"E{number}", serial, event, f"2026-{day}T02:00:00Z", partner, lot="L7")
    for serial, day, region in (
        ("S1", "01", "CN-SH"), ("S4", "02", "CN-SH"), ("S5", "05", "CN-SH"), ("S2", "01", "CN-SH"), ("S3", "01", "CN-SH"),
        ("S6", "01", "CN-GD"),
    ):  # fmt: skip
        await world.serial_event(f"C{serial}", serial, "consumer_scan", f"2026-03-{day}T02:00:00Z", region=region)
    found = await judged(world, "serial_diversion")
    assert list(found) == [("GD-B", "P1", "CN-SH", "L7", "2026-03")]
    (one,) = found.values()
    assert (one.classification, code(one.victim), one.depth) == ("suspected", "SH-A", Fraction(3, 10))


async def test_below_policy_offer(world: World) -> None:
    await world.alias("shopA", "GD-B")
    for day in ("03-01", "03-02"):
        await world.offer("tm-1", f"2026-{day}T02:00:00Z", "101.70", "shopA", tax="0.13", evidence="h")
    await world.offer("tm-1", "2026-06-19T02:00:00Z", "90", "shopA")
    await world.offer("jd-3", "2026-03-01T02:00:00Z", "1200", "JS-C", product="P1-12", partner="JS-C")
    await world.offer("tm-9", "2026-03-01T02:00:00Z", "100", "shopZ", product="P1-12")
    await world.offer("tm-8", "2026-03-01T02:00:00Z", "95", "shopY")
    found = await judged(world, "below_policy_offer")
    assert {parts: (one.classification, one.mode) for parts, one in found.items()} == {
        ("tm-1", "2026-03"): ("below_policy", "observe"),
        ("tm-9", "2026-03"): ("pack_suspect", "observe"),
        ("tm-8", "2026-03"): ("unconfirmed", "observe"),
    }
    assert found["tm-1", "2026-03"].evidence["percent_below"] == 10
    assert (found["tm-1", "2026-03"].uncapped_score, found["tm-1", "2026-03"].score) == (Fraction(47), Fraction(45))
    assert found["tm-9", "2026-03"].score <= 10


async def test_tier_inversion(world: World) -> None:
    await world.deal("D9", "GD-B", "2026-02-01T01:00:00Z", status="approved", name="x")
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")])
    await world.order("O10", "GD-B", "CN-GD", [("P1", "1", "75")], day="2026-03-03")
    await world.order("O11", "GD-B", "CN-GD", [("P1", "20", "1400")], day="2026-03-03", deal="D9")
    await world.order("O12", "GD-B", "CN-GD", [("P1-12", "1", "80")], day="2026-03-04")
    found = await judged(world, "tier_inversion")
    assert {parts: one.classification for parts, one in found.items()} == {
        ("O1", "1"): "below_level",
        ("O10", "1"): "minor",
        ("O12", "1"): "pack_suspect",
    }
    assert (found["O1", "1"].mode, found["O1", "1"].depth) == ("observe", Fraction("0.625"))


@pytest.mark.parametrize(
    ("low", "high", "online", "expected"),
    [
        ("70", "1000", 5, [("P2", "CN", "2026-W10", "online", "trade")]),
        ("70", "1000", 4, []),
        ("100", "700", 5, []),
    ],
)
async def test_cross_channel_gap(world: World, low: str, high: str, online: int, expected: list[tuple[str, ...]]) -> None:
    await world.order("A", "SH-A", "CN-SH", [("P2", "10", high)] * 5, day="2026-03-02")
    await world.order("B", "SH-A", "CN-SH", [("P2", "1", low)] * online, day="2026-03-03", channel="online")
    found = await judged(world, "cross_channel_gap")
    assert list(found) == expected
    assert [one.depth for one in found.values()] == [1] * len(expected)


async def test_territory_overlap(world: World) -> None:
    await world.grant("G4", "SH-A", "CN-JS", start="2026-06-01")
    await world.grant("G5", "GD-B", "CN-JS-SZ")
    await world.grant("G6", "SH-A", "CN-GD", start="2027-01-01", end=None)
    found = await judged(world, "territory_overlap")
    assert found["G3", "G4"].classification == "overlap"
    assert (found["G3", "G4"].event_day, found["G3", "G4"].evidence["shared_days"]) == (date(2026, 6, 1), 214)
    assert found["G3", "G5"].classification == "nested"
    assert not [parts for parts in found if "G6" in parts]


async def test_account_clash(world: World) -> None:
    await world.deal("D1", "SH-A", "2026-01-10T01:00:00Z", "2026-04-10", "approved", domain="acme.cn")
    await world.deal("D2", "GD-B", "2026-03-01T01:00:00Z", domain="www.acme.cn")
    await world.deal("D3", "JS-C", "2026-01-01T01:00:00Z", "2026-02-01", "expired", domain="beta.cn")
    await world.deal("D4", "SH-A", "2026-03-01T01:00:00Z", status="approved", domain="beta.cn")
    await world.deal("D5", "SH-A", "2026-03-01T01:00:00Z", domain="gmail.com")
    await world.deal("D6", "GD-B", "2026-03-02T01:00:00Z", domain="gmail.com")
    found = await judged(world, "account_clash")
    assert list(found) == [("D2",)]
    assert (found["D2",].classification, code(found["D2",].victim)) == ("clash", "SH-A")
    assert found["D2",].strength == Fraction("0.63")


@pytest.mark.parametrize(
    ("second", "third", "expected"),
    [
        (True, None, {"CL2": "exact"}),
        (True, "CL2", {"CL3": "exact"}),
        (False, "CL1", {}),
    ],
)
async def test_duplicate_claim(world: World, second: bool, third: str | None, expected: dict[str, str]) -> None:
    await world.claim("CL1", "SH-A", invoice="INV2", status="paid")
    if second:
        await world.claim("CL2", "SH-A", invoice="inv 2", day="2026-03-25")
    if third:
        await world.claim("CL3", "SH-A", invoice="INV2", day="2026-03-26", replaces=third)
    found = await judged(world, "duplicate_claim")
    assert {parts[0]: one.classification for parts, one in found.items()} == expected
    assert all(one.value_at_risk == 500 for one in found.values())


async def test_duplicate_sale(world: World) -> None:
    await world.order("O2", "SH-A", "CN-SH", [("P1", "100", "9000"), ("P1", "100", "9000")], invoice="INV2")
    assert await judged(world, "duplicate_sale") == {}
    await world.order("O2", "SH-A", "CN-SH", [("P1", "100", "9000")], invoice="INV2")
    await world.order("O2b", "SH-A", "CN-SH", [("P1", "100", "9000")], invoice="INV2")
    found = await judged(world, "duplicate_sale")
    assert {parts: one.classification for parts, one in found.items()} == {("O2b", "1"): "exact"}


async def test_over_claim(world: World) -> None:
    await world.order("B1", None, None, [("P1", "20", "1200")], day="2026-03-06", kind="sell_in", buyer="GD-B")
    await world.month("GD-B", "2026-01", "30")
    await world.claim("CL4", "GD-B", qty="60")
    await world.month("SH-A", "2026-01", "100")
    for code_, qty, day in (("B2", "50", "2026-01-05"), ("B3", "50", "2026-02-05"), ("B4", "400", "2026-03-28")):
        await world.order(code_, None, None, [("P1", qty, "1200")], day=day, kind="sell_in", buyer="SH-A")
    await world.claim("CL1", "SH-A", invoice="INV2")
    await world.claim("CL2", "SH-A", invoice="INV2", day="2026-03-25")
    found = await judged(world, "over_claim")
    assert list(found) == [("GD-B", "Q1", "P1")]
    (one,) = found.values()
    assert (one.event_day, one.depth) == (date(2026, 3, 6), Fraction("0.2"))


@pytest.mark.parametrize(("day", "classification", "score"), [(1, "oversell", 43), (3, "stale_stock", 25)])
async def test_oversell(world: World, day: int, classification: str, score: int) -> None:
    await world.location("WH-SH-1", region="CN-SH")
    await world.level("WH-SH-1", "10", "2026-03-01T00:00:00Z")
    await world.reservation("R1", "WH-SH-1", "8", "tmall", order="t1")
    await world.reservation("R2", "WH-SH-1", "5", order="t2")
    await world.reservation("R3", "WH-SH-1", "4", "jd", status="cancelled")
    found = await judged(world, "oversell", datetime(2026, 3, day, 12, tzinfo=UTC))
    assert {parts: (one.classification, one.score) for parts, one in found.items()} == {
        ("WH-SH-1", "P1"): (classification, Fraction(score))
    }
    assert found["WH-SH-1", "P1"].evidence == {"committed": 13, "on_hand": 10, "short": 3}


async def test_channel_stuffing(world: World) -> None:
    await world.month("SH-A", "2026-01", "100", "50", "50", "100")
    await world.month("SH-A", "2026-02", "100", "50", "55", "95")
    await world.month("SH-A", "2026-03", "95", "400", "50", "445")
    found = await judged(world, "channel_stuffing")
    assert {parts: one.classification for parts, one in found.items()} == {("SH-A", "P1", "2026-03", "load"): "load"}
    assert await judged(world, "inventory_imbalance") == {}
    await world.price("PP4", "wholesale", "84", start="2026-05-01", channel="tmall")
    assert [one.classification for one in (await judged(world, "channel_stuffing")).values()] == ["load"]
    await world.price("PP4", "wholesale", "84", start="2026-05-01", min_units="400")
    assert [one.classification for one in (await judged(world, "channel_stuffing")).values()] == ["price_buy_ahead"]


async def test_inventory_imbalance(world: World) -> None:
    await world.month("GD-B", "2026-01", "30", "20", "10", "5")
    found = await judged(world, "inventory_imbalance")
    (one,) = found.values()
    assert (one.parts, one.classification, one.value_at_risk) == (
        ("GD-B", "P1", "2026-01", "balance"),
        "missing",
        Fraction(2800),
    )
    assert (one.uncapped_score, one.band) == (Fraction(51), "medium")


async def test_unknown_seller(world: World) -> None:
    await world.alias("shopA", "GD-B")
    await world.offer("a", "2026-03-02T02:00:00Z", "100", "ghost")
    await world.offer("b", "2026-03-02T02:00:00Z", "100", "Shop A ")
    found = await judged(world, "unknown_seller")
    assert {parts: one.classification for parts, one in found.items()} == {("ghost", "tmall"): "unmatched"}
    # The policy of the offer's own day says how long it counts.
    await world.offer("a", "2026-02-02T02:00:00Z", "100", "ghost")
    await world.policy(2, "2026-03-01", thresholds={"unknown_seller": {"window_days": 20}})
    depths = [one.depth for one in (await judged(world, "unknown_seller")).values()]
    assert depths == [Fraction(1, 10)]


@pytest.mark.parametrize(
    ("history", "bought", "z"),
    [
        ("10 12 11 9 10 12", "40", Fraction("19.897477")),
        ("10 12 11 9 10 12", "18", None),
        ("10 12 11 9 10 12", "13", None),
        ("10 10 10 10 10 10", "25", "unknown"),
        ("10 12 11 9 10", "40", None),
    ],
)
async def test_quantity_anomaly(world: World, history: str, bought: str, z: object) -> None:
    quantities = [*history.split(), bought]
    months = ("2025-09", "2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03")[-len(quantities) :]
    for month, qty in zip(months, quantities, strict=True):
        await world.order(f"B{month}", None, None, [("P1", qty, "1")], day=f"{month}-10", kind="sell_in", buyer="SH-A")
    found = await judged(world, "quantity_anomaly")
    assert [one.evidence["z"] or "unknown" for one in found.values()] == ([] if z is None else [z])


@pytest.mark.parametrize(("odd", "expected"), [(("P1-12", "12", "1200"), ["12"]), (("P1", "10", "500"), [])])
async def test_unit_mapping_suspect(world: World, odd: tuple[str, str, str], expected: list[str]) -> None:
    lines = [("P1", "1", amount) for amount in ("100", "100", "101", "99", "100")]
    await world.order("A", "SH-A", "CN-SH", [*lines, odd], day="2026-03-10")
    found = await judged(world, "unit_mapping_suspect")
    assert [parts[2] for parts in found] == expected
    assert [one.classification for one in found.values()] == ["pack_factor"] * len(expected)
    assert [one.evidence["proposed_units_per_pack"] for one in found.values()] == [1] * len(expected)
