"""Whatever changes in whatever order, judging what changed ends where judging everything ends."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from hub.store.database import open_store
from tests.trading import World

Edit = tuple[str, dict[str, Any]]

# What must be equal; ids of cases, revisions, times and history tell how a finding came about, not what it says.
COMPARED = """
    SELECT finding_key, rule, rule_version, policy_version, parts, scope, classification, is_full, mode, partner_id,
           affected_id, product_id, region_id, accused, victim, product_group, base_sku, region, event_day, value_at_risk,
           value_currency, depth, strength, peers, group_key, score, uncapped_score, band, days, places,
           caps, capped_by, evidence,
           filters_tried
      FROM conflict WHERE state = 'open' ORDER BY finding_key
"""
REGIONS = ["CN", "US", "A", "B", "C", "A1"]
PARTNERS = ["p", "q", "r", "s", "d"]
SELLERS = ["shop p", "shop q", "shop x", "shop y", "shop z", "shop w", "shop v"]
PRODUCTS = ["P1", "P1-12", "P2"]
DAYS = ["2026-01-20", "2026-02-10", "2026-03-05", "2026-03-06", "2026-03-30", "2026-04-02"]
TIMES = [datetime(2026, 4, 10, tzinfo=UTC), datetime(2026, 6, 20, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)]
ORDERS = [f"O{number}" for number in range(8)]
PAST = [f"2025-{month:02}-{day}" for month, day in ((1, 5), (4, 5), (7, 5), (8, 5), (9, 5), (10, 5), (11, 5), (12, 30))]


def edit(name: str, **fields: SearchStrategy[Any]) -> SearchStrategy[Edit]:
    """An edit with drawn arguments."""
    return st.tuples(st.just(name), st.fixed_dictionaries(fields))


def one(*values: Any) -> SearchStrategy[Any]:
    return st.sampled_from(values)


day = one(*DAYS)
maybe_partner = one(None, None, *PARTNERS)
maybe_region = one(None, *REGIONS)
currency = one("CNY", "CNY", "CNY", "USD")
order = edit(
    "order", code=one(*ORDERS), seller=one(*PARTNERS), to=maybe_region, sku=one(*PRODUCTS), qty=one("1", "5", "12", "40"),
    each=one("50", "79", "80", "100", "1200", "0"), day=day, customer=one(None, "K1", "K2"), buyer=maybe_partner,
    drop=maybe_partner, initiated=one("active", "active", "passive", "unknown"), currency=currency, invoice=one(None, "I1"),
    location=one(None, None, None, "W"), status=one("delivered", "delivered", "delivered", "cancelled"),
)  # fmt: skip
EDITS = st.one_of(
    order,
    order,
    order,
    edit("same_day", base=one("100", "50"), seller=one(*PARTNERS), to=one("A", "B"), day=day, number=one(5, 6)),
    edit("back", code=one("T1", "T2"), of=one(*ORDERS), sku=one(*PRODUCTS), qty=one("1", "4", "40"), day=day),
    edit("purchase", code=one("S1", "S2"), buyer=one(*PARTNERS), sku=one(*PRODUCTS), qty=one("10", "100"), day=day,
         deal=one(None, "D1")),
    edit("past", number=one(*range(len(PAST))), buyer=one("p", "p", "q"), sku=one("P1", "P1-12"), qty=one("5", "10", "90")),
    edit("deal", code=one("D1", "D2"), partner=one("p"), registered=one("2026-01-01T00:00:00Z"),
         status=one("approved", "won", "submitted"), source=one("demo", "demo", "other")),
    edit("month", partner=one("p", "q"), month=one("2026-01", "2026-02", "2026-03"), product=one("P1", "P1", "P1-12"),
         opening=one("50", "95"), sell_in=one("50", "400"), sell_out=one("0", "50"), closing=one("50", "95", "400"),
         source=one("demo", "demo", "other")),
    edit("level", location=one("W"), on_hand=one("0", "5", "30"), product=one("P1", "P1", "P1-12"),
         as_of=one("2026-04-09T12:00:00Z", "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z", "2026-06-19T12:00:00Z"),
         source=one("demo", "other")),
    edit("reservation", code=one("r1", "r2"), location=one("W"), qty=one("2", "8"), product=one("P1", "P1-12"),
         status=one("open", "open", "cancelled"), expires=one(None, "2026-05-01T00:00:00Z"), order=one(None, "t")),
    edit("launch", on=one(None, "2026-01-15")),
    edit("remove", what=one(*[("sales_order", code) for code in (*ORDERS, "T1", "S1")],
                            *[("territory_grant", f"g{number}") for number in range(5)], ("price_policy", "w1"),
                            ("price_policy", "m1"), ("promotion", "pr1"), ("fx_rate", "2026-03-01|USD"), ("customer", "K1"),
                            ("partner_alias", "*|shop q"), ("product", "P1-12"),
                            ("inventory_month", "p|P1|2026-02"), ("reservation", "r1"), ("deal_registration", "D1"),
                            ("inventory_level", "W|P1|2026-04-09T12:00:00Z"), ("offer", "L1|2026-03-05T02:00:00+00:00"),
                            ("serial_event", "E1"), ("serial_event", "E6"))),
    edit("grant", code=one("g0", "g1", "g2", "g3", "g4"), partner=one(*PARTNERS), region=one(*REGIONS),
         group=one("X", "X", "*", "Y"), start=one("2026-01-01", "2026-03-06"),
         end=one(None, "2026-03-06", "2026-04-01", "2027-01-01"),
         exclusivity=one("exclusive", "exclusive", "sole", "non_exclusive"), segment=one("*", "*", "h"),
         contract=one(None, "c")),
    edit("region", code=one("A", "B", "C"), parent=one("CN", "US", None), neighbours=one((), ("A",), ("B", "C"), ("A1",))),
    edit("city", parent=one("A", "B"), neighbours=one((), ("C",))),
    edit("partner", code=one("q", "r", "s"), parent=one(None, "p"), type=one("distributor", "direct"),
         model=one("buy_sell", "commission_agency"), home=one(None, "A", "US")),
    edit("direct", parent=one(None, "q", "s")),
    edit("customer", code=one("K1", "K2"), segment=one(None, "h", "k"), key=one(False, False, True)),
    edit("location", kind=one("warehouse", "third_party"), partner=one(None, "p", "q"), region=one("A", "US")),
    edit("product", code=one("P1-12", "P1-12", "P2"), group=one("X", "Y"), base=one("P1", "P2"), pack=one("12", "6", "5", "1")),
    edit("price", code=one("w1", "w2", "m1", "m2"), kind=one("wholesale", "map", "msrp"), product=one("P1", "P2"),
         price=one("60", "80", "100"), region=one(None, "CN", "A"), channel=one(None, "trade", "tmall"),
         min_units=one("0", "12"), start=one("2026-01-01", "2026-03-06"), end=one(None, "2026-03-30"), currency=currency),
    edit("promotion", code=one("pr1", "pr2"), product=one(None, "P1"), group=one(None, "X"), region=maybe_region,
         channel=one(None, "tmall"), partner=maybe_partner, floor=one(None, "60", "95"), start=one("2026-03-01", "2026-03-06"),
         end=one("2026-03-07", "2026-04-10")),
    edit("offer", listing=one("L1", "L2"), day=day, price=one("50", "70", "99", "100", "1200"), seller=one(*SELLERS),
         product=one(*PRODUCTS), region=maybe_region, currency=currency, source=one("demo", "other"),
         price_kind=one("advertised", "advertised", "coupon"), condition=one("new", "new", "used"), evidence=one(None, "h")),
    edit("market", day=day, price=one("50", "100", "1200"), region=one("A", "US"), product=one("P1", "P1-12")),
    edit("alias", alias=one("shop p", "shop q", "shop x"), partner=one(*PARTNERS), channel=one("*", "tmall"),
         status=one("confirmed", "candidate", "not_partner")),
    *[
        edit("serial_event", code=one("E0", "E1", "E2", "E3", "E4", "E5"), serial=one("N1", "N2", "N3"),
             event=one("ship_out", "ship_out", "return"), partner=one(*PARTNERS), lot=one(None, "L", "L"),
             product=one("P1", "P1-12", "P2"), when=one("2026-01-20T02:00:00Z", "2026-03-05T18:00:00Z")),
        edit("serial_event", code=one("E6", "E7", "E8", "E9"), serial=one("N1", "N2", "N3"),
             event=one("consumer_scan", "retail_scan"), region=one("A", "B", "C", "A1"), accuracy=one(None, None, "60"),
             when=one("2026-03-05T18:00:00Z", "2026-03-30T02:00:00Z", "2026-04-02T02:00:00Z")),
    ],
    edit("fx", day=one("2026-02-01", "2026-03-01", "2026-03-06"), rate=one("7", "6", "1")),
    edit("policy", number=one(1, 2), border=one(2, 12), minimum=one(2, 12), tol=one(0.01, 0.3), profile=one("CN", "EEA", "US"),
         start=one("2026-03-01", "2026-03-06")),
)  # fmt: skip


UNHURRIED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
ROUNDS = st.lists(st.tuples(st.lists(EDITS, min_size=2, max_size=8), st.sampled_from(TIMES)), min_size=2, max_size=6)
Rounds = list[tuple[list[Edit], datetime]]
NewDatabase = Callable[[], Awaitable[str]]


@settings(UNHURRIED, max_examples=15)
@given(rounds=ROUNDS)
async def test_the_incremental_result_is_the_full_one(new_database: NewDatabase, rounds: Rounds) -> None:
    await compare(await new_database(), rounds)


@pytest.mark.soak
@settings(UNHURRIED, max_examples=300)
@given(rounds=ROUNDS)
async def test_the_incremental_result_stays_the_full_one(new_database: NewDatabase, rounds: Rounds) -> None:
    await compare(await new_database(), rounds)


async def compare(address: str, rounds: Rounds) -> None:
    """Make the edits round by round, and after each compare what is known with a run over everything."""
    async with open_store(address, connections=2) as store:
        world = World(store)
        await begin(world)
        await world.detect(TIMES[0])
        for edits, at in rounds:
            for name, fields in edits:
                await apply(world, name, fields)
            await world.detect(at)
            assert await world.rows(COMPARED) == await from_scratch(world, at)


async def from_scratch(world: World, at: datetime) -> list[dict[str, Any]]:
    """Return what one run over everything finds, and put back what was known before."""
    await world.run("CREATE TABLE kept AS TABLE conflict; CREATE TABLE kept_detection AS TABLE detection")
    await world.run("TRUNCATE conflict, detection")
    await world.detect(at, full=True)
    found = await world.rows(COMPARED)
    await world.run("TRUNCATE conflict, detection, conflict_history")
    await world.run("INSERT INTO conflict SELECT * FROM kept; INSERT INTO detection SELECT * FROM kept_detection")
    await world.run("DROP TABLE kept, kept_detection")
    return found


async def begin(world: World) -> None:
    """A world with two markets, five partners and enough trade that an edit meets something."""
    await world.policy()
    await world.region("CN", kind="country")
    await world.region("US", kind="country")
    await world.region("A", "CN", "province", neighbours=("B",))
    await world.region("B", "CN", "province")
    await world.region("C", "CN", "province")
    await world.region("A1", "A", "city")
    for code in PARTNERS:
        await world.partner(code, "A", parent="p" if code == "s" else None, type="direct" if code == "d" else "distributor")
    await world.customer("K1", segment="h")
    await world.customer("K2")
    await world.location("W", partner="p", region="A")
    await world.product("P1")
    await world.product("P2", group="Y")
    await world.product("P1-12", base="P1", pack="12")
    await world.grant("g0", "p", "A")
    await world.grant("g1", "q", "B")
    await world.grant("g2", "r", "C", exclusivity="sole")
    await world.price("w1", "wholesale", "80")
    await world.price("m1", "map", "100")
    await world.alias("shop q", "q")
    await world.grant("g3", "r", "B", segment="h")
    for number, (seller, to) in enumerate((("p", "B"), ("q", "A1"), ("q", "B"), ("r", "A"), ("s", "B"), ("d", "C"))):
        await world.order(f"O{number}", seller, to, [("P1", "20", "1600")], day=DAYS[number], customer=("K1", None)[number % 2])
    await world.order("O6", "p", "B", [("P1", "2", "160"), ("P2", "30", "2100")], day=DAYS[3])
    await world.order("O7", "q", "A1", [("P1", "2", "160"), ("P2", "30", "2100")], day=DAYS[3], initiated="passive")
    await world.offer("L1", "2026-03-05T02:00:00+00:00", "70", "shop q", region="A")
    for number, bought in enumerate(PAST):
        await world.order(f"B{number}", None, None, [("P1", "10", "1")], day=bought, kind="sell_in", buyer="p")
    for month, sell_in in (("2026-01", "50"), ("2026-02", "50"), ("2026-03", "400")):
        await world.month("p", month, opening="95", sell_in=sell_in, sell_out="50", closing="445")
    await world.level("W", "5", "2026-04-09T12:00:00Z")
    await world.reservation("r1", "W", "8")
    for number in (1, 2, 3):
        await world.serial_event(f"E{number}", f"N{number}", "ship_out", "2026-02-10T02:00:00Z", "p", lot="L")
        await world.serial_event(f"E{number + 5}", f"N{number}", "consumer_scan", "2026-03-30T02:00:00Z", region="B")


async def apply(world: World, name: str, fields: dict[str, Any]) -> None:
    """Make one edit."""
    draw = dict(fields)
    match name:
        case "order":
            amount = str(int(draw["qty"]) * int(draw.pop("each")))
            lines = [(draw.pop("sku"), draw.pop("qty"), amount)]
            if len(draw["code"]) and draw["code"] in ("O6", "O7"):
                lines.append(("P2", "30", "2100"))
            await world.order(lines=lines, drop_ship_for=draw.pop("drop"), **draw)
        case "same_day":
            for number in range(draw["number"]):
                await world.order(f"M{number}", draw["seller"], draw["to"], [("P1", "1", draw["base"])], day=draw["day"])
        case "back":
            of = (draw.pop("of"), 1)
            line = (draw.pop("sku"), draw.pop("qty"), "1")
            await world.order(seller="p", to=None, lines=[line], kind="return", returns=of, **draw)
        case "purchase":
            line = (draw.pop("sku"), draw.pop("qty"), "1")
            await world.order(seller=None, to=None, lines=[line], kind="sell_in", **draw)
        case "past":
            line = (draw["sku"], draw["qty"], "1")
            bought = PAST[draw["number"]]
            await world.order(f"B{draw['number']}", None, None, [line], day=bought, kind="sell_in", buyer=draw["buyer"])
        case "launch":
            await world.product("P1", launched=draw["on"])
        case "remove":
            if draw["what"] in world.ids:
                await world.delete(*draw["what"])
        case "region":
            await world.region(kind="province", **draw)
        case "city":
            await world.region("A1", draw["parent"], "city", draw["neighbours"])
        case "direct":
            await world.partner("d", "A", parent=draw["parent"], type="direct")
        case "location":
            await world.location("W", **draw)
        case "product":
            if draw["code"] == "P2":
                draw |= {"base": "P2", "pack": "1"}
            await world.product(**draw)
        case "offer":
            await world.offer(seen=f"{draw.pop('day')}T02:00:00+00:00", **draw)
        case "market":
            for number, seller in enumerate(SELLERS):
                await world.offer(
                    f"N{number}", f"{draw['day']}T03:00:00+00:00", draw["price"], seller, product=draw["product"],
                    region=draw["region"],
                )  # fmt: skip
        case "fx":
            await world.fx(draw["day"], "USD", draw["rate"])
        case "policy":
            body = {
                "jurisdiction": {"regions": {"CN": draw["profile"], "US": "US"}},
                "thresholds": {
                    "cross_region_sale": {"border_units": draw["border"]},
                    "below_policy_offer": {"tol": draw["tol"]},
                    "serial_diversion": {"min_serials": draw["border"], "border_serials": 1},
                    "unknown_seller": {"window_days": draw["minimum"] * 9},
                },
                "override": [
                    {"rule": "cross_region_sale", "region": "A", "min_units": draw["minimum"]},
                    {"rule": "quantity_anomaly", "region": "A", "min_units": 10 * draw["minimum"]},
                    {"rule": "inventory_imbalance", "region": "A", "pct": draw["tol"]},
                    {"rule": "oversell", "region": "A", "max_stock_age_hours": draw["border"]},
                ],
            }
            await world.policy(draw["number"], "2026-01-01" if draw["number"] == 1 else draw["start"], **body)
        case _:
            await getattr(world, name)(**draw)
