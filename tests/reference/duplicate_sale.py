"""Sales that look like an earlier one."""

from collections.abc import Iterator
from fractions import Fraction

from tests.reference.finding import Finding
from tests.reference.hearing import Hearing
from tests.reference.trade import Line

RULE = "duplicate_sale"
STRENGTH = {
    "serial": Fraction(1), "exact": Fraction(1), "cross_partner": Fraction(7, 10), "natural_key": Fraction(2, 10),
}  # fmt: skip
LEVELS = tuple(STRENGTH)


def order_of(line: Line) -> tuple[int, bytes, bytes, int]:
    record = line.record
    return line.day.toordinal(), record.source.encode(), record.order.encode(), record.number


def findings(hearing: Hearing) -> Iterator[Finding]:
    for line in hearing.sales:
        matches = [
            (LEVELS.index(level), order_of(kept), kept)
            for kept in hearing.sales
            if order_of(kept) < order_of(line) and (level := match(line, kept)) is not None
        ]
        if matches:
            place, _, kept = min(matches, key=lambda one: one[:2])
            yield finding(line, kept, LEVELS[place])


def match(line: Line, kept: Line) -> str | None:
    """Return how closely a line resembles an earlier one of another order."""
    one, other = line.record, kept.record
    if line.base is not kept.base or (one.source, one.order) == (other.source, other.order):
        return None
    if (one.buyer is not None and one.buyer is other.seller) or (other.buyer is not None and other.buyer is one.seller):
        return None
    if (one.serials - line.returned_serials) & (other.serials - kept.returned_serials):
        return "serial"
    if line.units != kept.units or line.day != kept.day:
        return None
    same_seller = one.seller is other.seller
    same_bill = line.invoice is not None and line.invoice == kept.invoice
    same_customer = one.customer is not None and one.customer is other.customer
    if same_seller and same_bill:
        return "exact"
    on_behalf = one.drop_ship_for is other.seller or other.drop_ship_for is one.seller
    if not same_seller and not on_behalf and same_customer and same_bill:
        return "cross_partner"
    same_money = one.amount == other.amount and one.currency == other.currency
    if same_seller and same_customer and same_money and (line.invoice is None or kept.invoice is None):
        return "natural_key"
    return None


def finding(line: Line, kept: Line, level: str) -> Finding:
    return Finding(
        rule=RULE,
        parts=line.name,
        classification=level,
        full=level != "natural_key",
        mode="case",
        accused=line.seller,
        victim=None if kept.seller is line.seller else kept.seller,
        product_group=line.group,
        base=line.base,
        region=line.record.to,
        event_day=line.day,
        value_at_risk=line.value,
        depth=Fraction(1),
        strength=STRENGTH[level],
    )
