"""Goods delivered into a region that another partner holds alone."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from tests.reference.arithmetic import quotient, times
from tests.reference.finding import Finding, code, month_of
from tests.reference.hearing import Hearing
from tests.reference.prices import policy_price
from tests.reference.territory import adjacent, authorised, bound, covers, disputed, governing, held, holders, upward
from tests.reference.trade import Line
from tests.reference.world import Grant, Partner, Region

RULE = "cross_region_sale"


@dataclass(frozen=True, eq=False)
class Case:
    """One line and one holder of the place it went to."""

    line: Line
    seller: Partner
    place: Region
    holder: Partner | None
    ruling: list[Grant]
    passive: bool

    @property
    def group(self) -> tuple[object, ...]:
        return self.seller, self.holder, self.line.group, self.place, month_of(self.line.day)


def findings(hearing: Hearing) -> Iterator[Finding]:
    cases = [case for line in hearing.sales for case in cases_of(hearing, line)]
    units: dict[tuple[object, ...], Fraction] = defaultdict(Fraction)
    for case in cases:
        if not case.passive:
            units[case.group] += case.line.net_units
    for case in cases:
        yield finding(hearing, case, units[case.group])


def territory_off(hearing: Hearing, line_day: Line) -> bool:
    """Say whether the place's profile leaves territory out."""
    profile = hearing.profile(line_day.day, line_day.record.to)
    if profile["territory_rules"] == "off":
        return True
    exclusive = hearing.policies.distribution(line_day.day, line_day.group) == "exclusive"
    return bool(profile["territory_needs_exclusive_system"] in (True, "yes", "on") and not exclusive)


def cases_of(hearing: Hearing, line: Line) -> Iterator[Case]:
    record, seller, place, day, grants = line.record, line.seller, line.record.to, line.day, hearing.world.grants
    if place is None or seller is None:
        return
    if record.customer is not None and record.customer.key_account:
        return
    if record.to_location is not None and record.to_location.kind == "third_party":
        return
    if territory_off(hearing, line):
        return
    segment = record.customer.segment if record.customer else None
    if authorised(grants, seller, place, line.group, segment, day):
        return
    ruling = governing(grants, place, line.group, segment, day)
    alone = holders(ruling)
    buyer = record.buyer
    if record.drop_ship_for in alone:
        return
    if buyer is not None and (buyer in alone or authorised(grants, buyer, place, line.group, segment, day)):
        return
    profile = hearing.profile(day, place)
    passive = record.initiated == "passive" or (record.initiated == "unknown" and profile["unknown_initiated_as"] == "passive")
    if not ruling:
        if bound(grants, seller, line.group, day) is not None:
            yield Case(line, seller, place, None, ruling, passive)
        return
    for holder in alone:
        if seller in upward(holder):
            continue
        own = [grant for grant in ruling if grant.partner is holder]
        if seller.type == "direct" and all(grant.exclusivity == "sole" for grant in own):
            continue
        yield Case(line, seller, place, holder, ruling, passive)


def finding(hearing: Hearing, case: Case, group_units: Fraction) -> Finding:
    line = case.line
    holder_units = units_of_holder(hearing, case)
    classification = classify(hearing, case, group_units, holder_units)
    depth = None if holder_units is None else quotient(group_units, holder_units * Fraction(1, 10))
    return Finding(
        rule=RULE,
        parts=(*line.name, code(case.holder)),
        classification=classification,
        full=classification == "suspected",
        mode=str(hearing.profile(line.day, case.place)["territory_rules"]),
        accused=case.seller,
        victim=case.holder,
        product_group=line.group,
        base=line.base,
        region=case.place,
        event_day=line.day,
        value_at_risk=line.value,
        depth=depth,
        strength=Fraction(1) if line.invoice or line.record.serials else Fraction(7, 10),
        evidence={
            "net_units": line.net_units,
            "returned": line.units - line.net_units,
            "unit_net": line.unit_net,
            "group_units": group_units,
            "holder_units": holder_units,
            "holder": code(case.holder),
            "initiated": line.record.initiated,
        },
    )


def units_of_holder(hearing: Hearing, case: Case) -> Fraction | None:
    """Return what the holder itself sold in its ground that month; unknown where it sold nothing."""
    if case.holder is None:
        return None
    grounds = [grant.region for grant in case.ruling if grant.partner is case.holder]
    line = case.line
    total = sum(
        (
            other.net_units
            for other in hearing.sales
            if other.seller is case.holder
            and other.group == line.group
            and month_of(other.day) == month_of(line.day)
            and any(covers(ground, other.record.to) for ground in grounds)
        ),
        Fraction(0),
    )
    return total or None


def classify(hearing: Hearing, case: Case, group_units: Fraction, holder_units: Fraction | None) -> str:
    line, day = case.line, case.line.day

    def threshold(name: str) -> Fraction:
        return hearing.threshold(RULE, name, day, case.place, line.group)

    if case.passive:
        return "passive_info"
    if case.holder is None:
        return "benign"
    if disputed(case.ruling, int(hearing.profile(day, case.place)["exclusive_max_holders"])):
        return "territory_disputed"
    if group_units <= threshold("border_units") and next_door(hearing, case) and fair(hearing, case, threshold("price_tol")):
        return "natural"
    known_share = holder_units is not None and group_units >= threshold("min_share") * holder_units
    if group_units < threshold("min_units") and not known_share:
        return "minor"
    return "suspected"


def next_door(hearing: Hearing, case: Case) -> bool:
    grants, line = hearing.world.grants, case.line
    holder = bound(grants, case.seller, line.group, line.day)
    return holder is not None and any(
        adjacent(grant.region, case.place) for grant in held(grants, holder, line.group, line.day)
    )


def fair(hearing: Hearing, case: Case, tolerance: Fraction) -> bool:
    """Say whether the price is not below the local wholesale price, or there is none."""
    line = case.line
    local = policy_price(hearing, "wholesale", line.base, case.place, line.record.channel, line.units, line.day)
    if local is None:
        return True
    limit = times(local, 1 - tolerance)
    return line.unit_net is not None and limit is not None and line.unit_net >= limit
