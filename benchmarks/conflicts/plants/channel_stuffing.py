"""Partners that are loaded with more than they sell."""

from collections.abc import Iterable
from datetime import date

from benchmarks.conflicts.book import Cell
from benchmarks.conflicts.maker import Article, Maker, month

RULE = "channel_stuffing"
MONTH = 2  # months before the end that the load lies in


class Shelf:
    """A partner's months of one article, 50 in and 50 out of 100, up to the month in question."""

    def __init__(self, maker: Maker, months: Iterable[int] = (6, 5, 4, 3), launched: date | None = None) -> None:
        self.maker = maker
        self.partner = maker.place().partner
        self.article: Article = maker.article(launched=launched)
        for back in months:
            self.month(back, opening=100, sell_in=50, sell_out=50, closing=100)

    def month(self, back: int, **cells: Cell) -> None:
        """Write a month."""
        told: dict[str, Cell] = {"month": month(self.maker.ground.day(back, 1)), **cells}
        self.maker.book.add("inventory_months", partner=self.partner, sku=self.article.sku, **told)

    def key(self, check: str) -> tuple[str, ...]:
        """Return the key of what may be found in the month in question."""
        return (self.partner, self.article.sku, month(self.maker.ground.day(MONTH, 1)), check)


def plant(maker: Maker) -> None:
    """Plant one of each kind."""
    shelf = Shelf(maker)
    extra = maker.chance.randint(250, 500)
    shelf.month(MONTH, opening=100, sell_in=extra, sell_out=50, closing=50 + extra)
    maker.conflict(RULE, shelf.key("load"), "load", "far more bought than sold")

    shelf = Shelf(maker)
    shelf.month(MONTH, opening=100, sell_in=200, sell_out=0, closing=300)
    maker.conflict(RULE, shelf.key("load"), "load", "bought and nothing sold")

    shelf = Shelf(maker)
    loaded(shelf)
    maker.book.add(
        "promotions", promotion_id=maker.name("PR"), sku=shelf.article.sku, valid_from=maker.ground.day(1, 10),
        valid_to=maker.ground.day(1, 20),
    )  # fmt: skip
    maker.look_alike(RULE, shelf.key("load"), "promo_preload", "promo_preload")

    shelf = Shelf(maker)
    loaded(shelf)
    maker.priced(shelf.article, "factory", 60, valid_to=maker.ground.day(1, 10))
    maker.priced(shelf.article, "factory", 70, valid_from=maker.ground.day(1, 10))
    maker.look_alike(RULE, shelf.key("load"), "buy_ahead", "price_buy_ahead")

    shelf = Shelf(maker, months=(4, 3), launched=maker.ground.day(4, 10))
    loaded(shelf)
    maker.look_alike(RULE, shelf.key("load"), "launch", "launch")

    shelf = Shelf(maker)
    shelf.month(MONTH, opening=100, sell_in=400, sell_out=390, closing=110)
    maker.look_alike(RULE, shelf.key("load"), "season")

    shelf = Shelf(maker)
    shelf.month(MONTH, opening=100, sell_in=400, sell_out=50, returns_out=380, closing=70)
    maker.look_alike(RULE, shelf.key("load"), "sent_back")

    shelf = Shelf(maker, months=(3,))
    loaded(shelf)
    maker.look_alike(RULE, shelf.key("load"), "short_history")


def loaded(shelf: Shelf) -> None:
    """Write a month of eight times what is sold."""
    shelf.month(MONTH, opening=100, sell_in=400, sell_out=50, closing=450)
