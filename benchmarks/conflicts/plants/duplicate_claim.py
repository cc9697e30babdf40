"""One sale claimed twice."""

from datetime import date

from benchmarks.conflicts.book import Cell
from benchmarks.conflicts.infrastructure import STACKABLE
from benchmarks.conflicts.maker import SOURCE, Maker

RULE = "duplicate_claim"


class Claims:
    """Claims about one article under one programme."""

    def __init__(self, maker: Maker, programme: str | None = None) -> None:
        self.maker = maker
        self.here, self.there = maker.apart()
        self.article = maker.article()
        self.programme = programme or maker.name("PRG")

    def claim(self, day: date, partner: Cell = None, **cells: Cell) -> str:
        """Claim ten units; return the claim's id."""
        key = self.maker.name("CL")
        told: dict[str, Cell] = {
            "partner": partner or self.here.partner, "program": self.programme, "sku": self.article.sku, "qty": 10,
            "amount": 500, "currency": self.maker.ground.currency, "status": "submitted", **cells,
        }  # fmt: skip
        self.maker.book.add("claims", claim_id=key, claim_date=day, **told)
        return key


def plant(maker: Maker) -> None:
    """Plant one of each kind."""
    first, second = maker.ground.day(2, 5), maker.ground.day(2, 7)

    claims, invoice = Claims(maker), maker.name("INV")
    claims.claim(first, invoice_ref=invoice, status="paid")
    key = claims.claim(maker.ground.day(2, 25), invoice_ref=invoice)
    maker.conflict(RULE, (SOURCE, key), "exact", "one invoice claimed twice")

    claims, serial = Claims(maker), maker.name("BS")
    claims.claim(first, serial=serial, qty=1)
    key = claims.claim(second, claims.there.partner, serial=serial, qty=1)
    maker.conflict(RULE, (SOURCE, key), "serial", "one serial claimed by two partners")

    claims, invoice = Claims(maker), maker.name("INV")
    for day in (first, second):
        key = claims.claim(day, kind="mdf", sku=None, qty=None, invoice_ref=invoice)
    maker.conflict(RULE, (SOURCE, key), "exact", "one event claimed twice")

    claims, invoice = Claims(maker), maker.name("INV")
    old = claims.claim(first, invoice_ref=invoice)
    key = claims.claim(second, invoice_ref=invoice, replaces=old)
    maker.look_alike(RULE, (SOURCE, key), "replaced_claim")

    claims, serial = Claims(maker, STACKABLE), maker.name("BS")
    claims.claim(first, serial=serial, qty=1)
    key = claims.claim(second, claims.there.partner, serial=serial, qty=1)
    maker.look_alike(RULE, (SOURCE, key), "stackable_programme")

    claims, invoice = Claims(maker), maker.name("INV")
    for _ in range(2):
        key = claims.claim(first, serial=maker.name("BS"), qty=1, invoice_ref=invoice)
    maker.look_alike(RULE, (SOURCE, key), "two_serials")

    claims, customer = Claims(maker), maker.name("BC")
    maker.book.add("customers", code=customer)
    claims.claim(first, customer=customer, amount=500)
    key = claims.claim(second, customer=customer, amount=503)
    maker.look_alike(RULE, (SOURCE, key), "much_alike", "fuzzy")

    claims, invoice = Claims(maker), maker.name("INV")
    claims.claim(first, invoice_ref=invoice)
    key = claims.claim(second, invoice_ref=invoice, program=maker.name("PRG"))
    maker.look_alike(RULE, (SOURCE, key), "other_programme")

    claims, invoice = Claims(maker), maker.name("INV")
    claims.claim(first, invoice_ref=invoice, status="withdrawn")
    key = claims.claim(second, invoice_ref=invoice)
    maker.look_alike(RULE, (SOURCE, key), "withdrawn")
