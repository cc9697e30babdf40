"""The demo world: a trade of three past months, made from a seed, clean except for what plants.py puts into it.

The same seed, day and scale give the same world. What must be found is registered where it is planted, from the
construction itself; nothing here asks a rule of the hub.
"""

from bisect import bisect
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate
from random import Random
from typing import Literal

import msgspec
from msgspec import Struct

from hub.records import (
    Customer,
    FxRate,
    InventoryLevel,
    Location,
    Offer,
    Order,
    OrderLine,
    Partner,
    PartnerAlias,
    PricePolicy,
    Product,
    Promotion,
    Region,
    TerritoryGrant,
)
from hub.records.price_policy import PriceKind
from jobs.demo.atlas import (
    CN,
    DEALER,
    DEALERS,
    ERP_SELLER,
    GROUPS,
    HOLDINGS,
    REGIONS,
    SHOP_SELLER,
    US,
    Dealer,
    Market,
    market_of,
)

CENT = Decimal("0.01")
WHOLESALE, TRADE, MAP = Decimal("0.62"), Decimal("0.70"), Decimal("0.90")  # shares of the recommended price
SKUS, LINES, SHOP_LINES, ERP_LINES = 2000, 20000, 3000, 3000
PLANTED_SKUS = 80
PRICES: tuple[tuple[PriceKind, Decimal], ...] = (("map", MAP), ("wholesale", WHOLESALE))
OBSERVED_ON = (5, 12, 19, 26)
SOURCE = {"shop": "shop", "erp": "erp"}


class Plant(Struct, frozen=True):
    """What must come of something planted: a finding of this class, or with `classification` None none at all.

    `parts` are the grain of the rule. A look-alike is a plant that no full class may be made of.
    """

    rule: str
    parts: tuple[str, ...]
    classification: str | None
    story: str
    full: bool = False
    mode: Literal["case", "observe"] = "case"

    @property
    def conflict(self) -> bool:
        """Say whether this has to be found; the unit doctor's findings count although none is of a full class."""
        return self.full or (self.rule == "unit_mapping_suspect" and self.classification is not None)


class Article(Struct, frozen=True):
    """A base article with its packs and its recommended price in dollars."""

    sku: str
    group: str
    price: Decimal
    packs: tuple[int, ...] = ()

    def list_price(self, market: Market) -> Decimal:
        """Return the recommended price in the market's money."""
        return cents(self.price / Decimal(market.rate))

    def pack(self, units: int) -> str:
        """Return the SKU that holds so many units."""
        return self.sku if units == 1 else f"{self.sku}-{units}"


class World(Struct):
    """Everything the sandbox sources hold, and what the hub must make of it."""

    seed: int
    today: date
    months: tuple[date, date, date]
    regions: list[Region] = []
    partners: list[Partner] = []
    aliases: list[PartnerAlias] = []
    customers: list[Customer] = []
    products: list[Product] = []
    locations: list[Location] = []
    grants: list[TerritoryGrant] = []
    prices: list[PricePolicy] = []
    promotions: list[Promotion] = []
    rates: list[FxRate] = []
    offers: list[Offer] = []
    levels: list[InventoryLevel] = []
    orders: list[Order] = []
    plants: list[Plant] = []

    def orders_of(self, source: str) -> list[Order]:
        """Return the orders one source delivers: `brand` (the sheets), `shop` or `erp`."""
        return [order for order in self.orders if source_of(order.seller) == source]


def source_of(seller: str | None) -> str:
    """Return the source that delivers a seller's orders."""
    return SOURCE.get(DEALER[seller].delivers_in, "brand") if seller else "brand"


def cents(amount: Decimal) -> Decimal:
    """Round money to two decimals."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def month_before(day: date, count: int) -> date:
    """Return the first day of the month so many months before the day's own."""
    months = day.year * 12 + day.month - 1 - count
    return date(months // 12, months % 12 + 1, 1)


class Maker:
    """Makes a world step by step. Draws from one generator, so the order of the steps is part of the seed's meaning."""

    def __init__(self, seed: int, today: date, scale: float = 1) -> None:
        self.random = Random(seed)  # noqa: S311 - a repeatable world, no secrets
        self.scale = scale
        self.world = World(seed, today, (month_before(today, 3), month_before(today, 2), month_before(today, 1)))
        self.since = month_before(today, 15)
        self.articles: list[Article] = []
        self.weights: list[float] = []
        self.article_of: dict[str, Article] = {}
        self.customers_of: dict[str, list[Customer]] = {}
        self.numbers: dict[str, int] = {}
        self.lines = 0

    # The masters

    def masters(self) -> None:
        """Everything that is there before anything is sold."""
        self.places()
        self.assortment()
        self.clientele()
        self.money()

    def places(self) -> None:
        """Regions, partners, the grants that hold throughout, and a few stock places."""
        world = self.world
        world.regions = list(REGIONS)
        world.partners = [dealer.partner() for dealer in DEALERS]
        for holding in HOLDINGS:
            for region in holding.regions:
                self.grant(holding.partner, region, exclusivity=holding.exclusivity, product_group=holding.product_group)
        for dealer in DEALERS:
            if dealer.turf:
                world.locations.append(
                    Location(code=f"WH-{dealer.code}", name=f"{dealer.name} 1", partner=dealer.code, region=dealer.home)
                )
        world.locations.append(Location(code="WH-HUBCO-US", name="Hubco Chicago", region="US-IL"))
        world.locations.append(Location(code="WH-HUBCO-CN", name="好博科上海仓", region="CN-SH"))

    def assortment(self) -> None:
        """Base articles and packs of ordinary trade; some popular, most rarely sold."""
        wanted = max(100, int(SKUS * self.scale)) - PLANTED_SKUS
        while len(self.world.products) < wanted:
            packs = self.random.choice(((), (), (12,), (24,), (12, 24)))
            self.article(GROUPS[len(self.articles) % len(GROUPS)], packs)
        self.weights = list(accumulate(1 / (rank + 20) for rank in range(len(self.articles))))

    def article(self, group: str, packs: tuple[int, ...] = (), *, ordinary: bool = True) -> Article:
        """Add a base article, its packs and its prices; one that is not ordinary is sold by plants alone."""
        world = self.world
        number = self.number("article")
        price = cents(Decimal(self.random.randint(600, 30000)) / 100)
        article = Article(f"{group[0].upper()}{number:04d}", group, price, packs)
        name = f"{group[:-1].capitalize()} {number}"
        cost = cents(price * Decimal("0.4"))
        launched = self.since - timedelta(days=self.random.randint(10, 900))
        for units in (1, *packs):
            world.products.append(
                Product(
                    sku=article.pack(units),
                    name=name if units == 1 else f"{name}, {units} pack",
                    base_sku=article.sku,
                    units_per_pack=Decimal(units),
                    product_group=group,
                    brand="Hubco",
                    unit_cost=cost,
                    cost_currency="USD",
                    launched_on=launched,
                )
            )
        for market in (US, CN):
            base = article.list_price(market)
            for kind, share in PRICES:
                world.prices.append(
                    PricePolicy(
                        policy_id=f"{kind}-{market.region}-{article.sku}".upper(),
                        kind=kind,
                        sku=article.sku,
                        unit_price=cents(base * share),
                        currency=market.currency,
                        valid_from=self.since,
                        region=market.region,
                    )
                )
        if ordinary:
            self.articles.append(article)
        self.article_of[article.sku] = article
        return article

    def clientele(self) -> None:
        """Customers of every place where somebody sells."""
        for region in REGIONS:
            if region.code in {"US", "CN", "EU"}:
                continue
            self.customers_of[region.code] = [
                self.customer(region.code, segment=self.random.choice((None, "industry", "municipal", "retail")))
                for _ in range(max(3, int(24 * self.scale)))
            ]

    def customer(
        self, region: str | None, *, segment: str | None = None, key_account: bool = False, partner: str | None = None
    ) -> Customer:
        """Add a customer, which takes no part in ordinary trade of itself."""
        number = self.number("customer")
        words = CHINESE if (region or "").startswith("CN") else ENGLISH
        name = f"{self.random.choice(words[0])}{self.random.choice(words[1])}{self.random.choice(words[2])} {number}"
        customer = Customer(
            code=f"C{number:05d}",
            name=name,
            kind="account",
            segment=segment,
            region=region,
            partner=partner,
            key_account=key_account,
        )
        self.world.customers.append(customer)
        return customer

    def money(self) -> None:
        """A rate a day for each currency, hardly moving."""
        for currency, rate in (("CNY", "0.14"), ("EUR", "1.08"), ("CAD", "0.72")):
            day = self.world.months[0] - timedelta(days=5)
            while day <= self.world.today:
                drift = Decimal(self.random.randint(-40, 40)) / 10000
                value = (Decimal(rate) * (1 + drift)).quantize(Decimal("0.000001"))
                self.world.rates.append(FxRate(date=day, currency=currency, rate=value))
                day += timedelta(days=1)

    def stock(self) -> None:
        """A level for a part of the assortment at every stock place."""
        as_of = datetime.combine(self.world.today, time(1), UTC)
        for location in self.world.locations:
            for article in self.random.sample(self.articles, min(len(self.articles), max(5, int(60 * self.scale)))):
                self.world.levels.append(
                    InventoryLevel(
                        location=location.code, sku=article.sku, as_of=as_of, on_hand=Decimal(self.random.randint(5, 400))
                    )
                )

    def grant(
        self,
        partner: str,
        region: str,
        *,
        exclusivity: Literal["exclusive", "sole", "non_exclusive"] = "exclusive",
        product_group: str = "*",
        segment: str = "*",
        since: date | None = None,
        until: date | None = None,
        contract: bool = True,
    ) -> str:
        """Add a territory grant and return its number."""
        grant_id = f"G{self.number('grant'):03d}"
        self.world.grants.append(
            TerritoryGrant(
                grant_id=grant_id,
                partner=partner,
                region=region,
                exclusivity=exclusivity,
                valid_from=since or self.since,
                product_group=product_group,
                segment=segment,
                valid_to=until,
                contract_ref=f"AG-{partner}-{grant_id}" if contract else None,
            )
        )
        return grant_id

    # Trade

    def trade(self) -> None:
        """Ordinary sales until every source has its share of the lines, less what the plants brought."""
        sheets = [dealer for dealer in DEALERS if dealer.weight]
        weights = [dealer.weight for dealer in sheets]
        shop, erp = DEALER[SHOP_SELLER], DEALER[ERP_SELLER]
        for dealer, lines in ((shop, SHOP_LINES), (erp, ERP_LINES)):
            self.sell_lines([dealer], [1], int(lines * self.scale))
        self.purchases(int(1200 * self.scale))
        self.sell_lines(sheets, weights, int(LINES * self.scale) - self.lines)

    def sell_lines(self, dealers: list[Dealer], weights: list[float], count: int) -> None:
        """Let the dealers sell within their turf until so many lines are sold; now and then something comes back."""
        enough = self.lines + count
        while self.lines < enough:
            dealer = self.random.choices(dealers, weights)[0]
            order = self.sell(dealer, self.random_day())
            if dealer.delivers_in not in SOURCE and self.random.random() < 0.03:
                self.take_back(order)

    def sell(self, dealer: Dealer, day: date) -> Order:
        """One ordinary order: a customer of the dealer's turf, one to five articles, prices of the trade."""
        draw = self.random
        region = draw.choice(dealer.turf)
        market = market_of(region)
        customer = draw.choice(self.customers_of[region])
        consumer = draw.random() < 0.12
        chosen = {self.popular().sku: None for _ in range(1 if consumer else draw.randint(1, 5))}
        lines = []
        for number, sku in enumerate(chosen, 1):
            article = self.article_of[sku]
            units = draw.choice((1, *article.packs))
            share = Decimal(draw.randint(93, 100)) / 100 if consumer else TRADE * draw.randint(97, 108) / 100
            price = cents(article.list_price(market) * share * units)
            qty = 1 if consumer else draw.choice((1, 2, 2, 3, 4, 5, 8, 10)) if units > 1 else draw.choice((2, 4, 5, 8, 10, 20))
            lines.append(line(number, article.pack(units), qty, price))
        return self.order(
            dealer.code,
            day,
            lines,
            currency=market.currency,
            customer=customer.code,
            channel=market.consumer_channel if consumer else "trade",
            ship_to_region=region,
            invoice=draw.random() < 0.8,
            initiated=draw.choice(("active", "unknown")),
        )

    def purchases(self, count: int) -> None:
        """What the dealers buy from the brand."""
        buyers = [dealer for dealer in DEALERS if dealer.turf and not dealer.parent]
        enough = self.lines + count
        while self.lines < enough:
            buyer = self.random.choice(buyers)
            market = market_of(buyer.home)
            lines = []
            for number in range(1, self.random.randint(4, 12)):
                article = self.popular()
                price = cents(article.list_price(market) * Decimal("0.5"))
                lines.append(line(number, article.sku, self.random.choice((20, 40, 60, 100)), price))
            self.order(
                None,
                self.random_day(),
                lines,
                currency=market.currency,
                buyer=buyer.code,
                kind="sell_in",
                ship_to_region=buyer.home,
                invoice=True,
            )

    def take_back(self, order: Order, qty: Decimal | None = None) -> Order:
        """The first line of an order comes back, all of it or so many."""
        sold = order.lines[0]
        back = qty or sold.qty
        returned = msgspec.structs.replace(
            sold, number=1, qty=back, amount=cents(sold.amount * back / sold.qty), return_of=(order.number, sold.number)
        )
        return self.order(
            order.seller,
            min(order.ordered_on + timedelta(days=6), self.world.today),
            [returned],
            currency=order.currency,
            customer=order.customer,
            kind="return",
            ship_to_region=order.ship_to_region,
        )

    def order(
        self,
        seller: str | None,
        day: date,
        lines: Iterable[OrderLine],
        *,
        currency: str,
        customer: str | None = None,
        buyer: str | None = None,
        channel: str = "trade",
        kind: Literal["sell_in", "sell_out", "return", "transfer"] = "sell_out",
        ship_to_region: str | None = None,
        ship_to_location: str | None = None,
        drop_ship_for: str | None = None,
        initiated: Literal["active", "passive", "unknown"] = "unknown",
        invoice: bool = False,
    ) -> Order:
        """Add an order under the next number of its book."""
        source = source_of(seller)
        book = {"shop": "W", "erp": "HT"}.get(source, seller or "HUBCO")
        number = f"{book}-{self.number(book):05d}"
        if source in SOURCE:  # these systems number the lines of all their orders in one row
            lines = [msgspec.structs.replace(sold, number=self.number(f"{source} line")) for sold in lines]
        order = Order(
            number=number,
            kind=kind,
            ordered_on=day,
            currency=currency,
            lines=tuple(lines),
            placed_at=datetime.combine(day, time(12), UTC) + timedelta(seconds=self.numbers[book] % 7200),
            seller=seller,
            buyer_partner=buyer,
            customer=customer,
            channel=channel,
            invoice_ref=f"INV-{number}" if invoice else None,
            initiated=initiated,
            drop_ship_for=drop_ship_for,
            ship_to_region=ship_to_region,
            ship_to_location=ship_to_location,
        )
        self.world.orders.append(order)
        self.lines += len(order.lines)
        return order

    def go_on(self, seller: str, day: date, *, stray: bool) -> list[Order]:
        """Sell again on a day what was sold before; with `stray` also something that went where another holds the place."""
        strayed = {plant.parts[1] for plant in self.world.plants if plant.full and plant.rule == "cross_region_sale"}
        planted = {plant.parts[1] for plant in self.world.plants}
        before = [order for order in self.world.orders if order.seller == seller and order.kind == "sell_out"]
        ordinary = [order for order in before if order.number not in planted and order.customer]
        again = self.random.sample(ordinary, self.random.randint(1, 3))
        if stray:
            again.append(self.random.choice([order for order in before if order.number in strayed]))
        return [
            self.order(
                seller,
                day,
                order.lines,
                currency=order.currency,
                customer=order.customer,
                channel=order.channel,
                ship_to_region=order.ship_to_region,
                invoice=order.invoice_ref is not None,
                initiated=order.initiated,
            )
            for order in again
        ]

    # Public offers

    def listings(self) -> None:
        """Listings of sellers the masters know and some they do not, seen weekly, never below the advertised minimum."""
        sellers = [
            (US, "amazon", "Tool Barn Online"),
            (US, "amazon", "ClickParts"),
            (US, "ebay", "clickparts_outlet"),
            (US, "amazon", "Bay State Store"),
            (US, "ebay", "flow-supply-99"),
            (CN, "tmall", "尚品旗舰店"),
            (CN, "tmall", "易购五金"),
            (CN, "jd", "易购五金"),
            (CN, "jd", "华茂官方店"),
            (CN, "pdd", "小五金直销"),
        ]
        for number in range(max(10, int(120 * self.scale))):
            market, channel, seller = sellers[number % len(sellers)]
            article = self.random.choice(self.articles)
            for month in self.world.months:
                for day in OBSERVED_ON:
                    share = MAP * self.random.randint(100, 112) / 100 + Decimal("0.001")
                    self.offer(
                        f"{channel}-{number:04d}", month.replace(day=day), market, channel, seller, article.sku,
                        cents(article.list_price(market) * share),
                    )  # fmt: skip

    def offer(
        self, listing: str, day: date, market: Market, channel: str, seller: str, sku: str, price: Decimal, **more: object
    ) -> Offer:
        """Add one observation of a listing; `more` are further fields of the record."""
        fields: dict[str, object] = {
            "region": market.region,
            "currency": market.currency,
            "url": f"https://{channel}.example.com/{listing}",
            "evidence_hash": f"{self.world.seed:x}{listing}{day:%Y%m%d}".replace("-", ""),
            "basis": "public page",
        }
        observed = Offer(
            listing_id=listing,
            observed_at=datetime.combine(day, time(9), UTC),
            seller=seller,
            channel=channel,
            sku=sku,
            price=price,
            **(fields | more),  # type: ignore[arg-type]
        )
        self.world.offers.append(observed)
        return observed

    # Chance

    def number(self, book: str) -> int:
        """Return the next number of a book, from 1."""
        self.numbers[book] = self.numbers.get(book, 0) + 1
        return self.numbers[book]

    def popular(self) -> Article:
        """Return an ordinary article, popular ones more often."""
        return self.articles[bisect(self.weights, self.random.random() * self.weights[-1])]

    def random_day(self) -> date:
        """Return a day of the three months."""
        first, last = self.world.months[0], month_before(self.world.today, 0)
        return first + timedelta(days=self.random.randrange((last - first).days))


def line(number: int, sku: str, qty: int | Decimal, price: Decimal) -> OrderLine:
    """Return a delivered line of so many at this price."""
    return OrderLine(number=number, sku=sku, qty=Decimal(qty), amount=cents(price * qty), status="delivered")


ENGLISH = (
    ("North", "Blue", "Summit", "Union", "Prairie", "Granite", "Maple", "Liberty", "Falcon", "Harvest", "Copper", "Lake"),
    (" Valley", " River", " Street", " Ridge", " Point", " Field", " Harbor", " Creek", " County", " Park"),
    (" Water Works", " Dairy", " Brewing", " Foods", " Mills", " Plastics", " Builders", " Paper", " Labs", " School"),
)
CHINESE = (
    ("东方", "恒信", "金桥", "瑞丰", "华盛", "新光", "泰和", "宏达", "长兴", "明德", "天元", "百川"),
    ("建设", "机械", "食品", "纺织", "化工", "水务", "电子", "包装", "制药", "造纸"),
    ("有限公司", "集团", "工厂", "股份有限公司", "经营部"),
)
