"""Two grants give two partners the same ground at the same time."""

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from itertools import combinations

from tests.reference.arithmetic import quotient
from tests.reference.finding import Finding
from tests.reference.hearing import Hearing
from tests.reference.territory import covers, live, related
from tests.reference.world import Grant

RULE = "territory_overlap"


def findings(hearing: Hearing) -> Iterator[Finding]:
    ordered = sorted(hearing.world.grants, key=lambda grant: (grant.key.encode(), grant.source.encode()))
    for a, b in combinations(ordered, 2):
        found = finding(hearing, a, b)
        if found is not None:
            yield found


def finding(hearing: Hearing, a: Grant, b: Grant) -> Finding | None:
    if a.partner is b.partner or related(a.partner, b.partner) or not (a.alone or b.alone):
        return None
    if not (meet(a.group, b.group) and meet(a.segment, b.segment)):
        return None
    if not (covers(a.region, b.region) or covers(b.region, a.region)):
        return None
    start = max(a.valid_from, b.valid_from)
    end = min((one.valid_to for one in (a, b) if one.valid_to is not None), default=None)
    if end is not None and (end <= start or end <= hearing.today - timedelta(days=90)):
        return None
    region = b.region if covers(a.region, b.region) else a.region
    days = None if end is None else Fraction((end - start).days)
    classification = classify(hearing, a, b, start)
    return Finding(
        rule=RULE,
        parts=(a.source, a.key, b.source, b.key),
        classification=classification,
        full=classification == "overlap",
        mode="case",
        product_group=a.group if b.group == "*" else b.group,
        region=region,
        event_day=start,
        depth=Fraction(1) if days is None else quotient(days, Fraction(90)),
        strength=Fraction(1) if a.contract_ref and b.contract_ref else Fraction(7, 10),
        evidence={
            "grant_a": a.key,
            "grant_b": b.key,
            "partner_a": a.partner.code,
            "partner_b": b.partner.code,
            "shared_from": start.isoformat(),
            "shared_to": None if end is None else end.isoformat(),
            "shared_days": days,
        },
    )


def meet(one: str, other: str) -> bool:
    return one == other or "*" in (one, other)


def scope(grant: Grant) -> tuple[object, ...]:
    return grant.region, grant.group, grant.segment


def classify(hearing: Hearing, a: Grant, b: Grant, start: date) -> str:
    if scope(a) != scope(b):
        return "nested"
    same = [grant for grant in hearing.world.grants if scope(grant) == scope(a) and live(grant, start)]
    most = int(hearing.profile(start, a.region)["exclusive_max_holders"])
    if all(grant.alone for grant in same) and len({grant.partner for grant in same}) <= most:
        return "shared"
    return "overlap"
