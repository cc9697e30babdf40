"""Purchases far above what a partner usually buys."""

from collections.abc import Sequence

from benchmarks.conflicts.book import Cell
from benchmarks.conflicts.infrastructure import DIRECT
from benchmarks.conflicts.maker import Article, Maker, instant, later, month

RULE = "quantity_anomaly"
MONTH = 2  # months before the end that the unusual purchase lies in
USUAL = (10, 12, 11, 9, 10, 12, 11)


class Buyer:
    """A partner and what it bought of an article in the months before."""

    def __init__(self, maker: Maker, usual: Sequence[int] = USUAL) -> None:
        self.maker = maker
        self.partner = maker.place().partner
        self.article: Article = maker.article()
        for back, units in enumerate(reversed(usual), start=MONTH + 1):
            self.buys(units, back)

    def buys(self, units: int, back: int = MONTH, **cells: Cell) -> str:
        """Buy so many in the middle of a month; return the order."""
        return self.maker.purchase(
            self.partner, self.article.sku, units, units * self.article.price, self.maker.ground.day(back, 14), **cells
        )

    @property
    def key(self) -> tuple[str, ...]:
        """The key of what may be found."""
        return (self.partner, self.article.sku, month(self.maker.ground.day(MONTH, 1)))


def plant(maker: Maker) -> None:
    """Plant one of each kind."""
    buyer = Buyer(maker)
    buyer.buys(maker.chance.randint(30, 120))
    maker.conflict(RULE, buyer.key, "anomaly", "several times the usual")

    buyer = Buyer(maker, usual=(10,) * 8)
    buyer.buys(25)
    maker.conflict(RULE, buyer.key, "anomaly", "more than twice what never changed")

    buyer = Buyer(maker)
    buyer.buys(18)
    maker.look_alike(RULE, buyer.key, "season")

    buyer = Buyer(maker, usual=USUAL[-4:])
    buyer.buys(60)
    maker.look_alike(RULE, buyer.key, "short_history")

    buyer = Buyer(maker, usual=(2, 3, 2, 2, 3, 2, 2))
    buyer.buys(10)
    maker.look_alike(RULE, buyer.key, "small_quantity")

    buyer = Buyer(maker)
    deal = maker.name("BD")
    maker.book.add(
        "deal_registrations", deal_id=deal, partner=buyer.partner, account_name=f"Account of {deal}",
        product_group=buyer.article.group, registered_at=f"{instant(maker.ground.day(3, 5)):%Y-%m-%dT%H:%M:%SZ}", status="won",
    )  # fmt: skip
    buyer.buys(60, deal_ref=deal)
    maker.look_alike(RULE, buyer.key, "approved_deal")

    buyer = Buyer(maker)
    buyer.buys(60)
    maker.book.add(
        "promotions", promotion_id=maker.name("PR"), sku=buyer.article.sku, valid_from=maker.ground.day(1, 10),
        valid_to=maker.ground.day(1, 20),
    )  # fmt: skip
    maker.look_alike(RULE, buyer.key, "promo_preload", "promo_preload")

    buyer = Buyer(maker)
    order = buyer.buys(60)
    maker.returned(
        order, DIRECT, buyer.article.sku, 50, 50 * buyer.article.price, later(maker.ground.day(MONTH, 14), 5),
        buyer_partner=buyer.partner,
    )  # fmt: skip
    maker.look_alike(RULE, buyer.key, "returned_goods")
