"""More claimed than was there to sell."""

from benchmarks.conflicts.book import Cell
from benchmarks.conflicts.infrastructure import DIRECT
from benchmarks.conflicts.maker import SOURCE, Maker
from benchmarks.conflicts.plants.duplicate_claim import Claims

RULE = "over_claim"


class Stock(Claims):
    """A partner that had 30 units and bought 20: 50 to claim, up to the day of its purchase."""

    def __init__(self, maker: Maker) -> None:
        super().__init__(maker)
        partner = self.here.partner
        maker.book.add(
            "inventory_months", partner=partner, sku=self.article.sku, month=f"{maker.ground.day(3, 1):%Y-%m}", opening=30,
            sell_in=0, sell_out=10, closing=20,
        )  # fmt: skip
        maker.purchase(partner, self.article.sku, 20, 20 * self.article.price, maker.ground.day(2, 12))

    def claimed(self, units: int, day: int = 5, **cells: Cell) -> str:
        """Claim units on a day of the month of the purchase."""
        told: dict[str, Cell] = {"invoice_ref": self.maker.name("INV"), **cells}
        return self.claim(self.maker.ground.day(2, day), qty=units, amount=5 * units, **told)

    @property
    def key(self) -> tuple[str, ...]:
        """The key of what may be found."""
        return (self.here.partner, self.programme, self.article.sku)


def plant(maker: Maker) -> None:
    """Plant one of each kind."""
    stock = Stock(maker)
    stock.claimed(maker.chance.randint(55, 90))
    maker.conflict(RULE, stock.key, "over_claim", "one claim too large")

    stock = Stock(maker)
    for day in (3, 5, 7):
        stock.claimed(20, day)
    maker.conflict(RULE, stock.key, "over_claim", "claims that are too much together")

    stock = Stock(maker)
    stock.claimed(40)
    stock.maker.sale(
        DIRECT, None, stock.article.sku, 15, 15 * stock.article.price, maker.ground.day(2, 8), order_kind="return",
        buyer_partner=stock.here.partner,
    )  # fmt: skip
    maker.conflict(RULE, stock.key, "over_claim", "goods that were sent back")

    stock = Stock(maker)
    stock.claimed(50)
    maker.look_alike(RULE, stock.key, "all_that_was_there")

    stock = Stock(maker)
    invoice = maker.name("INV")
    stock.claimed(40, 4, invoice_ref=invoice)
    twice = stock.claimed(40, 6, invoice_ref=invoice)
    maker.look_alike(RULE, stock.key, "duplicate_claim")
    maker.conflict("duplicate_claim", (SOURCE, twice), "exact", "one invoice claimed twice, enough in stock")

    stock = Stock(maker)
    old = stock.claimed(40, 4)
    stock.claimed(45, 6, replaces=old)
    maker.look_alike(RULE, stock.key, "replaced_claim")

    stock = Stock(maker)
    stock.claimed(40)
    stock.claimed(40, 20)
    maker.look_alike(RULE, stock.key, "purchases_not_yet_known")

    stock = Stock(maker)
    stock.claimed(40)
    stock.claimed(40, 6, status="rejected")
    maker.look_alike(RULE, stock.key, "rejected")
