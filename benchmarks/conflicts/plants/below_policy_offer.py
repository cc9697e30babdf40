"""Public prices below the reference price."""

from benchmarks.conflicts.book import Cell
from benchmarks.conflicts.infrastructure import AGENT_SHOP
from benchmarks.conflicts.maker import FOREIGN_RATE, SOURCE, TAX, Article, Maker, later, month

RULE = "below_policy_offer"


def plant(maker: Maker) -> None:
    """Plant one of each kind."""
    for kind in (low, fair, miscounted):
        kind(maker)


def known(maker: Maker, *packs: int) -> Article:
    """Write an article with a minimum advertised price."""
    article = maker.article(*packs)
    maker.priced(article, "map", article.price)
    return article


def seen(maker: Maker, article: Article, price: Cell, times: int = 2, /, **cells: Cell) -> tuple[str, ...]:
    """Show it on some days of a month; return the key of what that may come to."""
    day = maker.ground.day(2, 6)
    listing = maker.offer(maker.place(), article, price, *(later(day, 3 * number) for number in range(times)), **cells)
    return (SOURCE, listing, month(day))


def low(maker: Maker) -> None:
    article = known(maker)
    share = maker.chance.choice((70, 75, 80, 85, 90, 95))
    maker.conflict(RULE, seen(maker, article, article.price * share // 100), "below_policy", "below the minimum twice running")

    article = known(maker)
    key = seen(maker, article, article.price, tax_included=True, tax_rate=TAX)
    maker.conflict(RULE, key, "below_policy", "at the minimum only because of the tax in it")

    article = known(maker, 12)
    key = seen(maker, article, article.price * 12 * 85 // 100, sku=article.pack(12))
    maker.conflict(RULE, key, "below_policy", "a pack for less")

    article = known(maker)
    promotion(maker, article, article.price * 90 // 100)
    maker.conflict(RULE, seen(maker, article, article.price * 80 // 100), "below_policy", "below the floor of a promotion")

    article = known(maker)
    price = f"{article.price * 80 / 100 / FOREIGN_RATE:.2f}"
    maker.conflict(RULE, seen(maker, article, price, currency=maker.foreign), "below_policy", "low in foreign money")


def fair(maker: Maker) -> None:
    article = known(maker)
    maker.look_alike(RULE, seen(maker, article, article.price * 80 // 100, 1), "seen_once", "unconfirmed")

    article = known(maker)
    promotion(maker, article, article.price * 80 // 100)
    maker.look_alike(RULE, seen(maker, article, article.price * 85 // 100), "promotion")

    article = known(maker)
    key = seen(maker, article, article.price * 125 // 100, tax_included=True, tax_rate=TAX)
    maker.look_alike(RULE, key, "tax_included")

    article = known(maker)
    key = seen(maker, article, f"{article.price / FOREIGN_RATE:.2f}", currency=maker.foreign)
    maker.look_alike(RULE, key, "currency")

    for kind, cells in (
        ("used_goods", {"condition": "used"}),
        ("coupon", {"price_kind": "coupon"}),
        ("behind_a_login", {"price_kind": "logged_in"}),
        ("commission_agency", {"seller": AGENT_SHOP}),
    ):
        article = known(maker)
        maker.look_alike(RULE, seen(maker, article, article.price * 70 // 100, **cells), kind)

    article = maker.article()
    cut = maker.ground.day(2, 5)
    maker.priced(article, "map", article.price, valid_to=cut)
    maker.priced(article, "map", article.price * 80 // 100, valid_from=cut)
    maker.look_alike(RULE, seen(maker, article, article.price * 80 // 100), "lowered_minimum")


def miscounted(maker: Maker) -> None:
    article = known(maker, 12)
    key = seen(maker, article, article.price, sku=article.pack(12))
    maker.look_alike(RULE, key, "pack_factor", "pack_suspect")
    unit = (SOURCE, article.pack(12), "per_unit_too_low", "12", key[2])
    maker.conflict("unit_mapping_suspect", unit, "pack_factor", "a pack offered at the price of a piece")

    article = known(maker, 12)
    maker.look_alike(RULE, seen(maker, article, article.price * 12, sku=article.pack(12)), "fair_pack")

    article = known(maker)
    maker.look_alike(RULE, seen(maker, article, article.price * 10, min_qty=10), "price_of_ten")


def promotion(maker: Maker, article: Article, floor: Cell) -> None:
    """Let a promotion run in the month with a lowest price."""
    maker.book.add(
        "promotions", promotion_id=maker.name("PR"), sku=article.sku, floor_price=floor, currency=maker.ground.currency,
        valid_from=maker.ground.day(2, 1), valid_to=maker.ground.day(1, 1),
    )  # fmt: skip
