"""More promised than a place has."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction

from tests.reference.arithmetic import quotient
from tests.reference.finding import Finding, code
from tests.reference.hearing import Hearing
from tests.reference.world import Level, Location, Product, Reservation

RULE = "oversell"


def findings(hearing: Hearing) -> Iterator[Finding]:
    latest: dict[tuple[Location, Product], Level] = {}
    for level in hearing.world.levels:
        place = level.location, level.product
        if level.as_of <= hearing.at and (place not in latest or level.as_of > latest[place].as_of):
            latest[place] = level
    levels: dict[tuple[Location, Product], list[Level]] = defaultdict(list)
    for (location, product), level in latest.items():
        levels[location, product.base].append(level)
    for (location, base), counted in levels.items():
        found = finding(hearing, location, base, counted)
        if found is not None:
            yield found


def promised(hearing: Hearing, location: Location, base: Product) -> list[Reservation]:
    return [
        one
        for one in hearing.world.reservations
        if one.location is location
        and one.product.base is base
        and one.status == "open"
        and (one.expires_at is None or one.expires_at > hearing.at)
    ]


def finding(hearing: Hearing, location: Location, base: Product, levels: list[Level]) -> Finding | None:
    reservations = promised(hearing, location, base)
    on_hand = sum((level.on_hand * level.product.pack for level in levels), Fraction(0))
    committed = sum((one.qty * one.product.pack for one in reservations), Fraction(0))
    if committed <= on_hand:
        return None
    oldest = min(level.as_of for level in levels)
    day = hearing.day(oldest)
    hours = hearing.threshold(RULE, "max_stock_age_hours", day, location.region, base.group)
    stale = oldest < hearing.at - timedelta(hours=float(hours))
    return Finding(
        rule=RULE,
        parts=(code_of(location), code(base)),
        classification="stale_stock" if stale else "oversell",
        full=not stale,
        mode="case",
        victim=location.partner,
        product_group=base.group,
        base=base,
        region=location.region,
        event_day=day,
        depth=Fraction(1) if on_hand == 0 else quotient(committed - on_hand, on_hand),
        strength=Fraction(7, 10) if all(one.order_ref for one in reservations) else Fraction(4, 10),
        evidence={"committed": committed, "on_hand": on_hand, "short": committed - on_hand},
    )


def code_of(location: Location) -> str:
    return location.code
