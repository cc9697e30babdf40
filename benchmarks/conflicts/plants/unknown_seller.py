"""Shops nobody knows."""

from datetime import timedelta

from benchmarks.conflicts.book import Cell
from benchmarks.conflicts.maker import Maker

RULE = "unknown_seller"


def plant(maker: Maker) -> None:
    """Plant one of each kind."""
    maker.conflict(RULE, shop(maker), "unmatched", "a shop without a name")
    maker.conflict(RULE, shop(maker, alias={"channel": "jd"}), "unmatched", "a name on another channel only")
    maker.conflict(RULE, shop(maker, alias={"status": "candidate"}), "unmatched", "a name that is only suggested")

    maker.look_alike(RULE, shop(maker, alias={}, spelled="{}  ＳＴＯＲＥ "), "other_spelling")
    maker.look_alike(RULE, shop(maker, alias={"channel": "tmall"}), "name_on_the_channel")
    maker.look_alike(RULE, shop(maker, alias={"status": "not_partner", "partner": None}), "reviewed_seller", "reviewed")
    maker.look_alike(RULE, shop(maker, days=120), "long_ago")
    maker.look_alike(RULE, shop(maker, partner=maker.place().partner), "named_by_the_source")


def shop(
    maker: Maker, *, alias: dict[str, Cell] | None = None, spelled: str = "{} store", days: int = 40, **cells: Cell
) -> tuple[str, ...]:
    """Show an offer of a shop of its own, perhaps with an alias; return the key of what may be found."""
    place, name = maker.place(), maker.name("corner")
    if alias is not None:
        told: dict[str, Cell] = {"channel": "*", "partner": place.partner, "status": "confirmed", **alias}
        maker.book.add("partner_aliases", alias=f"{name} store", **told)
    maker.offer(
        place, maker.article(), 100, maker.ground.end - timedelta(days=days), seller=spelled.format(name.upper()), **cells
    )
    return (f"{name}store", "tmall")
