"""Channels of one market whose prices lie far apart."""

from datetime import timedelta

from benchmarks.conflicts.book import Cell
from benchmarks.conflicts.maker import FOREIGN_RATE, SOURCE, TAX, Article, Maker, later, month

RULE = "cross_channel_gap"


def plant(maker: Maker) -> None:
    """Plant one of each kind."""
    for low, high, recipe in (("tmall", "trade", "a shop far below trade"), ("jd", "tmall", "two shops far apart")):
        week = Week(maker)
        week.sell(high, 100)
        week.sell(low, maker.chance.choice((60, 65, 70, 75, 80)))
        maker.conflict(RULE, week.key(low, high), "gap", recipe)

    week = Week(maker)
    week.sell("trade", 70)
    week.sell("tmall", 100)
    maker.look_alike(RULE, week.key("trade", "tmall"), "trade_below_consumer")

    week = Week(maker)
    week.sell("trade", 100)
    week.sell("tmall", 70, lines=4)
    maker.look_alike(RULE, week.key("tmall", "trade"), "few_lines")

    week = Week(maker)
    week.sell("trade", 100)
    week.sell("tmall", 70, qty=48)
    maker.look_alike(RULE, week.key("tmall", "trade"), "consumer_bulk")

    week = Week(maker)
    week.sell("jd", 125, tax_included=True, tax_rate=TAX)
    week.sell("tmall", 100)
    maker.look_alike(RULE, week.key("tmall", "jd"), "tax_included")

    week = Week(maker)
    week.sell("jd", 100)
    week.sell("tmall", 100, rate=FOREIGN_RATE, currency=maker.foreign)
    maker.look_alike(RULE, week.key("tmall", "jd"), "currency")

    week = Week(maker)
    maker.book.add(
        "promotions", promotion_id=maker.name("PR"), sku=week.article.sku, channel="tmall", valid_from=week.monday,
        valid_to=later(week.monday, 7),
    )  # fmt: skip
    week.sell("trade", 100)
    week.sell("tmall", 70)
    maker.look_alike(RULE, week.key("tmall", "trade"), "promotion")

    week = Week(maker)
    week.sell("trade", 100)
    for order, amount in week.sell("tmall", 70):
        maker.returned(order, week.place.partner, week.article.sku, 1, amount, later(week.day, 2))
    maker.look_alike(RULE, week.key("tmall", "trade"), "returned_goods")

    week = Week(maker)
    week.sell("trade", 100, lines=8)
    week.sell("tmall", 100, pack=12)
    maker.look_alike(RULE, week.key("tmall", "trade"), "pack_factor")
    unit = (SOURCE, week.article.pack(12), "per_unit_too_low", "12", month(week.day))
    maker.conflict("unit_mapping_suspect", unit, "pack_factor", "packs of a shop booked as pieces")


class Week:
    """Sales of one article in one place and week, all on its Wednesday."""

    def __init__(self, maker: Maker) -> None:
        self.maker = maker
        self.place = maker.place()
        self.article: Article = maker.article(12)
        day = maker.ground.day(2, 10)
        self.monday = day - timedelta(days=day.weekday())
        self.day = later(self.monday, 2)

    def sell(
        self, channel: str, share: int, *, lines: int = 6, qty: int = 1, rate: int = 1, pack: int = 1, **cells: Cell
    ) -> list[tuple[str, str]]:
        """Sell at a share of the article's price for a piece or a pack; return the orders with their amounts."""
        sku = self.article.sku if pack == 1 else self.article.pack(pack)
        amount = f"{qty * self.article.price * share / 100 / rate:.2f}"
        seller, region = self.place.partner, self.place.code
        return [
            (self.maker.sale(seller, region, sku, qty, amount, self.day, channel=channel, **cells), amount)
            for _ in range(lines)
        ]

    def key(self, low: str, high: str) -> tuple[str, ...]:
        """Return the key of a gap between two channels."""
        year, week, _ = self.day.isocalendar()
        return (self.article.sku, self.place.market, f"{year}-W{week:02}", low, high)
