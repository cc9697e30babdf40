"""Stock months that do not add up."""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from tests.reference.arithmetic import quotient, times
from tests.reference.finding import Finding, code, month_of
from tests.reference.hearing import Hearing
from tests.reference.prices import policy_price
from tests.reference.stock import Quantities, months_before, pooled
from tests.reference.world import Partner, Product

RULE = "inventory_imbalance"


def findings(hearing: Hearing) -> Iterator[Finding]:
    for (partner, base), months in pooled(hearing).items():
        for month, now in months.items():
            share = hearing.threshold(RULE, "pct", month, partner.home, base.group)
            largest = max(hearing.packs[base] | {base.pack})
            tolerance = max(share * (now["opening"] + now["sell_in"]), largest)
            missing = expected(now) - now["closing"]
            if abs(missing) > tolerance:
                yield finding(hearing, partner, base, month, now, "missing" if missing > 0 else "surplus", missing)
            before = months.get(months_before(month, 1))
            if before is not None and abs(now["opening"] - before["closing"]) > tolerance:
                gap = now["opening"] - before["closing"]
                yield finding(hearing, partner, base, month, now, "continuity", gap)


def expected(month: Quantities) -> Fraction:
    return (
        month["opening"] + month["sell_in"] - month["sell_out"] + month["returns"] - month["returns_out"]
        + month["transfers_in"] - month["transfers_out"] + month["adjustments"]
    )  # fmt: skip


def finding(
    hearing: Hearing,
    partner: Partner,
    base: Product,
    month: date,
    now: Quantities,
    classification: str,
    missing: Fraction,
) -> Finding:
    turnover = now["opening"] + now["sell_in"]
    size = abs(missing)
    price = policy_price(hearing, "wholesale", base, partner.home, None, size, month)
    return Finding(
        rule=RULE,
        parts=(code(partner), code(base), month_of(month), "continuity" if classification == "continuity" else "balance"),
        classification=classification,
        full=classification != "continuity",
        mode="case",
        accused=partner,
        product_group=base.group,
        base=base,
        event_day=month,
        value_at_risk=times(size, price),
        depth=Fraction(1) if turnover == 0 else quotient(size, turnover * Fraction(1, 10)),
        strength=Fraction(4, 10),
    )
