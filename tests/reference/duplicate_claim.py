"""Claims that look like an earlier one."""

from collections.abc import Iterator
from fractions import Fraction

from tests.reference.claims import RULE, doubles, worth
from tests.reference.finding import Finding
from tests.reference.hearing import Hearing

STRENGTH = {"serial": Fraction(1), "exact": Fraction(1), "fuzzy": Fraction(4, 10)}


def findings(hearing: Hearing) -> Iterator[Finding]:
    for double in doubles(hearing):
        claim, kept = double.claim, double.kept
        amounts = (worth(hearing, claim), worth(hearing, kept))
        known = [amount for amount in amounts if amount is not None]
        base = claim.product.base if claim.product else None
        yield Finding(
            rule=RULE,
            parts=(claim.source, claim.key),
            classification=double.level,
            full=double.level != "fuzzy",
            mode="case",
            accused=claim.partner,
            victim=None if kept.partner is claim.partner else kept.partner,
            product_group=base.group if base else "-",
            base=base,
            event_day=claim.day,
            value_at_risk=min(known) if len(known) == 2 else None,
            depth=Fraction(1),
            strength=STRENGTH[double.level],
        )
