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
        window = int(hearing.threshold(RULE, "window_days", first, None, "-"))
        recent = [offer for offer in offers if offer.partner is None and offer.day > hearing.today - timedelta(days=window)]
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
