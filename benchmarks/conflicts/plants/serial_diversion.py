"""Numbered goods that are scanned where another partner holds alone."""

from datetime import date

from benchmarks.conflicts.book import Cell
from benchmarks.conflicts.ground import OPEN, Place
from benchmarks.conflicts.maker import SOURCE, Article, Maker, later, month

RULE = "serial_diversion"


def plant(maker: Maker) -> None:
    """Plant one of each kind."""
    for kind in (carried_off, stayed, went_back):
        kind(maker)


def duel(maker: Maker, *, beside: bool = False) -> tuple[Place, Place, Article]:
    """Write an article that two partners hold, each at its own place; they touch or they do not."""
    here, there = maker.apart()
    if beside:
        there = maker.ground.beside(here)
    article = maker.article()
    maker.grant(here.partner, here.code, article.group)
    maker.grant(there.partner, there.code, article.group)
    return here, there, article


def event(maker: Maker, serial: str, article: Article, kind: str, day: date, **cells: Cell) -> None:
    """Write one event of a serial at noon."""
    maker.book.add(
        "shipments_serials", event_id=maker.name("BE"), serial=serial, sku=article.sku, event=kind,
        happened_at=f"{day}T12:00:00Z", **cells,
    )  # fmt: skip


def trail(
    maker: Maker,
    article: Article,
    partner: str,
    region: str,
    seen: int,
    *,
    shipped: int = 0,
    lot: str | None = None,
    **cells: Cell,
) -> tuple[str, ...]:
    """Ship serials to a partner and see some of them in a region; return the key of what that may come to."""
    day = maker.ground.day(2, 3)
    for number in range(max(seen, shipped)):
        serial = maker.name("BS")
        event(maker, serial, article, "ship_out", later(day, -30), partner=partner, lot=lot)
        if number < seen:
            event(maker, serial, article, "consumer_scan", later(day, 2 * number), region=region, **cells)
    return (partner, article.sku, region, lot or "-", month(day))


def carried_off(maker: Maker) -> None:
    here, there, article = duel(maker)
    key = trail(maker, article, here.partner, there.code, maker.chance.randint(3, 8), shipped=200, lot=maker.name("LOT"))
    maker.conflict(RULE, key, "suspected", "several serials of a lot")

    here, there, article = duel(maker)
    key = trail(maker, article, here.partner, there.code, 2, shipped=10, lot=maker.name("LOT"))
    maker.conflict(RULE, key, "suspected", "two serials of a small lot")

    here, there, article = duel(maker)
    key = trail(maker, article, here.partner, there.zone, 3)
    maker.conflict(RULE, key, "suspected", "goods without a lot, in a zone of the region")

    here, there, article = duel(maker, beside=True)
    key = trail(maker, article, here.partner, there.code, 7, lot=maker.name("LOT"))
    maker.conflict(RULE, key, "suspected", "too much for a border")


def stayed(maker: Maker) -> None:
    here, there, article = duel(maker)
    maker.look_alike(RULE, trail(maker, article, here.partner, here.zone, 5, lot=maker.name("LOT")), "own_territory")

    here, there, article = duel(maker, beside=True)
    key = trail(maker, article, here.partner, there.code, 4, lot=maker.name("LOT"))
    maker.look_alike(RULE, key, "border_flow", "natural")

    here, there, article = duel(maker)
    maker.look_alike(RULE, trail(maker, article, here.partner, OPEN, 4), "unserved", "benign")

    here, there, article = duel(maker)
    maker.look_alike(RULE, trail(maker, article, here.partner, there.code, 1), "single_scan")

    here, there, article = duel(maker)
    key = trail(maker, article, here.partner, there.code, 4, accuracy_km=80)
    maker.look_alike(RULE, key, "vague_position")

    here, there, article = duel(maker)
    maker.grant(here.partner, there.zone, article.group)
    maker.look_alike(RULE, trail(maker, article, here.partner, there.zone, 4), "carve_out_grant")

    here, there = maker.apart()
    article = maker.article()
    maker.grant(here.partner, here.code, article.group)
    alone = maker.grant(there.partner, there.code, article.group)
    shared = maker.grant(here.partner, there.code, article.group, "non_exclusive", valid_to=maker.ground.day(3, 20))
    maker.look_alike(RULE, trail(maker, article, here.partner, there.code, 4), "authorised_when_shipped")
    maker.conflict("territory_overlap", (SOURCE, alone, SOURCE, shared), "overlap", "given alone, and for a while to another")

    here, there = maker.apart()
    article = maker.article()
    maker.grant(there.partner, here.code, article.group)
    maker.look_alike(RULE, trail(maker, article, here.partner, here.code, 4), "seat_of_the_partner")


def went_back(maker: Maker) -> None:
    here, there, article = duel(maker)
    day = maker.ground.day(2, 3)
    lot = maker.name("LOT")
    for _ in range(4):
        serial = maker.name("BS")
        event(maker, serial, article, "ship_out", later(day, -40), partner=here.partner, lot=lot)
        event(maker, serial, article, "return", later(day, -30), partner=here.partner)
        event(maker, serial, article, "ship_out", later(day, -20), partner=there.partner, lot=lot)
        event(maker, serial, article, "retail_scan", day, region=there.code)
    maker.look_alike(RULE, (here.partner, article.sku, there.code, lot, month(day)), "returned_goods")
