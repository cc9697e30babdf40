"""Public offers below the price the policy names, seen twice in a row."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from tests.reference.arithmetic import quotient, rounded
from tests.reference.finding import Finding, month_of
from tests.reference.hearing import Hearing
from tests.reference.prices import (
    Spot,
    exempt,
    first_of,
    nearly_promoted,
    pack_factor,
    pack_factors,
    reference_price,
    usual_offer_price,
)
from tests.reference.trade import Observation

RULE = "below_policy_offer"


@dataclass(frozen=True, eq=False)
class Low:
    """An observation that qualifies, and whether the one before it did."""

    offer: Observation
    price: Fraction
    kind: str
    reference: Fraction
    confirmed: bool


def findings(hearing: Hearing) -> Iterator[Finding]:
    listings: dict[str, list[Observation]] = defaultdict(list)
    for offer in hearing.offers:
        if compared(hearing, offer):
            listings[offer.record.listing].append(offer)
    found: dict[tuple[str, str, date], list[Low]] = defaultdict(list)
    for listing, offers in listings.items():
        # Several sources may watch one listing; each tells of its own observations.
        for low in lows(hearing, sorted(offers, key=order_of)):
            found[low.offer.record.source, listing, first_of(low.offer.day)].append(low)
    for (source, listing, month), of_month in found.items():
        yield finding(hearing, (source, listing, month_of(month)), of_month)


def order_of(offer: Observation) -> tuple[datetime, bytes]:
    return offer.record.seen, offer.record.source.encode()


def compared(hearing: Hearing, offer: Observation) -> bool:
    record = offer.record
    return (
        record.price_kind == "advertised"
        and record.condition == "new"
        and offer.unit_net is not None
        and not (offer.partner is not None and offer.partner.model == "commission_agency")
        and hearing.profile(offer.day, record.region, offer.partner)["price_rules"] != "off"
    )


def lows(hearing: Hearing, offers: Sequence[Observation]) -> Iterator[Low]:
    before = False
    for offer in offers:
        low = qualify(hearing, offer, confirmed=before)
        before = low is not None
        if low is not None:
            yield low


def spot(offer: Observation) -> Spot:
    return Spot(offer.base, offer.record.region, offer.record.channel, offer.partner, offer.day)


def qualify(hearing: Hearing, offer: Observation, *, confirmed: bool) -> Low | None:
    reference = reference_price(hearing, offer)
    if reference is None or offer.unit_net is None:
        return None
    kind, price = reference
    name = "tol" if kind == "map" else "tol_recommended"
    tolerance = hearing.threshold(RULE, name, offer.day, offer.record.region, offer.base.group)
    if offer.unit_net >= price * (1 - tolerance) or exempt(hearing, spot(offer), offer.unit_net):
        return None
    return Low(offer, offer.unit_net, kind, price, confirmed)


def finding(hearing: Hearing, parts: tuple[str, ...], found: Sequence[Low]) -> Finding:
    lowest = min(found, key=lambda low: (low.price, order_of(low.offer)))
    offer = lowest.offer
    factors = pack_factors(hearing.packs[offer.base])
    usual = usual_offer_price(hearing, offer)
    factor = pack_factor(lowest.price, lowest.reference if usual is None else usual, factors)
    if factor is not None:
        classification = "pack_suspect"
    elif any(low.confirmed for low in found):
        classification = "below_policy"
    else:
        classification = "unconfirmed"
    share = quotient(lowest.reference - lowest.price, lowest.reference)
    return Finding(
        rule=RULE,
        parts=parts,
        classification=classification,
        full=classification == "below_policy",
        mode=str(hearing.profile(offer.day, offer.record.region, offer.partner)["price_rules"]),
        accused=offer.partner,
        product_group=offer.base.group,
        base=offer.base,
        region=offer.record.region,
        event_day=min(low.offer.day for low in found),
        depth=quotient(share, Fraction(1, 5)),
        strength=Fraction(7, 10) if offer.record.evidence_hash else Fraction(4, 10),
        circumstances=("near_promotion",) if nearly_promoted(hearing, spot(offer)) else (),
        evidence={
            "unit_net": rounded(lowest.price, 2),
            "reference": rounded(lowest.reference, 2),
            "reference_kind": lowest.kind,
            "percent_below": None if share is None else rounded(share * 100, 2),
            "pack_factor": factor,
            "channel": offer.record.channel,
            "seller": offer.record.seller,
        },
    )
