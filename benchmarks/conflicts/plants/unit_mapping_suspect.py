"""Packs that are counted as pieces, and pieces as packs."""

from benchmarks.conflicts.maker import SOURCE, Maker, line, month

RULE = "unit_mapping_suspect"


class Crowd:
    """Sales of one article on one day at one place, all at its wholesale price."""

    def __init__(self, maker: Maker, *packs: int, lines: int = 6) -> None:
        self.maker = maker
        self.place, self.day, self.article = maker.place(), maker.day(), maker.article(*packs)
        maker.priced(self.article, "wholesale", self.article.price)
        for _ in range(lines):
            self.sell(self.article.sku, 3, 3 * self.article.price)

    def sell(self, sku: str, qty: int, amount: int) -> str:
        """Sell one line; return its order."""
        return self.maker.sale(self.place.partner, self.place.code, sku, qty, amount, self.day)

    def key(self, sku: str, direction: str, factor: int) -> tuple[str, ...]:
        """Return the key of what may be found."""
        return (SOURCE, sku, f"per_unit_too_{direction}", str(factor), month(self.day))


def plant(maker: Maker) -> None:
    """Plant one of each kind."""
    crowd = Crowd(maker, 12)
    pack, price = crowd.article.pack(12), crowd.article.price
    order = crowd.sell(pack, 5, 5 * price)
    maker.conflict(RULE, crowd.key(pack, "low", 12), "pack_factor", "pieces booked under the pack")
    maker.look_alike("tier_inversion", line(order), "pack_factor", "pack_suspect")

    crowd = Crowd(maker, 12)
    crowd.sell(crowd.article.sku, 2, 24 * crowd.article.price)
    maker.conflict(RULE, crowd.key(crowd.article.sku, "high", 12), "pack_factor", "packs booked as pieces")

    crowd = Crowd(maker)
    order = crowd.sell(crowd.article.sku, 15, 3 * crowd.article.price)
    maker.conflict(RULE, crowd.key(crowd.article.sku, "low", 5), "integer_ratio", "a box of five nobody knows of")
    maker.look_alike("tier_inversion", line(order), "pack_factor", "pack_suspect")

    crowd = Crowd(maker)
    order = crowd.sell(crowd.article.sku, 14, 7 * crowd.article.price)
    maker.look_alike(RULE, crowd.key(crowd.article.sku, "low", 2), "half_price")
    maker.conflict("tier_inversion", line(order), "below_level", "half the wholesale price")

    crowd = Crowd(maker, 12)
    crowd.sell(crowd.article.pack(12), 2, 24 * crowd.article.price)
    maker.look_alike(RULE, crowd.key(crowd.article.pack(12), "low", 12), "right_pack")

    crowd = Crowd(maker, 12, lines=3)
    pack = crowd.article.pack(12)
    order = crowd.sell(pack, 5, 5 * crowd.article.price)
    maker.look_alike(RULE, crowd.key(pack, "low", 12), "few_neighbours")
    maker.look_alike("tier_inversion", line(order), "pack_factor", "pack_suspect")
