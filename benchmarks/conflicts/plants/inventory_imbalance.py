"""Stock that does not add up."""

from benchmarks.conflicts.book import Cell
from benchmarks.conflicts.maker import Maker, month
from benchmarks.conflicts.plants.channel_stuffing import MONTH, Shelf

RULE = "inventory_imbalance"


def plant(maker: Maker) -> None:
    """Plant one of each kind."""
    gone = maker.chance.randint(10, 80)
    maker.conflict(RULE, counted(maker, closing=110 - gone), "missing", "less than there should be")
    maker.conflict(RULE, counted(maker, closing=110 + gone), "surplus", "more than there should be")

    maker.look_alike(RULE, counted(maker, closing=108), "within_tolerance")
    maker.look_alike(RULE, counted(maker, closing=60, adjustments=-50), "stock_take")
    maker.look_alike(RULE, counted(maker, closing=60, returns_out=50), "sent_back")
    maker.look_alike(RULE, counted(maker, closing=60, transfers_out=50), "moved_to_another")
    maker.look_alike(RULE, counted(maker, closing=140, returns=30), "returned_goods")

    partner, article = maker.place().partner, maker.article(12)
    maker.book.add(
        "inventory_months", partner=partner, sku=article.sku, month=month(maker.ground.day(MONTH, 1)), opening=100, sell_in=50,
        sell_out=40, closing=100,
    )  # fmt: skip
    key = (partner, article.sku, month(maker.ground.day(MONTH, 1)), "balance")
    maker.look_alike(RULE, key, "one_pack")

    shelf = Shelf(maker, months=(3,))
    shelf.month(MONTH, opening=130, sell_in=50, sell_out=50, closing=130)
    maker.look_alike(RULE, shelf.key("continuity"), "broken_continuity", "continuity")


def counted(maker: Maker, **cells: Cell) -> tuple[str, ...]:
    """Write a month of 100, 50 in and 40 out; return the key of what may be found."""
    shelf = Shelf(maker, months=())
    shelf.month(MONTH, opening=100, sell_in=50, sell_out=40, **cells)
    return shelf.key("balance")
