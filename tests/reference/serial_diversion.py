"""Serials seen outside the territory they were shipped to."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from tests.reference.arithmetic import quotient, times
from tests.reference.finding import Finding, code, month_of
from tests.reference.hearing import Hearing
from tests.reference.prices import policy_price
from tests.reference.territory import adjacent, authorised, bound, covers, governing, held, holders, province
from tests.reference.world import Partner, Product, Region, SerialEvent

RULE = "serial_diversion"
SCANS = ("retail_scan", "consumer_scan")


@dataclass(frozen=True)
class Track:
    """Where and of whom a serial was seen."""

    partner: Partner
    base: Product
    place: Region
    lot: str | None


def findings(hearing: Hearing) -> Iterator[Finding]:
    first: dict[tuple[Track, str], date] = {}
    for scan in hearing.world.serial_events:
        track = strayed(hearing, scan)
        if track is not None:
            day = hearing.day(scan.happened_at)
            known = first.get((track, scan.serial), day)
            first[track, scan.serial] = min(day, known)
    clusters: dict[tuple[Track, str], dict[str, date]] = defaultdict(dict)
    for (track, serial), day in first.items():
        clusters[track, month_of(day)][serial] = day
    for (track, month), serials in clusters.items():
        found = finding(hearing, track, month, serials)
        if found is not None:
            yield found


def order_of(event: SerialEvent) -> tuple[object, bytes]:
    return event.happened_at, event.key.encode()


def strayed(hearing: Hearing, scan: SerialEvent) -> Track | None:
    """Return whose serial it is and where, when it was scanned where its last receiver may not sell."""
    place, day = scan.region, hearing.day(scan.happened_at)
    if scan.event not in SCANS or place is None:
        return None
    most = hearing.threshold(RULE, "max_accuracy_km", day, place, scan.product.base.group)
    if scan.accuracy_km is not None and scan.accuracy_km > most:
        return None
    before = [
        event for event in hearing.world.serial_events if event.serial == scan.serial and event.happened_at <= scan.happened_at
    ]
    shipped = max((event for event in before if event.event == "ship_out"), key=order_of, default=None)
    if shipped is None or shipped.partner is None:
        return None
    if any(event.event == "return" and order_of(event) > order_of(shipped) for event in before):
        return None
    base = shipped.product.base
    if entitled(hearing, shipped.partner, base.group, place, hearing.day(shipped.happened_at), day):
        return None
    return Track(shipped.partner, base, place, shipped.lot)


def entitled(hearing: Hearing, partner: Partner, group: str, place: Region, start: date, end: date) -> bool:
    grants = hearing.world.grants
    days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
    if any(authorised(grants, partner, place, group, None, day) for day in days):
        return True
    if bound(grants, partner, group, start) is not None:
        return False
    home = partner.home
    return home is None or covers(home, place) or (province(home) is not None and province(home) is province(place))


def finding(hearing: Hearing, track: Track, month: str, serials: dict[str, date]) -> Finding | None:
    partner, base, place, grants = track.partner, track.base, track.place, hearing.world.grants
    group, n, day = base.group, len(serials), min(serials.values())
    profile = hearing.profile(day, place)
    closed = profile["territory_needs_exclusive_system"] in (True, "yes", "on")
    if profile["territory_rules"] == "off" or (closed and hearing.policies.distribution(day, group) != "exclusive"):
        return None

    def threshold(name: str) -> Fraction:
        return hearing.threshold(RULE, name, day, place, group)

    lot_n = None
    if track.lot is not None:
        lot_n = len(
            {
                event.serial
                for event in hearing.world.serial_events
                if event.event == "ship_out" and event.partner is partner and event.lot == track.lot
            }
        )
    share = None if lot_n is None else quotient(Fraction(n), Fraction(lot_n))
    if n < threshold("min_serials") and not (n >= 2 and share is not None and share >= threshold("min_lot_share")):
        return None
    alone = holders(governing(grants, place, group, None, day))
    holder = bound(grants, partner, group, day)
    if holder is None:
        near = adjacent(partner.home, place)
    else:
        near = any(adjacent(grant.region, place) for grant in held(grants, holder, group, day))
    if not alone:
        classification = "benign"
    elif near and n <= threshold("border_serials"):
        classification = "natural"
    else:
        classification = "suspected"
    return Finding(
        rule=RULE,
        parts=(code(partner), code(base), code(place), track.lot or "-", month),
        classification=classification,
        full=classification == "suspected",
        mode=str(profile["territory_rules"]),
        accused=partner,
        victim=alone[0] if alone else None,
        product_group=group,
        base=base,
        region=place,
        event_day=day,
        value_at_risk=times(Fraction(n), policy_price(hearing, "wholesale", base, place, None, Fraction(n), day)),
        depth=Fraction(n, 10),
        strength=Fraction(1),
    )
