"""Grants that give two partners the same ground."""

from benchmarks.conflicts.book import Cell
from benchmarks.conflicts.ground import SHARED
from benchmarks.conflicts.infrastructure import CHILD, MASTER
from benchmarks.conflicts.maker import SOURCE, Maker

RULE = "territory_overlap"


Cells = dict[str, Cell]
Ground = tuple[str, str, Cells]


def plant(maker: Maker) -> None:
    """Plant one of each kind."""
    here, there = maker.apart()

    def pair(one: Ground, other: Ground, name: str = "") -> tuple[str, ...]:
        group = maker.name("G")
        grants = [
            maker.grant(partner, region, of_group, **cells)
            for of_group, (partner, region, cells) in ((group, one), (group + name, other))
        ]
        return (SOURCE, grants[0], SOURCE, grants[1])

    def mine(**cells: Cell) -> Ground:
        return (here.partner, here.code, cells)

    def theirs(**cells: Cell) -> Ground:
        return (there.partner, here.code, cells)

    months = maker.ground.day
    maker.conflict(RULE, pair(mine(), theirs()), "overlap", "given twice")
    maker.conflict(RULE, pair(mine(), theirs(valid_from=months(3, 1))), "overlap", "given again before the first ended")
    maker.conflict(RULE, pair(mine(), theirs(exclusivity="non_exclusive")), "overlap", "given alone and to others")

    maker.look_alike(RULE, pair(mine(), (there.partner, here.zone, {})), "carve_out_grant", "nested")
    shared = pair((here.partner, SHARED, {}), (there.partner, SHARED, {}))
    maker.look_alike(RULE, shared, "shared_territory", "shared")
    maker.look_alike(RULE, pair(mine(valid_to=months(4, 1)), theirs(valid_from=months(4, 1))), "successor")
    maker.look_alike(RULE, pair(mine(), theirs(valid_to=months(5, 1))), "long_past")
    maker.look_alike(RULE, pair((MASTER, here.code, {}), (CHILD, here.code, {})), "same_line")
    open_to_all = pair(mine(exclusivity="non_exclusive"), theirs(exclusivity="non_exclusive"))
    maker.look_alike(RULE, open_to_all, "open_territory")
    maker.look_alike(RULE, pair(mine(segment="hospital"), theirs(segment="retail")), "other_segment")
    maker.look_alike(RULE, pair(mine(), theirs(), "-B"), "other_group")
