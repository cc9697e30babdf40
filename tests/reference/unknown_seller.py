"""Sellers that nobody has matched to a partner."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction

from tests.reference.finding import Finding
from tests.reference.hearing import Hearing
from tests.reference.trade import Observation

RULE = "unknown_seller"


def findings(hearing: Hearing) -> Iterator[Finding]:
    shops: dict[tuple[str, str], list[Observation]] = defaultdict(list)
    for offer in hearing.offers:
        shops[offer.record.seller_key, offer.record.channel].append(offer)
    for (seller, channel), offers in shops.items():
        first = min(offer.day for offer in offers)
        recent = [offer for offer in offers if offer.partner is None and offer.day > hearing.today - window(hearing, offer)]
        if not recent:
            continue
        reviewed = any(
            alias.key == seller and alias.channel in (channel, "*") and alias.status == "not_partner"
            for alias in hearing.world.aliases
        )
        yield Finding(
            rule=RULE,
            parts=(seller, channel),
            classification="reviewed" if reviewed else "unmatched",
            full=not reviewed,
            mode="case",
            event_day=first,
            depth=Fraction(len(recent), 10),
            strength=Fraction(7, 10) if any(offer.record.url for offer in recent) else Fraction(4, 10),
        )


def window(hearing: Hearing, offer: Observation) -> timedelta:
    """Return how long an offer counts, as the policy of its own day says for its place and article."""
    return timedelta(days=int(hearing.threshold(RULE, "window_days", offer.day, offer.record.region, offer.base.group)))
