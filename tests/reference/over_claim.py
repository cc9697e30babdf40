"""More claimed than there was to sell."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction

from tests.reference.arithmetic import quotient
from tests.reference.claims import counting, doubles, units, worth
from tests.reference.finding import Finding, code
from tests.reference.hearing import Hearing
from tests.reference.stock import pooled
from tests.reference.trade import Line
from tests.reference.world import Claim, Partner, Product

RULE = "over_claim"


def findings(hearing: Hearing) -> Iterator[Finding]:
    left_out = {double.claim for double in doubles(hearing) if double.level in ("serial", "exact")}
    claims: dict[tuple[Partner, str, Product], list[Claim]] = defaultdict(list)
    for claim in counting(hearing):
        if claim.kind != "mdf" and claim.product is not None and claim not in left_out:
            claims[claim.partner, claim.program, claim.product.base].append(claim)
    for (partner, program, base), made in claims.items():
        found = finding(hearing, partner, program, base, made)
        if found is not None:
            yield found


def buys(line: Line, partner: Partner, base: Product) -> bool:
    return (
        line.kind in ("sell_in", "sell_out", "transfer")
        and line.record.buyer is partner
        and line.base is base
        and line.net_units > 0
    )


def available(hearing: Hearing, partner: Partner, base: Product, start: date, end: date) -> Fraction:
    """Return what the partner had to sell from a day to a day; nothing to begin with where no month is known."""
    months = pooled(hearing).get((partner, base))
    total = months[start]["opening"] if months else Fraction(0)
    for line in hearing.lines:
        if line.base is not base or not start <= line.day < end:
            continue
        if buys(line, partner, base):
            total += line.net_units
        if line.kind == "transfer" and line.seller is partner:
            total -= line.units
        if line.kind == "return" and line.record.return_of is None and line.record.buyer is partner:
            total -= line.units
    return total


def finding(hearing: Hearing, partner: Partner, program: str, base: Product, made: list[Claim]) -> Finding | None:
    months = pooled(hearing).get((partner, base))
    bought = [line.day for line in hearing.lines if buys(line, partner, base)]
    if not bought:
        return None
    start, end = min(months) if months else date.min, max(bought) + timedelta(days=1)
    counted = [claim for claim in made if start <= claim.day < end]
    claimed = sum((units(claim) or Fraction(0) for claim in counted), Fraction(0))
    had = available(hearing, partner, base, start, end)
    day = end - timedelta(days=1)
    if claimed <= had * (1 + hearing.threshold(RULE, "tol", day, partner.home, base.group)) or not claimed:
        return None
    amounts = [amount for claim in counted if (amount := worth(hearing, claim)) is not None]
    money = sum(amounts, Fraction(0)) if len(amounts) == len(counted) else None
    return Finding(
        rule=RULE,
        parts=(code(partner), program, code(base)),
        classification="over_claim",
        full=True,
        mode="case",
        accused=partner,
        product_group=base.group,
        base=base,
        event_day=day,
        value_at_risk=None if money is None else quotient((claimed - had) * money, claimed),
        depth=Fraction(1) if had <= 0 else quotient(claimed - had, had),
        strength=Fraction(4, 10),
    )
