"""Planted sales across territories, and sales that only look so.

Each says in a sentence why it is what it is; that sentence is all the expectation rests on.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from hub.records import Location, Order
from jobs.demo.atlas import RESERVED_GROUP, market_of
from jobs.demo.units import expect_below
from jobs.demo.world import TRADE, WHOLESALE, Article, Maker, Plant, World, cents, line, source_of

RULE = "cross_region_sale"


def plant_sales(maker: Maker) -> None:
    """Plant the conflicts and look-alikes of sales."""
    for planting in (far_sales, border_sales, entitled_sales, passive_sales, dated_sales):
        planting(maker)


def sale(
    maker: Maker,
    seller: str,
    region: str,
    article: Article,
    units: int,
    day: date,
    story: str,
    *,
    holders: tuple[str, ...] = (),
    expect: str | None = "suspected",
    pack: int = 1,
    share: Decimal = TRADE,
    **order: Any,
) -> Order:
    """Plant one sale of so many base units; one finding is expected for each holder, none without."""
    market = market_of(region)
    price = cents(article.list_price(market) * share * pack)
    customer = order.pop("customer", None) or maker.customers_of[region][0].code
    sold = maker.order(
        seller,
        day,
        [line(1, article.pack(pack), units // pack, price)],
        currency=market.currency,
        customer=customer,
        ship_to_region=order.pop("ship_to_region", region),
        invoice=order.pop("invoice", True),
        **order,
    )
    for holder in holders or ("",):
        register_sale(maker.world, sold, holder, expect if holders else None, story)
    return sold


def register_sale(world: World, sold: Order, holder: str, expect: str | None, story: str) -> None:
    """Say what must come of a planted sale."""
    parts = (source_of(sold.seller), sold.number, str(sold.lines[0].number), holder)
    world.plants.append(Plant(RULE, parts, expect, story, full=expect == "suspected"))


def far_sales(maker: Maker) -> None:
    """Goods sold into a place that another partner holds, in every source and both markets."""
    first, second, third = maker.world.months
    pick = maker.popular
    gauge = maker.article(RESERVED_GROUP, (24,), ordinary=False)
    sensor = next(article for article in maker.articles if article.group == "sensors")
    dear = sorted(maker.articles, key=lambda article: article.price)[-len(maker.articles) // 8 :]
    far = (
        ("US-LONESTAR", "US-CA", "US-PACIFIC", second, {9: 160, 17: 120}),
        ("US-CASCADE", "US-CA", "US-PACIFIC", third, {4: 320, 11: 240}),
        ("US-CASCADE", "US-CA-LA", "US-PACIFIC", second, {20: 180}),
        ("US-CASCADE", "US-CO", "US-ROCKIES", second, {8: 36}),
        ("GD-HENGTONG", "CN-SH", "SH-HUAMAO", third, {3: 480, 16: 360}),
        ("GD-HENGTONG", "CN-ZJ-HZ", "ZJ-ZHEDA", first, {21: 48}),
        ("SD-QILU", "CN-BJ", "BJ-JINGWEI", second, {6: 160}),
        ("US-DIRECT", "US-MA", "US-BAYSTATE", third, {8: 90}),
        ("SH-PUDONG", "CN-GD", "GD-HENGTONG", first, {15: 70}),
    )
    for seller, region, holder, month, sales in far:
        article = maker.random.choice(dear)
        for number, units in sales.items():
            story = f"{seller} delivers to {region}, held by {holder}"
            sale(maker, seller, region, article, units, month.replace(day=number), story, holders=(holder,))
    for _ in range(2):
        sale(
            maker, "US-OHIOVAL", "US-MA", sensor, 30, third.replace(day=12), "two alike on one day are two findings",
            holders=("US-BAYSTATE",),
        )  # fmt: skip
    for number in (2, 6, 10, 14, 18, 22):
        sale(
            maker, "BJ-JINGWEI", "CN-SC", gauge, 3, second.replace(day=number), "six sales of three make eighteen in the month",
            holders=("SC-SHUDAO",),
        )  # fmt: skip
    sale(maker, "US-EMPIRE", "US-NY", gauge, 200, second.replace(day=5), "the holder sells 200 at home", expect=None)
    sale(
        maker, "US-SUNBELT", "US-NY", gauge, 6, second.replace(day=13), "only six, but three in a hundred of the holder's",
        holders=("US-EMPIRE",),
    )  # fmt: skip
    sale(
        maker, "US-ROCKIES", "US-TX", gauge, 24, third.replace(day=19), "one pack is 24 units",
        holders=("US-LONESTAR",), pack=24,
    )  # fmt: skip
    returned = sale(
        maker, "US-EMPIRE", "US-FL", pick(), 40, second.replace(day=7), "ten of forty came back, thirty stayed",
        holders=("US-SUNBELT",),
    )  # fmt: skip
    maker.take_back(returned, Decimal(10))
    sale(
        maker, "US-SONORAN", "US-FL", pick(), 36, first.replace(day=23), "delivered for a third partner, not for the holder",
        holders=("US-SUNBELT",), drop_ship_for="US-BAYSTATE",
    )  # fmt: skip


def border_sales(maker: Maker) -> None:
    """Next door a little is natural at a fair price; much of it, or at a price below wholesale, is not."""
    first, second, third = maker.world.months
    gauge = maker.article(RESERVED_GROUP, (12,), ordinary=False)
    for seller, region, holder, units, day in (
        ("US-SONORAN", "US-CA", "US-PACIFIC", 8, first.replace(day=12)),
        ("US-CASCADE", "US-CA", "US-PACIFIC", 8, first.replace(day=14)),
        ("GD-HENGTONG", "CN-FJ", "FJ-MINNAN", 6, second.replace(day=18)),
        ("ZJ-ZHEDA", "CN-SH", "SH-HUAMAO", 12, first.replace(day=9)),
        ("JS-SUYUAN", "CN-SD", "SD-QILU", 4, third.replace(day=22)),
    ):
        sale(
            maker, seller, region, gauge, units, day, "a little, next door, at a fair price",
            holders=(holder,), expect="natural",
        )  # fmt: skip
    sale(
        maker, "US-SONORAN", "US-CA", gauge, 20, third.replace(day=3), "next door, but more than twelve in the month",
        holders=("US-PACIFIC",),
    )  # fmt: skip
    story = "next door and little, but a tenth below wholesale"
    cheap = sale(
        maker, "JS-SUYUAN", "CN-SH", gauge, 12, third.replace(day=10), story,
        holders=("SH-HUAMAO",), share=WHOLESALE * Decimal("0.9"),
    )  # fmt: skip
    expect_below(maker, cheap, "observe", story)
    sale(
        maker, "US-BAYSTATE", "US-FL", gauge, 5, first.replace(day=6), "five, and the holder sold none to compare with",
        holders=("US-SUNBELT",), expect="minor",
    )  # fmt: skip
    sale(
        maker, "US-MICHIANA", "US-NY", gauge, 1, second.replace(day=25), "one, where the holder sold two hundred",
        holders=("US-EMPIRE",), expect="minor",
    )  # fmt: skip


def entitled_sales(maker: Maker) -> None:
    """Sales outside of the seller's turf that are as they should be."""
    _, second, third = maker.world.months
    pick, world = maker.popular, maker.world
    day = second.replace(day=11)

    def clean(seller: str, region: str, units: int, story: str, **order: Any) -> Order:
        return sale(maker, seller, region, pick(), units, day, story, expect=None, **order)

    account = maker.customer("US-CA", key_account=True)
    clean("US-LONESTAR", "US-CA", 70, "the customer is a key account, bought centrally", customer=account.code)
    account = maker.customer("CN-SH", key_account=True)
    clean("SD-QILU", "CN-SH", 70, "the customer is a key account, bought centrally", customer=account.code)
    depot = Location(code="3PL-RENO", name="Reno Third-Party Depot", kind="third_party", region="US-CA")
    world.locations.append(depot)
    clean("US-OHIOVAL", "US-CA", 90, "delivered to a third party's warehouse, not to a customer", ship_to_location=depot.code)
    netted = clean("US-EMPIRE", "US-CO", 30, "all of it came back")
    maker.take_back(netted)
    netted = clean("HE-YANZHAO", "CN-GD", 30, "all of it came back")
    maker.take_back(netted)
    clean("US-LONESTAR", "US-NY", 44, "delivered on behalf of the holder", drop_ship_for="US-EMPIRE")
    clean("FJ-MINNAN", "CN-SD", 44, "delivered on behalf of the holder", drop_ship_for="SD-QILU")
    clean("US-PACIFIC", "US-WA", 52, "the holder itself is the buyer", buyer="US-CASCADE")
    clean("US-OHIOVAL", "US-NY", 52, "the buyer is a dealer of the holder", buyer="US-HUDSON")
    itself = maker.customer("CN-SC", partner="SC-SHUDAO")
    clean("HB-CHUTIAN", "CN-SC", 52, "the customer is the holder under its customer number", customer=itself.code)
    clean("US-LAKES", "US-MI", 60, "the seller stands above the holder in the tree")
    clean("JS-SUYUAN", "CN-JS-SZ", 60, "the seller stands above the holder in the tree")
    clean("US-DIRECT", "US-CO", 55, "the brand's own sale where the holder is sole, not exclusive")
    clean("CN-DIRECT", "CN-CQ", 55, "the brand's own sale where the holder is sole, not exclusive")
    clean("US-LONESTAR", "US-TN", 48, "an open territory: nobody holds it alone")
    clean("GD-HENGTONG", "CN-HN", 48, "an open territory: nobody holds it alone")
    unsent = clean("US-LONESTAR", "US-FL", 33, "the line was cancelled")
    cancel(world, unsent)
    clean("US-LONESTAR", "US-MA", 15, "moved between partners without a sale", kind="transfer", buyer="US-BAYSTATE")
    lost = maker.customer(None)
    clean("US-LONESTAR", "US-NY", 26, "nobody knows where it went", customer=lost.code, ship_to_region=None)
    for seller, region in (("US-LONESTAR", "US-AK"), ("SC-SHUDAO", "CN-XZ")):
        sale(
            maker, seller, region, pick(), 28, third.replace(day=5), "nobody serves this place: an opening, not a clash",
            holders=("-",), expect="benign",
        )  # fmt: skip


def cancel(world: World, order: Order) -> None:
    """Mark all lines of the latest order as cancelled."""
    assert world.orders[-1] is order
    lines = tuple(msgspec.structs.replace(sold, status="cancelled") for sold in order.lines)
    world.orders[-1] = msgspec.structs.replace(order, lines=lines)


def passive_sales(maker: Maker) -> None:
    """The customer came by itself; in the EU an order of unknown origin is read so."""
    first, second, _ = maker.world.months
    for seller, region, holder, initiated in (
        ("US-BAYSTATE", "US-CA", "US-PACIFIC", "passive"),
        ("SH-HUAMAO", "CN-BJ", "BJ-JINGWEI", "passive"),
        ("DE-NORD", "FR", "FR-OUEST", "unknown"),
    ):
        sale(
            maker, seller, region, maker.popular(), 25, first.replace(day=18), "the customer asked for it unsolicited",
            holders=(holder,), expect="passive_info", initiated=initiated,
        )  # fmt: skip
    sale(
        maker, "DE-SUED", "FR", maker.popular(), 40, second.replace(day=18), "actively sold across the border in the EU",
        holders=("FR-OUEST",), initiated="active",
    )  # fmt: skip


def dated_sales(maker: Maker) -> None:
    """Grants that change hands, carve-outs and segments."""
    _, second, third = maker.world.months
    pick = maker.popular
    sensor = [article for article in maker.articles if article.group == "sensors"][1]
    change = second.replace(day=15)
    maker.grant("US-BASIN", "US-NV", until=change)
    maker.grant("US-SONORAN", "US-NV", since=change)
    sale(
        maker, "US-BASIN", "US-NV", pick(), 30, change - timedelta(days=1), "the last day of the old grant", expect=None,
    )  # fmt: skip
    sale(
        maker, "US-BASIN", "US-NV", pick(), 30, change, "the end of a grant is the first day without it",
        holders=("US-SONORAN",),
    )  # fmt: skip
    sale(maker, "US-SONORAN", "US-NV", pick(), 30, change, "the first day of the new grant", expect=None)
    sale(
        maker, "US-PACIFIC", "US-CA-SF", sensor, 30, third.replace(day=9), "a city and group cut out of the state's grant",
        holders=("US-BAYAREA",),
    )  # fmt: skip
    hospital = maker.customer("US-IL", segment="hospital")
    sale(
        maker, "US-LAKES", "US-IL", sensor, 24, third.replace(day=13), "hospitals are held by another partner",
        holders=("US-CLINIC",), customer=hospital.code,
    )  # fmt: skip
    sale(
        maker, "US-CLINIC", "US-IL", sensor, 24, third.replace(day=13), "its own segment", expect=None, customer=hospital.code,
    )  # fmt: skip
    unknown = maker.customer("US-IL", segment=None)
    sale(
        maker, "US-CLINIC", "US-IL", sensor, 16, third.replace(day=14), "the segment is unknown, so the seller is believed",
        expect=None, customer=unknown.code,
    )  # fmt: skip
    for region, seller in (("US-GA", "US-LONESTAR"), ("US-GA", "US-PEACH")):
        outsider = seller == "US-LONESTAR"
        sale(
            maker, seller, region, pick(), 30, third.replace(day=20), "two partners hold the place: settle the grants first",
            holders=("US-SUNBELT", "US-PEACH") if outsider else (), expect="territory_disputed" if outsider else None,
        )  # fmt: skip
