"""One article at different prices in different channels in the same week."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from itertools import permutations

from tests.reference.arithmetic import quotient
from tests.reference.finding import Finding, code
from tests.reference.hearing import Hearing
from tests.reference.prices import Spot, pack_factor, pack_factors, promoted, usual_sale_price
from tests.reference.territory import market
from tests.reference.trade import Line
from tests.reference.world import Product, Region

RULE = "cross_channel_gap"
Cell = tuple[Product, Region | None, date]


def findings(hearing: Hearing) -> Iterator[Finding]:
    cells: dict[Cell, dict[str, list[Line]]] = defaultdict(lambda: defaultdict(list))
    for line in hearing.sales:
        if compared(hearing, line):
            monday = line.day - timedelta(days=line.day.weekday())
            cells[line.base, market(line.record.to), monday][line.record.channel].append(line)
    for (base, place, monday), channels in cells.items():
        for low, high in permutations(channels, 2):
            found = finding(hearing, (base, place, monday), (low, channels[low]), (high, channels[high]))
            if found is not None:
                yield found


def compared(hearing: Hearing, line: Line) -> bool:
    place = market(line.record.to)
    if line.unit_net is None or line.seller is None or line.seller.model == "commission_agency":
        return False
    bulk = line.units >= hearing.threshold(RULE, "consumer_bulk_units", line.day, place, line.group)
    if bulk and hearing.policies.channel_class(line.day, line.record.channel) == "consumer":
        return False
    if promoted(hearing, Spot(line.base, line.record.to, line.record.channel, line.seller, line.day)):
        return False
    usual = usual_sale_price(hearing, line)
    return pack_factor(line.unit_net, usual, pack_factors(hearing.packs[line.base])) is None


def price_of(lines: list[Line]) -> Fraction | None:
    total = sum(((line.unit_net or Fraction(0)) * line.units for line in lines), Fraction(0))
    return quotient(total, sum((line.units for line in lines), Fraction(0)))


def finding(hearing: Hearing, cell: Cell, low: tuple[str, list[Line]], high: tuple[str, list[Line]]) -> Finding | None:
    base, place, monday = cell
    mode = hearing.profile(monday, place)["price_rules"]
    least = hearing.threshold(RULE, "min_n", monday, place, base.group)
    if mode == "off" or len(low[1]) < least or len(high[1]) < least:
        return None
    part = quotient(price_of(low[1]), price_of(high[1]))
    if part is None or 1 - part <= hearing.threshold(RULE, "gap", monday, place, base.group):
        return None
    classes = tuple(hearing.policies.channel_class(monday, channel) for channel in (low[0], high[0]))
    if classes == ("trade", "consumer"):
        return None
    year, week, _ = monday.isocalendar()
    return Finding(
        rule=RULE,
        parts=(code(base), code(place), f"{year}-W{week:02}", low[0], high[0]),
        classification="gap",
        full=True,
        mode=str(mode),
        product_group=base.group,
        base=base,
        region=place,
        event_day=monday,
        depth=quotient(1 - part, Fraction(3, 10)),
        strength=Fraction(4, 10),
    )
