"""Months in which a buyer takes far more than it used to."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from tests.reference.arithmetic import quotient
from tests.reference.finding import Finding, code, month_of
from tests.reference.hearing import Hearing
from tests.reference.prices import first_of
from tests.reference.statistics import median, robust_z
from tests.reference.stock import months_before, preloading
from tests.reference.world import Partner, Product

RULE = "quantity_anomaly"


def findings(hearing: Hearing) -> Iterator[Finding]:
    bought: dict[tuple[Partner, Product], dict[date, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for line in hearing.lines:
        if line.kind == "sell_in" and line.record.buyer is not None and line.net_units > 0:
            bought[line.record.buyer, line.base][first_of(line.day)] += 0 if line.under_deal else line.net_units
    for (partner, base), months in bought.items():
        for month in list(months):
            found = finding(hearing, partner, base, month, months)
            if found is not None:
                yield found


def finding(hearing: Hearing, partner: Partner, base: Product, month: date, months: dict[date, Fraction]) -> Finding | None:
    def threshold(name: str) -> Fraction:
        return hearing.threshold(RULE, name, month, partner.home, base.group)

    bought, history = months[month], []
    for back in range(1, int(threshold("history")) + 1):
        earlier = months_before(month, back)
        if earlier < min(months):
            break
        history.append(months.get(earlier, Fraction(0)))
    if not history or len(history) < threshold("min_n") or bought < threshold("min_units"):
        return None
    usual, z = median(history), robust_z(bought, history)
    if usual <= 0 or bought <= threshold("factor") * usual or (z is not None and z <= threshold("z")):
        return None
    return Finding(
        rule=RULE,
        parts=(code(partner), code(base), month_of(month)),
        classification="promo_preload" if preloading(hearing, partner, base, month) else "anomaly",
        full=False,
        mode="case",
        accused=partner,
        product_group=base.group,
        base=base,
        event_day=month,
        depth=Fraction(1) if z is None else quotient(z - Fraction(7, 2), Fraction(7, 2)),
        strength=Fraction(2, 10),
        evidence={"z": z, "median": usual},
    )
