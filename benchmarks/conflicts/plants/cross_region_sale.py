"""Sales into a region that another partner holds alone."""

from benchmarks.conflicts.ground import OPEN, SHARED, Place
from benchmarks.conflicts.infrastructure import CHILD, DIRECT, KEY_ACCOUNT, MASTER, WAREHOUSE
from benchmarks.conflicts.label import ANY
from benchmarks.conflicts.maker import SOURCE, Article, Maker, later, line

RULE = "cross_region_sale"


def plant(maker: Maker) -> None:
    """Plant one of each kind."""
    for kind in (sold_elsewhere, sold_next_door, excused_by_the_order, excused_by_the_grants):
        kind(maker)


def duel(maker: Maker, *, beside: bool = False, exclusivity: str = "exclusive") -> tuple[Place, Place, Article]:
    """Write an article that two partners hold, each at its own place; they touch or they do not."""
    here, there = maker.apart()
    if beside:
        there = maker.ground.beside(here)
    article = maker.article(12)
    maker.priced(article, "wholesale", article.price)
    maker.grant(here.partner, here.code, article.group)
    maker.grant(there.partner, there.code, article.group, exclusivity)
    return here, there, article


def amount(article: Article, units: int) -> int:
    """Return a little more than the wholesale price."""
    return units * article.price * 105 // 100


def sold_elsewhere(maker: Maker) -> None:
    here, there, article = duel(maker)
    units = maker.chance.randint(13, 60)
    order = maker.sale(here.partner, there.code, article.sku, units, amount(article, units), maker.day())
    maker.conflict(RULE, line(order, there.partner), "suspected", "sold into another's region")

    here, there, article = duel(maker)
    order = maker.sale(here.partner, there.code, article.pack(12), 2, amount(article, 24), maker.day())
    maker.conflict(RULE, line(order, there.partner), "suspected", "sold into another's region in packs")

    here, there, article = duel(maker)
    day = maker.ground.day(2, 5)
    for number in range(3):
        order = maker.sale(here.partner, there.code, article.sku, 5, amount(article, 5), later(day, 5 * number))
        maker.conflict(RULE, line(order, there.partner), "suspected", "several small sales of a month")

    here, there, article = duel(maker)
    day = maker.day()
    order = maker.sale(here.partner, there.zone, article.sku, 40, amount(article, 40), day)
    maker.returned(order, here.partner, article.sku, 10, amount(article, 10), later(day, 3))
    maker.conflict(RULE, line(order, there.partner), "suspected", "a part came back, into a zone of the region")

    here, there, article = duel(maker)
    order = maker.sale(here.partner, there.code, article.sku, 3, amount(article, 3), maker.day())
    maker.look_alike(RULE, line(order, there.partner), "small_quantity", "minor")


def sold_next_door(maker: Maker) -> None:
    here, there, article = duel(maker, beside=True)
    units = maker.chance.randint(1, 12)
    order = maker.sale(here.partner, there.code, article.sku, units, amount(article, units), maker.day())
    maker.look_alike(RULE, line(order, there.partner), "border_flow", "natural")

    here, there, article = duel(maker, beside=True)
    order = maker.sale(here.partner, there.code, article.sku, 30, amount(article, 30), maker.day())
    maker.conflict(RULE, line(order, there.partner), "suspected", "too much for a border")


def excused_by_the_order(maker: Maker) -> None:
    units = maker.chance.randint(13, 60)
    for kind, expected, cells in (
        ("passive_sale", "passive_info", {"initiated": "passive"}),
        ("key_account", None, {"customer": KEY_ACCOUNT}),
        ("third_party_location", None, {"ship_to_location": WAREHOUSE}),
        ("cancelled", None, {"status": "cancelled"}),
    ):
        here, there, article = duel(maker)
        order = maker.sale(here.partner, there.code, article.sku, units, amount(article, units), maker.day(), **cells)
        maker.look_alike(RULE, line(order, there.partner), kind, expected)
    for kind, column in (("drop_shipping", "drop_ship_for"), ("sold_to_the_holder", "buyer_partner")):
        here, there, article = duel(maker)
        order = maker.sale(
            here.partner, there.code, article.sku, units, amount(article, units), maker.day(), **{column: there.partner}
        )
        maker.look_alike(RULE, line(order, there.partner), kind)

    here, there, article = duel(maker)
    day = maker.day()
    order = maker.sale(here.partner, there.code, article.sku, units, amount(article, units), day)
    maker.returned(order, here.partner, article.sku, units, amount(article, units), later(day, 3))
    maker.look_alike(RULE, line(order, there.partner), "returned_goods")


def excused_by_the_grants(maker: Maker) -> None:
    units = maker.chance.randint(13, 60)

    def sold(seller: str, place: str, article: Article) -> str:
        return maker.sale(seller, place, article.sku, units, amount(article, units), maker.day())

    here, there, article = duel(maker)
    maker.look_alike(RULE, line(sold(here.partner, here.code, article), ANY), "own_territory")

    here, there, article = duel(maker)
    maker.look_alike(RULE, line(sold(here.partner, OPEN, article), "-"), "unserved", "benign")

    here, there, article = duel(maker, exclusivity="non_exclusive")
    maker.look_alike(RULE, line(sold(here.partner, there.code, article), ANY), "open_territory")

    here, there, article = duel(maker, exclusivity="sole")
    maker.look_alike(RULE, line(sold(DIRECT, there.code, article), there.partner), "direct_beside_sole")

    here, there, article = duel(maker)
    maker.grant(CHILD, there.zone, article.group)
    maker.look_alike(RULE, line(sold(MASTER, there.zone, article), CHILD), "above_the_holder")

    here, there, article = duel(maker)
    maker.grant(here.partner, there.zone, article.group)
    maker.look_alike(RULE, line(sold(here.partner, there.zone, article), there.partner), "carve_out_grant")

    here, there, article = duel(maker)
    maker.grant(here.partner, SHARED, article.group)
    maker.grant(there.partner, SHARED, article.group)
    maker.look_alike(RULE, line(sold(here.partner, SHARED, article), ANY), "shared_territory")

    here, there, article = duel(maker)
    third = maker.ground.beside(there)
    grants = [maker.grant(one.partner, OPEN, article.group) for one in (there, third)]
    order = sold(here.partner, OPEN, article)
    for holder in (there, third):
        maker.look_alike(RULE, line(order, holder.partner), "disputed_territory", "territory_disputed")
    maker.conflict("territory_overlap", (SOURCE, grants[0], SOURCE, grants[1]), "overlap", "two hold what a third sells into")
