"""One sale reported twice."""

from benchmarks.conflicts.book import Cell
from benchmarks.conflicts.maker import Maker, later, line

RULE = "duplicate_sale"


def plant(maker: Maker) -> None:
    """Plant one of each kind."""
    for kind in (reported_twice, sold_on, ordinary):
        kind(maker)


def reported_twice(maker: Maker) -> None:
    article, place, day = maker.article(), maker.place(), maker.day()
    invoice = maker.name("INV")
    for _ in range(2):
        order = maker.sale(place.partner, place.code, article.sku, 25, 25 * article.price, day, invoice_ref=invoice)
    maker.conflict(RULE, line(order), "exact", "one invoice under two orders")

    (here, there), article, serial = maker.apart(), maker.article(), maker.name("BS")
    for number, one in enumerate((here, there)):
        order = maker.sale(one.partner, one.code, article.sku, 1, article.price, later(day, number), serials=serial)
    maker.conflict(RULE, line(order), "serial", "one serial sold by two")

    (here, there), article = maker.apart(), maker.article()
    shared: dict[str, Cell] = {"customer": customer(maker), "invoice_ref": maker.name("INV")}
    for one in (here, there):
        order = maker.sale(one.partner, here.code, article.sku, 7, 7 * article.price, day, **shared)
    maker.conflict(RULE, line(order), "cross_partner", "one invoice reported by two")


def sold_on(maker: Maker) -> None:
    (here, there), article, serial, day = maker.apart(), maker.article(), maker.name("BS"), maker.day()
    maker.sale(here.partner, there.code, article.sku, 1, article.price, day, serials=serial, buyer_partner=there.partner)
    order = maker.sale(there.partner, there.code, article.sku, 1, article.price, later(day, 2), serials=serial)
    maker.look_alike(RULE, line(order), "resale")

    (here, there), article = maker.apart(), maker.article()
    shared: dict[str, Cell] = {"customer": customer(maker), "invoice_ref": maker.name("INV")}
    maker.sale(here.partner, there.code, article.sku, 7, 7 * article.price, day, **shared)
    order = maker.sale(there.partner, there.code, article.sku, 7, 7 * article.price, day, drop_ship_for=here.partner, **shared)
    maker.look_alike(RULE, line(order), "drop_shipping")

    article, place, serial = maker.article(), maker.place(), maker.name("BS")
    first = maker.sale(place.partner, place.code, article.sku, 1, article.price, day, serials=serial)
    maker.returned(first, place.partner, article.sku, 1, article.price, later(day, 2), serials=serial)
    order = maker.sale(place.partner, place.code, article.sku, 1, article.price, later(day, 4), serials=serial)
    maker.look_alike(RULE, line(order), "returned_goods")


def ordinary(maker: Maker) -> None:
    article, place, day = maker.article(), maker.place(), maker.day()
    buyer = customer(maker)
    for _ in range(2):
        order = maker.sale(place.partner, place.code, article.sku, 6, 6 * article.price, day, customer=buyer, invoice_ref=None)
    maker.look_alike(RULE, line(order), "genuine_repeat_order", "natural_key")

    article, invoice = maker.article(), maker.name("INV")
    order = maker.sale(place.partner, place.code, article.sku, 6, 6 * article.price, day, invoice_ref=invoice)
    maker.sale(
        place.partner, place.code, article.sku, 6, 6 * article.price, day, invoice_ref=invoice, order_id=order, line_no=2
    )
    maker.look_alike(RULE, line(order, number=2), "two_lines_of_an_order")

    article, invoice = maker.article(), maker.name("INV")
    for units in (6, 7):
        order = maker.sale(place.partner, place.code, article.sku, units, units * article.price, day, invoice_ref=invoice)
    maker.look_alike(RULE, line(order), "other_quantity")


def customer(maker: Maker) -> str:
    """Write a customer; return its code."""
    code = maker.name("BC")
    maker.book.add("customers", code=code)
    return code
