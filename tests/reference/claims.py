"""Claims that count, and which of them look like one made before."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from tests.reference.arithmetic import rounded, times
from tests.reference.hearing import Hearing
from tests.reference.trade import invoice
from tests.reference.world import Claim

RULE = "duplicate_claim"
LEVELS = ("serial", "exact", "fuzzy")
COUNTING = ("submitted", "approved", "paid")


@dataclass(frozen=True, eq=False)
class Double:
    """A claim and the earlier one it looks like."""

    claim: Claim
    kept: Claim
    level: str


def units(claim: Claim) -> Fraction | None:
    return None if claim.qty is None or claim.product is None else claim.qty * claim.product.pack


def worth(hearing: Hearing, claim: Claim) -> Fraction | None:
    """Return the claimed money in base currency."""
    amount = times(claim.amount, hearing.rate(claim.currency, claim.day))
    return None if amount is None else rounded(amount, 2)


def counting(hearing: Hearing) -> list[Claim]:
    """Return the claims that stand: neither refused nor replaced by one that stands."""
    standing = [claim for claim in hearing.world.claims if claim.status in COUNTING]
    replaced = {(claim.source, claim.replaces) for claim in standing}
    return [claim for claim in standing if (claim.source, claim.key) not in replaced]


def order_of(claim: Claim) -> tuple[int, bytes, bytes]:
    return claim.day.toordinal(), claim.key.encode(), claim.source.encode()


def doubles(hearing: Hearing) -> Iterator[Double]:
    claims = counting(hearing)
    for claim in claims:
        matches = [
            (LEVELS.index(level), order_of(kept), kept)
            for kept in claims
            if order_of(kept) < order_of(claim) and (level := match(hearing, claim, kept)) is not None
        ]
        if matches:
            place, _, kept = min(matches, key=lambda one: one[:2])
            yield Double(claim, kept, LEVELS[place])


def match(hearing: Hearing, claim: Claim, kept: Claim) -> str | None:
    """Return how closely a claim resembles an earlier one."""
    if claim.program != kept.program:
        return None
    same_partner = claim.partner is kept.partner
    bill, bill_kept = invoice(claim.invoice_ref), invoice(kept.invoice_ref)
    shared = same_partner or not hearing.policies.stackable(claim.day, claim.program)
    if claim.serial is not None and claim.serial == kept.serial and shared:
        return "serial"
    if "mdf" in (claim.kind, kept.kind):
        same_money = (claim.amount, claim.currency) == (kept.amount, kept.currency)
        same = claim.kind == kept.kind and same_partner and same_money
        return "exact" if same and bill is not None and bill == bill_kept else None
    if claim.serial is not None and kept.serial is not None and claim.serial != kept.serial:
        return None
    if not (same_partner and base(claim) is base(kept) and units(claim) == units(kept)):
        return None
    if bill is not None and bill == bill_kept:
        return "exact"
    near = abs((claim.day - kept.day).days) <= threshold(hearing, claim, "days")
    bill_absent = bill is None or bill_kept is None
    same_customer = claim.customer is not None and claim.customer is kept.customer
    return "fuzzy" if near and bill_absent and same_customer and alike(hearing, claim, kept) else None


def base(claim: Claim) -> object:
    return None if claim.product is None else claim.product.base


def alike(hearing: Hearing, claim: Claim, kept: Claim) -> bool:
    one, other = worth(hearing, claim), worth(hearing, kept)
    if one is None or other is None:
        return False
    return abs(one - other) <= threshold(hearing, claim, "amount_tol") * max(one, other)


def threshold(hearing: Hearing, claim: Claim, name: str) -> Fraction:
    group = claim.product.base.group if claim.product else "-"
    return hearing.threshold(RULE, name, claim.day, claim.partner.home, group)
