"""Worlds of trade that change at random: the edits, how each is made, and what a run over everything finds in them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.judging import WAYS
from tests.trading import World

Edit = tuple[str, dict[str, Any]]
Rounds = list[tuple[list[Edit], datetime, str]]

REGIONS = ["CN", "US", "A", "B", "C", "A1"]
PARTNERS = ["p", "q", "r", "s", "d"]
SELLERS = ["shop p", "shop q", "shop x", "shop y", "shop z", "shop w", "shop v"]
PRODUCTS = ["P1", "P1-12", "P2"]
DAYS = ["2026-01-20", "2026-02-10", "2026-03-05", "2026-03-06", "2026-03-30", "2026-04-02"]
TIMES = [datetime(2026, 4, 10, tzinfo=UTC), datetime(2026, 6, 20, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)]
STOCK_TIMES = ["2026-03-30T02:00:00Z", "2026-04-09T12:00:00Z", "2026-06-19T12:00:00Z", "2026-06-21T00:00:00Z"]
ORDERS = [f"O{number}" for number in range(8)]


def edit(name: str, /, **fields: SearchStrategy[Any]) -> SearchStrategy[Edit]:
    """An edit with drawn arguments."""
    return st.tuples(st.just(name), st.fixed_dictionaries(fields))


def one(*values: Any) -> SearchStrategy[Any]:
    return st.sampled_from(values)


day = one(*DAYS)
instant = one(*(f"{day}T{hour}:00:00Z" for day in DAYS for hour in ("02", "20")))
partner = one(*PARTNERS)
maybe_partner = one(None, None, *PARTNERS)
maybe_region = one(None, *REGIONS)
currency = one("CNY", "CNY", "CNY", "USD")
channel = one("trade", "trade", "tmall", "b2b")
invoice = one(None, "I1", "i 1")
maybe_customer = one(None, "K1", "K2")
maybe_promoted = one(None, None, "P1")
ORDER = edit(
    "order", code=one(*ORDERS), seller=partner, to=maybe_region, sku=one(*PRODUCTS), qty=one("1", "5", "12", "40"),
    each=one("50", "79", "80", "100", "1200", "0"), day=day, customer=maybe_customer, buyer=maybe_partner,
    drop=maybe_partner, initiated=one("active", "active", "passive", "unknown"), currency=currency, invoice=invoice,
    location=one(None, None, None, "W"), status=one("delivered", "delivered", "delivered", "cancelled"), channel=channel,
    deal=one(None, None, None, "D1", "D2"), tax=one(None, None, "0.13"), serials=one((), (), ("S1",), ("S1", "S2")),
)  # fmt: skip
REMOVABLE = [
    *(("sales_order", code) for code in (*ORDERS, "T1", "B0", "E1", "V0", "V1", "V2", "M")),
    *(("territory_grant", f"g{number}") for number in range(7)),
    *(("price_policy", code) for code in ("w1", "w3", "m1")), ("promotion", "pr1"), ("fx_rate", "2026-03-01|USD"),
    ("customer", "K1"), ("partner_alias", "*|shop q"), ("product", "P1-12"), ("offer", "L1|2026-03-05T02:00:00Z"),
    *(("claim", code) for code in ("CL1", "CL2", "CL5", "CL7")), *(("deal_registration", code) for code in ("D1", "D2", "D5")),
    ("inventory_month", "q|P1|2026-01"), ("inventory_month", "q|P1|2026-02"), ("inventory_month", "q|P1|2026-03"),
    ("inventory_level", "W|P1|2026-03-30T02:00:00Z"), ("reservation", "R1"),
    ("serial_event", "H0-S1"), ("serial_event", "C1-S1"), ("serial_event", "C2-S3"), ("location", "W"),
]  # fmt: skip


def coming_and_going(*nouns: str) -> list[SearchStrategy[Edit]]:
    """Records that are taken away and such as come back."""
    what = one(*(record for record in REMOVABLE if record[0] in nouns))
    return [edit("remove", what=what), edit("restore", what=what)]


RIVALS = edit(
    "rivals", partner=partner, other=partner, region=one("A", "B"), start=one("2026-01-01", "2026-03-06"),
    end=one(None, "2026-03-20", "2027-01-01"), exclusivity=one("exclusive", "exclusive", "sole", "non_exclusive"),
    contract=one(None, "c"),
)  # fmt: skip
TWICE = edit(
    "twice", alike=one("customer", "customer", "serial", "bill"), seller=partner, other=one(None, None, None, None, *PARTNERS),
    to=one("A", "B"), qty=one("5", "12"), price=one("400", "1000"), differs=one(None, None, None, "qty", "price"), day=day,
    customer=maybe_customer, buyer=one(None, None, *PARTNERS), drop=one(None, None, *PARTNERS),
    other_source=one("demo", "other"),
)  # fmt: skip
PLACE = edit(
    "place", kind=one("warehouse", "third_party"), partner=maybe_partner, region=maybe_region,
)  # fmt: skip
DEAL = edit(
    "deal", code=one("D1", "D2", "D3", "D4"), partner=partner, registered=instant,
    expires=one(None, None, "2026-03-06", "2026-04-01"),
    status=one("submitted", "approved", "approved", "submitted", "won", "expired"), customer=one(None, None, "K1", "K2"),
    tax_id=one(None, None, "t1", "t2"), domain=one(None, "acme.cn", "https://www.acme.cn/x", "shop.beta.co.uk", "qq.com"),
    name=one("Acme Ltd.", "ACME 有限公司", "Gamma", "Beta Inc"), group=one("X", "X", "*", "Y"), amount=one(None, "1000"),
    linked=one(None, None, None, "D1", "D2"), renewal=one(False, False, False, True), source=one("demo", "demo", "other"),
)  # fmt: skip
ACCOUNTS = [
    {"domain": "acme.cn"}, {"domain": "gamma.cn"}, {"tax_id": "t1"}, {"customer": "K2"}, {"name": "Acme Ltd."},
    {"name": "Omega 有限公司"}, {"name": "Omega Inc", "domain": "qq.com"},
]  # fmt: skip
REGISTRATIONS = edit(
    "registrations", partner=one("p", "q"), other=one("r", "r", "s", "q"), account=one(*ACCOUNTS), registered=instant,
    other_registered=instant, status=one("submitted", "submitted", "approved", "rejected"), group=one("X", "X", "*"),
)  # fmt: skip
PURCHASE = edit(
    "purchase", code=one("E1", "E2", "B0", "B3", "B9"), buyer=partner, sku=one("P1", "P1", *PRODUCTS),
    qty=one("10", "100", "30"), day=one(*DAYS, "2025-09-28", "2025-11-15"), deal=one(None, None, "D1", "D2"),
)  # fmt: skip
BACK = edit(
    "back", code=one("T1", "T2"), of=one(*ORDERS, "V0", "V1", "B0", None), sku=one(*PRODUCTS), qty=one("1", "4", "40"),
    day=day, buyer=maybe_partner, serials=one((), ("S1",)),
)  # fmt: skip
COMMON = [
    edit("remove", what=one(*REMOVABLE)),
    edit("restore", what=one(*REMOVABLE)),
    edit("grant", code=one("g0", "g1", "g2", "g3", "g4"), partner=partner, region=one(*REGIONS),
         group=one("X", "X", "*", "Y"), start=one("2026-01-01", "2026-03-06"),
         end=one(None, "2026-03-06", "2026-04-01", "2027-01-01"),
         exclusivity=one("exclusive", "exclusive", "sole", "non_exclusive"), segment=one("*", "*", "h"),
         contract=one(None, "c"), source=one("demo", "demo", "demo", "other")),
    edit("region", code=one("A", "B", "C"), parent=one("CN", "US", None), neighbours=one((), ("A",), ("B", "C"), ("A1",))),
    edit("city", parent=one("A", "B"), neighbours=one((), ("C",))),
    edit("partner", code=one("q", "r", "s"), parent=one(None, "p"), type=one("distributor", "direct"),
         model=one("buy_sell", "buy_sell", "commission_agency"), home=one(None, "A", "B", "US")),
    edit("direct", parent=one(None, "q", "s")),
    edit("customer", code=one("K1", "K2"), region=maybe_region, segment=one(None, "h", "k"), key=one(False, False, True),
         parent=one(None, "K3"), tax_id=one(None, "t1"), domain=one(None, "www.acme.cn", "beta.co.uk"),
         name=one(None, "Acme Ltd", "Beta")),
    edit("products", group=one("X", "Y"), base=one("P1", "P1", "P2"), pack=one("12", "6", "5", "1")),
    edit("price", code=one("w1", "w2", "m1", "m2"), kind=one("wholesale", "wholesale", "map", "msrp", "factory"),
         product=one("P1", "P1", "P2"), price=one("60", "80", "100"), region=one(None, "CN", "A"),
         channel=one(None, None, "trade", "tmall"), min_units=one("0", "0", "12"), start=one("2026-01-01", "2026-03-06"),
         end=one(None, "2026-03-30"), currency=currency),
    edit("promotion", code=one("pr1", "pr2"), product=maybe_promoted, group=one(None, "X"), region=maybe_region,
         channel=one(None, "tmall"), partner=maybe_partner, floor=one(None, "60", "95"),
         days=one(("2026-03-01", "2026-03-07"), ("2026-03-06", "2026-04-10"), ("2026-04-08", "2026-04-20"))),
    edit("fx", day=one("2026-02-01", "2026-03-01", "2026-03-06"), rate=one("7", "6", "1")),
    edit("policy", number=one(1, 2), border=one(2, 12), minimum=one(2, 12), tol=one(0.01, 0.3), profile=one("CN", "EEA", "US"),
         start=one("2026-03-01", "2026-03-06"), lines=one(2, 3), gap=one(0.15, 0.4), serials=one(2, 3),
         price_rules=one(None, "case", "off"), tmall=one("consumer", "trade"), stackable=one(True, False),
         distribution=one("exclusive", "exclusive", "open"), window=one(60, 90), hours=one(24, 2000)),
]  # fmt: skip
SALES = [
    *coming_and_going("sales_order"),
    ORDER,
    ORDER,
    ORDER,
    BACK,
    RIVALS,
    PLACE,
    DEAL,
    edit("crowd", base=one("100", "50"), seller=partner, to=one("A", "B"), day=day, number=one(5, 6), channel=channel,
         odd=one(None, ("P1-12", "12", "1200"), ("P1", "1", "1200"), ("P1", "10", "500"))),
    edit("channels", day=day, to=one("A", "B", "US"), low=one("trade", "tmall", "b2b"), high=one("trade", "tmall", "jd"),
         seller=partner, price=one("70", "95"), number=one(4, 5, 5), sku=one("P2", "P2", "P1"), qty=one("1", "10", "60")),
    TWICE,
    TWICE,
]  # fmt: skip
OFFERS = [
    *coming_and_going("offer", "partner_alias"),
    edit("offer", listing=one("L1", "L2"), day=day, price=one("50", "70", "99", "100", "1200"), seller=one(*SELLERS),
         product=one(*PRODUCTS), region=maybe_region, currency=currency, source=one("demo", "other"),
         price_kind=one("advertised", "advertised", "coupon"), condition=one("new", "new", "used"), evidence=one(None, "h"),
         partner=one(None, None, None, "q", "s"), channel=one("tmall", "tmall", "jd"), tax=one(None, "0.13"),
         min_qty=one("1", "1", "2")),
    edit("listing", listing=one("L1", "L2", "L3"), seller=one(*SELLERS), days=st.lists(day, min_size=2, max_size=4),
         price=one("70", "85", "95"), product=one("P1", "P1", "P2"), region=maybe_region, evidence=one(None, "h")),
    edit("market", day=day, price=one("50", "100", "1200"), region=one("A", "US"), product=one("P1", "P1-12"),
         odd=one(None, ("P1-12", "100"), ("P1", "1200"), ("P1", "8"))),
    edit("alias", alias=one("shop p", "shop q", "shop x"), partner=partner, channel=one("*", "tmall"),
         status=one("confirmed", "confirmed", "candidate", "not_partner")),
]  # fmt: skip
STOCK = [
    *coming_and_going("inventory_month", "inventory_level", "reservation", "sales_order"),
    PURCHASE,
    PURCHASE,
    BACK,
    PLACE,
    edit("stock", partner=one("q", "q", "r"), month=one("2026-01", "2026-02", "2026-03", "2026-04"),
         opening=one("30", "5", "100"),
         sell_in=one("20", "400"), sell_out=one("0", "10", "50"), closing=one("5", "100", "445"), adjustments=one("0", "-2"),
         product=one("P1", "P1", "P1-12"), source=one("demo", "demo", "other")),
    edit("level", location=one("W", "V"), on_hand=one("0", "1", "10"), as_of=one(*STOCK_TIMES),
         product=one("P1", "P1", "P1-12"), source=one("demo", "demo", "other")),
    edit("reservation", code=one("R1", "R2", "R3"), location=one("W", "V"), qty=one("1", "8"), product=one("P1", "P1", "P1-12"),
         status=one("open", "open", "open", "cancelled"), order=one(None, "t1", "t2"),
         expires=one(None, None, "2026-04-09T00:00:00Z", "2026-06-20T00:00:00Z", "2026-07-01T00:00:00Z")),
    edit("launch", launched=one(None, "2026-02-20", "2025-06-01"), group=one("X", "X", "Y")),
    edit("dearer", kind=one("wholesale", "factory"), price=one("90", "120"), region=one("CN", "A", "US"),
         start=one("2026-03-30", "2026-05-01", "2026-05-10"), min_units=one("0", "12")),
]  # fmt: skip
CLAIMS = [
    *coming_and_going("claim", "sales_order"),
    PURCHASE,
    BACK,
    edit("claim", code=one("CL1", "CL2", "CL3", "CL4", "CL7", "CL8"), partner=one("p", "q", "q"), program=one("Q1", "Q1", "Q2"),
         product=one("P1", "P1", "P1-12", "P2"), qty=one("5", "60", "60"), amount=one("500", "500", "502"), day=day,
         kind=one("rebate", "rebate", "spif", "mdf"), currency=currency, customer=maybe_customer, invoice=invoice,
         serial=one(None, None, "S1", "S2"), status=one("submitted", "approved", "paid", "rejected", "withdrawn"),
         replaces=one(None, None, None, "CL1", "CL2")),
    edit("claims", alike=one("customer", "customer", "serial", "bill"), partner=one("p", "q"), other=one(None, None, "p", "q"),
         day=day, later=one(0, 1, 3, 4, 30), qty=one("5", "60"), customer=maybe_customer,
         kind=one("rebate", "rebate", "mdf"), status=one("submitted", "paid", "withdrawn"), program=one("Q1", "Q2")),
    edit("transfer", code=one("X1", "X2"), seller=partner, buyer=partner, qty=one("10", "40"), day=day),
]  # fmt: skip
SERIALS = [
    *coming_and_going("serial_event", "territory_grant"),
    RIVALS,
    edit("shipment", code=one("H1", "H2", "H3"), serials=one(("S1", "S2", "S3"), ("S1",), ("S4", "S5")), partner=partner,
         event=one("ship_out", "ship_out", "ship_out", "return"), day=day, lot=one(None, "L7", "L8"),
         product=one("P1", "P1", "P1-12", "P2")),
    edit("scan", code=one("C1", "C2", "C3"), serials=one(("S1", "S2", "S3"), ("S1", "S2"), ("S3", "S4", "S5")),
         region=one(*REGIONS),
         event=one("consumer_scan", "retail_scan"), day=day, accuracy=one(None, None, "3", "80")),
]  # fmt: skip
DEALS = [*[DEAL, REGISTRATIONS] * 2, *coming_and_going("deal_registration")]
# Each world keeps to one subject, so that its edits meet; what all rules hang on may change in any.
SUBJECTS = {
    "sales": SALES, "offers": OFFERS, "stock": STOCK, "claims": CLAIMS, "deals": DEALS, "serials": SERIALS,
    "all": [*SALES, *OFFERS, *STOCK, *CLAIMS, *DEALS, *SERIALS],
}  # fmt: skip


def rounds_of(subject: str, fewest: int, most: int) -> SearchStrategy[Rounds]:
    """Rounds of edits, three of four about the subject, each with the instant it is judged at and the way it is judged."""
    about = SUBJECTS[subject] * (3 * len(COMMON) // len(SUBJECTS[subject]) or 1)
    edits = st.lists(st.sampled_from([*about, *COMMON]).flatmap(lambda edit: edit), min_size=fewest, max_size=most)
    return st.lists(st.tuples(edits, st.sampled_from(TIMES), st.sampled_from(WAYS)), min_size=2, max_size=3)


ROUNDS = st.sampled_from(list(SUBJECTS)).flatmap(lambda subject: rounds_of(subject, 3, 10))


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
    await world.customer("K3", domain="gamma.cn")
    await world.customer("K1", segment="h", domain="acme.cn")
    await world.customer("K2")
    await world.location("W", region="A")
    await world.location("V", partner="q")
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
    await world.offer("L1", "2026-03-05T02:00:00Z", "70", "shop q", region="A")
    for number, qty in enumerate(("10", "12", "11", "9", "10", "12", "10", "11", "12", "40")):
        bought_on = months_later("2025-06-10", number)
        await world.order(f"B{number}", None, None, [("P1", qty, "600")], day=bought_on, kind="sell_in", buyer="r")
    await world.order("B10", None, None, [("P1", "10", "600")], day="2025-01-10", kind="sell_in", buyer="r")
    await world.order("B11", None, None, [("P1", "80", "600")], day="2026-03-30", kind="sell_in", buyer="r")
    await world.order("E1", None, None, [("P1", "20", "1200")], day="2026-03-06", kind="sell_in", buyer="q")
    await world.month("q", "2026-01", "30", "20", "10", "40")
    await world.month("q", "2026-02", "40", "20", "12", "48")
    await world.month("q", "2026-03", "48", "400", "10", "438")
    await world.claim("CL1", "q", qty="60", invoice="I1", status="paid")
    await world.deal("D1", "p", "2026-01-10T01:00:00Z", status="approved", domain="delta.cn")
    await world.deal("D2", "q", "2026-03-01T01:00:00Z", domain="www.delta.cn")
    await apply(world, "level", {"location": "W", "on_hand": "10", "as_of": STOCK_TIMES[0], "product": "P1"})
    await world.reservation("R1", "W", "8", order="t1")
    await world.reservation("R2", "W", "5", channel="tmall")
    for code in ("S1", "S2", "S3", "S4", "S5"):
        await world.serial_event(f"H0-{code}", code, "ship_out", "2026-01-05T01:00:00Z", "q", lot="L7")
        await world.serial_event(f"C0-{code}", code, "consumer_scan", "2026-03-05T07:00:00Z", region="C")
    await world.order("N-low", "p", "A", [("P2", "10", "700")] * 5, day=DAYS[2], channel="tmall")
    await world.order("N-high", "q", "A", [("P2", "100", "10000")] * 5, day=DAYS[3])
    for number in range(2):
        await world.order(f"V{number}", "q", "B", [("P1", "12", "840")], day=DAYS[2], invoice="I1", customer="K2")
        await world.claim(f"CL{5 + number}", "q", qty="5", serial="S1", day=DAYS[2 + number])
        await world.order(f"V{2 + number}", "d", "C", [("P1", "6", "600")], day=DAYS[4], customer="K2")
        await world.claim(f"CL{7 + number}", "r", program="Q2", qty="5", customer="K2", day=DAYS[2 + number])
    await world.order("M", "r", "C", [*[("P1", "1", "100")] * 5, ("P1-12", "12", "1200")], day=DAYS[4])
    await world.month("r", "2026-01", "30", "20", "10", "5")
    await world.offer("L2", "2026-03-06T02:00:00Z", "100", "shop v", region="B")


def months_later(day: str, months: int) -> str:
    """Return the same day some months on."""
    year, month = divmod(int(day[:4]) * 12 + int(day[5:7]) - 1 + months, 12)
    return f"{year}-{month + 1:02}{day[7:]}"


def resemblance(draw: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what makes two records look alike, for the first and for the second."""
    alike, customer = draw.pop("alike"), draw.pop("customer")
    first = {
        "serial": "S1" if alike == "serial" else None,
        "invoice": "I1" if alike == "bill" else None,
        "customer": "K1" if alike == "customer" else customer,
    }
    return first, first | {"invoice": "i 1" if alike == "bill" else None}


def days_later(day: str, days: int) -> str:
    """Return the day so many days on."""
    return (date.fromisoformat(day) + timedelta(days)).isoformat()


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
        case "crowd":
            odd, number, base = draw.pop("odd"), draw.pop("number"), draw.pop("base")
            lines = [("P1", "1", base)] * number
            await world.order("M", draw.pop("seller"), draw.pop("to"), lines + ([odd] if odd else []), **draw)
        case "channels":
            low, high, price, number = (draw.pop(field) for field in ("low", "high", "price", "number"))
            sku, qty, seller, to = (draw.pop(field) for field in ("sku", "qty", "seller", "to"))
            for code, kind, each in (("N-low", low, price), ("N-high", high, "100")):
                lines = [(sku, qty, str(int(qty) * int(each)))] * number
                await world.order(code, seller, to, lines, channel=kind, **draw)
        case "twice":
            first, other = resemblance(draw)
            qty, price, differs = draw.pop("qty"), draw.pop("price"), draw.pop("differs")
            sale = {"drop_ship_for": draw.pop("drop"), "serials": ("S1",) if first["serial"] else ()}
            rival, source = draw.pop("other") or draw["seller"], draw.pop("other_source")
            sale |= draw | {"customer": first["customer"]}
            lines = [("P1", "40" if differs == "qty" else qty, "700" if differs == "price" else price)]
            await world.order("V0", lines=[("P1", qty, price)], invoice=first["invoice"], **sale)
            await world.order("V1", lines=lines, invoice=other["invoice"], **sale | {"seller": rival, "source": source})
        case "back":
            of = draw.pop("of")
            line = (draw.pop("sku"), draw.pop("qty"), "1")
            back = of and (of, 1)
            await world.order(seller="p", to=None, lines=[line], kind="return", returns=back, **draw)
        case "purchase":
            line = (draw.pop("sku"), draw.pop("qty"), "1")
            await world.order(seller=None, to=None, lines=[line], kind="sell_in", **draw)
        case "transfer":
            await world.order(to=None, lines=[("P1", draw.pop("qty"), "0")], kind="transfer", **draw)
        case "remove":
            if draw["what"] in world.ids:
                await world.delete(*draw["what"])
                await settle_levels(world)
        case "registrations":
            account, rival, later = draw.pop("account"), draw.pop("other"), draw.pop("other_registered")
            await world.deal("D5", **account, **draw)
            await world.deal("D6", **account, **draw | {"partner": rival, "registered": later, "status": "submitted"})
        case "dearer":
            await world.price("w3", **draw)
        case "rivals":
            partner, other = draw.pop("partner"), draw.pop("other")
            await world.grant("g5", partner, **draw)
            await world.grant("g6", other, **draw | {"exclusivity": "exclusive", "end": None})
        case "restore":
            if draw["what"] in world.ids:
                await world.restore(*draw["what"])
                await settle_levels(world)
        case "region":
            await world.region(kind="province", **draw)
        case "city":
            await world.region("A1", draw["parent"], "city", draw["neighbours"])
        case "direct":
            await world.partner("d", "A", parent=draw["parent"], type="direct")
        case "promotion":
            start, end = draw.pop("days")
            await world.promotion(start=start, end=end, **draw)
        case "place":
            await world.location("W", **draw)
        case "products":
            await world.product("P2", draw["group"])
            await world.product("P1-12", draw["group"], draw["base"], draw["pack"])
        case "launch":
            await world.product("P1", **draw)
        case "offer":
            await world.offer(seen=f"{draw.pop('day')}T02:00:00Z", **draw)
        case "listing":
            for seen in draw.pop("days"):
                await world.offer(seen=f"{seen}T02:00:00Z", **draw)
        case "market":
            odd = draw["odd"]
            for number, seller in enumerate(SELLERS):
                product, price = odd if odd and number == 0 else (draw["product"], draw["price"])
                seen = f"{draw['day']}T03:00:00Z"
                await world.offer(f"N{number}", seen, price, seller, product=product, region=draw["region"])
        case "claims":
            first, other = resemblance(draw)
            rival, day = draw.pop("other") or draw["partner"], days_later(draw["day"], draw.pop("later"))
            claim = {"product": None if draw["kind"] == "mdf" else "P1"} | draw
            await world.claim("CL5", **claim | first)
            await world.claim("CL6", **claim | other | {"partner": rival, "day": day, "status": "submitted"})
        case "claim":
            if draw["kind"] == "mdf":
                draw |= {"product": None, "qty": None}
            await world.claim(**draw)
        case "stock":
            await world.month(**draw)
        case "level":
            await world.level(**draw)
            await settle_levels(world)
        case "shipment":
            for serial in draw["serials"]:
                await world.serial_event(
                    f"{draw['code']}-{serial}",
                    serial,
                    draw["event"],
                    f"{draw['day']}T01:00:00Z",
                    draw["partner"],
                    lot=draw["lot"],
                )
        case "scan":
            for serial in draw["serials"]:
                await world.serial_event(
                    f"{draw['code']}-{serial}",
                    serial,
                    draw["event"],
                    f"{draw['day']}T05:00:00Z",
                    region=draw["region"],
                    accuracy=draw["accuracy"],
                )
        case "fx":
            await world.fx(draw["day"], "USD", draw["rate"])
        case "policy":
            await policy(world, **draw)
        case _:
            await getattr(world, name)(**draw)


async def settle_levels(world: World) -> None:
    """Mark the newest count of each place and article, as intake does."""
    await world.run(
        """UPDATE inventory_level AS one SET is_latest = NOT EXISTS (
           SELECT 1 FROM inventory_level AS other
            WHERE (other.source_id, other.location_id, other.product_id) = (one.source_id, one.location_id, one.product_id)
              AND other.as_of > one.as_of AND other.deleted_at IS NULL)"""
    )


async def policy(world: World, **draw: Any) -> None:
    """Write a policy version."""
    profile = {draw["profile"]: {"price_rules": draw["price_rules"]}} if draw["price_rules"] else {}
    body = {
        "jurisdiction": {"regions": {"CN": draw["profile"], "US": "US"}, "profile": profile},
        "channels": {"tmall": draw["tmall"]},
        "distribution": {"X": draw["distribution"]},
        "programs": {"Q2": {"stackable": draw["stackable"]}},
        "thresholds": {
            "cross_region_sale": {"border_units": draw["border"]},
            "below_policy_offer": {"tol": draw["tol"]},
            "tier_inversion": {"min_lines": draw["lines"]},
            "cross_channel_gap": {"gap": draw["gap"]},
            "serial_diversion": {"min_serials": draw["serials"]},
            "unknown_seller": {"window_days": draw["window"]},
            "oversell": {"max_stock_age_hours": draw["hours"]},
        },
        "override": [
            {"rule": "cross_region_sale", "region": "A", "min_units": draw["minimum"]},
            {"rule": "tier_inversion", "region": "A", "product_group": "X", "tol": draw["tol"]},
            {"rule": "inventory_imbalance", "region": "B", "pct": draw["tol"]},
            {"rule": "quantity_anomaly", "region": "A", "min_units": 10 * draw["minimum"]},
            {"rule": "oversell", "region": "A", "max_stock_age_hours": draw["border"]},
            {"rule": "channel_stuffing", "product_group": "X", "months": draw["border"], "min_history": draw["lines"]},
        ],
    }
    await world.policy(draw["number"], "2026-01-01" if draw["number"] == 1 else draw["start"], **body)
