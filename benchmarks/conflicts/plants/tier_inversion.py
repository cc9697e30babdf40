"""Sales below the price of the level above."""

from benchmarks.conflicts.book import Cell
from benchmarks.conflicts.infrastructure import AGENT
from benchmarks.conflicts.maker import FOREIGN_RATE, TAX, Article, Maker, instant, later, line
from benchmarks.conflicts.plants.below_policy_offer import promotion

RULE = "tier_inversion"


def plant(maker: Maker) -> None:
    """Plant one of each kind."""
    for kind in (low, fair, excused):
        kind(maker)


def known(maker: Maker, *packs: int) -> Article:
    """Write an article with a wholesale price."""
    article = maker.article(*packs)
    maker.priced(article, "wholesale", article.price)
    return article


def sold(maker: Maker, article: Article, qty: int, amount: Cell, **cells: Cell) -> tuple[str, ...]:
    """Sell it at the seller's own place; return the key of the line."""
    place = maker.place()
    seller, sku = str(cells.pop("seller", place.partner)), str(cells.pop("sku", article.sku))
    return line(maker.sale(seller, place.code, sku, qty, amount, maker.day(), **cells))


def low(maker: Maker) -> None:
    article = known(maker)
    amount = 20 * article.price * maker.chance.choice((70, 75, 80, 85, 90, 95)) // 100
    maker.conflict(RULE, sold(maker, article, 20, amount), "below_level", "a large sale below wholesale")

    article = known(maker)
    day, place = maker.day(), maker.place()
    for _ in range(3):
        order = maker.sale(place.partner, place.code, article.sku, 1, article.price * 85 // 100, day)
        maker.conflict(RULE, line(order), "below_level", "three small sales of a day")

    article = known(maker)
    key = sold(maker, article, 20, 20 * article.price, tax_included=True, tax_rate=TAX)
    maker.conflict(RULE, key, "below_level", "at wholesale only because of the tax in it")

    article = known(maker)
    maker.priced(article, "wholesale", article.price * 90 // 100, min_units=48)
    maker.conflict(RULE, sold(maker, article, 60, 60 * article.price * 80 // 100), "below_level", "below the price for many")


def fair(maker: Maker) -> None:
    article = known(maker)
    maker.priced(article, "wholesale", article.price * 90 // 100, min_units=48)
    maker.look_alike(RULE, sold(maker, article, 60, 60 * article.price * 90 // 100), "price_for_many")

    article = known(maker)
    key = sold(maker, article, 20, 20 * article.price * 125 // 100, tax_included=True, tax_rate=TAX)
    maker.look_alike(RULE, key, "tax_included")

    article = known(maker)
    key = sold(maker, article, 20, f"{20 * article.price / FOREIGN_RATE:.2f}", currency=maker.foreign)
    maker.look_alike(RULE, key, "currency")

    article = known(maker, 12)
    maker.look_alike(RULE, sold(maker, article, 2, 2 * article.price, sku=article.pack(12)), "pack_factor", "pack_suspect")

    article = known(maker, 12)
    maker.look_alike(RULE, sold(maker, article, 2, 24 * article.price, sku=article.pack(12)), "fair_pack")

    article = maker.article()
    cut = maker.ground.day(2, 5)
    maker.priced(article, "wholesale", article.price, valid_to=cut)
    maker.priced(article, "wholesale", article.price * 80 // 100, valid_from=cut)
    maker.look_alike(RULE, sold(maker, article, 20, 20 * article.price * 80 // 100), "lowered_price")


def excused(maker: Maker) -> None:
    article = known(maker)
    deal, place = maker.name("BD"), maker.place()
    maker.book.add(
        "deal_registrations", deal_id=deal, partner=place.partner, account_name=f"Account of {deal}",
        product_group=article.group, registered_at=f"{instant(maker.ground.day(3, 5)):%Y-%m-%dT%H:%M:%SZ}", status="approved",
    )  # fmt: skip
    key = sold(maker, article, 20, 20 * article.price * 80 // 100, seller=place.partner, deal_ref=deal)
    maker.look_alike(RULE, key, "approved_deal")

    article = known(maker)
    promotion(maker, article, article.price * 80 // 100)
    maker.look_alike(RULE, sold(maker, article, 20, 20 * article.price * 85 // 100), "promotion")

    article = known(maker)
    maker.look_alike(RULE, sold(maker, article, 20, 20 * article.price * 80 // 100, seller=AGENT), "commission_agency")

    article = known(maker)
    maker.look_alike(RULE, sold(maker, article, 1, article.price * 85 // 100), "small_quantity", "minor")

    article = known(maker)
    day, place = maker.day(), maker.place()
    amount = 20 * article.price * 80 // 100
    order = maker.sale(place.partner, place.code, article.sku, 20, amount, day)
    maker.returned(order, place.partner, article.sku, 20, amount, later(day, 4))
    maker.look_alike(RULE, line(order), "returned_goods")
