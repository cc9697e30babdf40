"""Regions, grants and the partner tree."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypeVar

from tests.reference.world import Customer, Grant, Partner, Region

Node = TypeVar("Node", Region, Partner, Customer)


def upward(node: Node | None) -> list[Node]:
    """Return the node, its parent, and so on up to the root."""
    found: list[Node] = []
    while node is not None and node not in found:
        found.append(node)
        node = node.parent
    return found


def covers(wide: Region | None, place: Region | None) -> bool:
    return wide is not None and wide in upward(place)


def distance(wide: Region, place: Region) -> int:
    return upward(place).index(wide)


def adjacent(ground: Region | None, place: Region | None) -> bool:
    """Say whether the place touches the ground without lying in it; a pair declared for its ancestors holds for it too."""
    if ground is None or place is None or covers(ground, place):
        return False
    return any(covers(ground, near) for wide in upward(place) for near in wide.touching)


def market(place: Region | None) -> Region | None:
    """Return the country around a place, otherwise its root."""
    chain = upward(place)
    return next((region for region in chain if region.kind == "country"), chain[-1] if chain else None)


def province(place: Region | None) -> Region | None:
    return next((region for region in upward(place) if region.kind == "province"), None)


def related(one: Partner, other: Partner) -> bool:
    """Say whether one is the other, or above or below it."""
    return one in upward(other) or other in upward(one)


def live(grant: Grant, day: date) -> bool:
    return grant.valid_from <= day and (grant.valid_to is None or day < grant.valid_to)


def governing(grants: Iterable[Grant], place: Region, group: str, segment: str | None, day: date) -> list[Grant]:
    """Return the grants that decide at a place: the nearest, then the more specific ones; all ties."""
    ranked = [
        ((distance(grant.region, place), grant.group != group, grant.segment != segment), grant)
        for grant in grants
        if live(grant, day)
        and covers(grant.region, place)
        and grant.group in (group, "*")
        and (grant.segment == "*" or grant.segment == segment)
    ]
    best = min((rank for rank, _ in ranked), default=None)
    return [grant for rank, grant in ranked if rank == best]


def held(grants: Iterable[Grant], partner: Partner, group: str, day: date) -> list[Grant]:
    """Return the live grants of a partner for a product group."""
    return [grant for grant in grants if grant.partner is partner and live(grant, day) and grant.group in (group, "*")]


def bound(grants: Sequence[Grant], partner: Partner, group: str, day: date) -> Partner | None:
    """Return the nearest of the partner and those above it that has a grant of its own."""
    return next((one for one in upward(partner) if held(grants, one, group, day)), None)


def authorised(grants: Sequence[Grant], partner: Partner, place: Region, group: str, segment: str | None, day: date) -> bool:
    holder = bound(grants, partner, group, day)
    if holder is None:
        return False
    if any(grant.partner is holder for grant in governing(grants, place, group, segment, day)):
        return True
    return segment is None and any(
        grant.segment != "*" and covers(grant.region, place) for grant in held(grants, holder, group, day)
    )


def holders(ruling: Iterable[Grant]) -> list[Partner]:
    """Return the partners that hold a place alone, by code."""
    return sorted({grant.partner for grant in ruling if grant.alone}, key=lambda partner: partner.code.encode())


def disputed(ruling: Sequence[Grant], most: int) -> bool:
    """Say whether several partners have the place and it is not a sharing that the profile allows."""
    alone = holders(ruling)
    if len({grant.partner for grant in ruling}) < 2 or not alone:
        return False
    return not (all(grant.alone for grant in ruling) and len(alone) <= most)
