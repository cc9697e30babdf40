"""How serious a finding is: five terms, their weighted sum, and what caps it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from tests.reference.arithmetic import rounded
from tests.reference.finding import Finding
from tests.reference.hearing import Hearing
from tests.reference.policies import number
from tests.reference.world import Partner

WEIGHTS = {"impact": "30", "depth": "20", "evidence": "20", "recurrence": "15", "spread": "15"}
BANDS = {"low": "25", "medium": "50", "high": "70", "critical": "85"}
CAPS = {
    "pack_suspect": "10", "unit_mapping_suspect": "10",
    "passive_info": "20", "minor": "20", "territory_disputed": "20",
    "unconfirmed": "25", "nested": "25", "shared": "25", "stale_stock": "25", "promo_preload": "25", "price_buy_ahead": "25",
    "launch": "25", "reviewed": "25", "near_promotion": "25",
    "natural": "30", "benign": "35",
    "continuity": "45", "fuzzy": "45", "natural_key": "45", "possible": "45", "anomaly": "45", "quarter_end": "45",
    "observe": "45",
}  # fmt: skip
UNKNOWN = Fraction(1, 2)


def score(hearing: Hearing, draft: Finding, drafts: Iterable[Finding]) -> Finding:
    """Return the finding with its score among the findings of its rule."""
    said = hearing.policies.on(draft.event_day).body.get("severity", {})
    weights = [number(value) for value in {**WEIGHTS, **said.get("weights", {})}.values()]
    caps = {**CAPS, **said.get("caps", {})}
    bands = {**BANDS, **said.get("bands", {})}
    depth = UNKNOWN if draft.depth is None else draft.depth
    values = (impact(hearing, draft), depth, draft.strength, *recurrence_and_spread(draft, drafts))
    terms = tuple(rounded(min(max(value, Fraction(0)), Fraction(1)), 4) for value in values)
    raw = rounded(sum((weight * term for weight, term in zip(weights, terms, strict=True)), Fraction(0)), 1)
    names = {draft.rule, draft.classification, draft.mode, *draft.circumstances} & caps.keys()
    that_apply = {name: number(caps[name]) for name in names}
    capped = min([raw, *that_apply.values()])
    return replace(
        draft, terms=terms, caps=that_apply, uncapped_score=raw, score=capped, band=band(capped, bands)
    )  # fmt: skip


def band(value: Fraction, bands: Mapping[str, object]) -> str:
    reached = [name for name in ("low", "medium", "high", "critical") if value >= number(bands[name])]
    return reached[-1] if reached else "info"


def impact(hearing: Hearing, draft: Finding) -> Fraction:
    """Return what is at risk as a part of five percent of the accused's monthly sales."""
    monthly = monthly_sales(hearing, draft.accused, draft.event_day)
    if not draft.value_at_risk or not monthly:
        return UNKNOWN
    return draft.value_at_risk / monthly / Fraction(5, 100)


def monthly_sales(hearing: Hearing, partner: Partner | None, day: date) -> Fraction | None:
    """Return the mean value of the months with sales among the month and the two before."""
    if partner is None:
        return None
    months = {(day.year * 12 + day.month) - back for back in range(3)}
    by_month: dict[int, Fraction] = {}
    for line in hearing.sales:
        month = line.day.year * 12 + line.day.month
        if line.seller is partner and month in months and line.value is not None:
            by_month[month] = by_month.get(month, Fraction(0)) + line.value
    return sum(by_month.values(), Fraction(0)) / len(by_month) if by_month else None


def peers(draft: Finding) -> tuple[object, ...]:
    """Return what findings of one rule are counted together by."""
    if draft.rule == "unknown_seller":
        return ()
    if draft.accused is not None:
        return ("accused", draft.accused)
    if draft.victim is not None:
        return ("victim", draft.victim)
    return ("place", draft.base, draft.region)


def recurrence_and_spread(draft: Finding, drafts: Iterable[Finding]) -> tuple[Fraction, Fraction]:
    since = draft.event_day - timedelta(days=89)
    counted = [
        other for other in drafts if other.full and peers(other) == peers(draft) and since <= other.event_day <= draft.event_day
    ]
    days = {other.event_day for other in counted}
    regions = {other.region for other in (*counted, draft) if other.region is not None}
    victims = {other.victim for other in (*counted, draft) if other.victim is not None}
    return Fraction(max(1, len(days)), 5), Fraction(max(len(regions), len(victims), 1), 3)
