"""What all rules find in a world, each with its score."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime

from tests.reference import (
    account_clash,
    below_policy_offer,
    channel_stuffing,
    cross_channel_gap,
    cross_region_sale,
    duplicate_claim,
    duplicate_sale,
    inventory_imbalance,
    over_claim,
    oversell,
    quantity_anomaly,
    serial_diversion,
    territory_overlap,
    tier_inversion,
    unit_mapping_suspect,
    unknown_seller,
)
from tests.reference.finding import Finding
from tests.reference.hearing import Hearing
from tests.reference.score import score
from tests.reference.world import World

RULES: Mapping[str, Callable[[Hearing], Iterator[Finding]]] = {
    "account_clash": account_clash.findings,
    "below_policy_offer": below_policy_offer.findings,
    "channel_stuffing": channel_stuffing.findings,
    "cross_channel_gap": cross_channel_gap.findings,
    "cross_region_sale": cross_region_sale.findings,
    "duplicate_claim": duplicate_claim.findings,
    "duplicate_sale": duplicate_sale.findings,
    "inventory_imbalance": inventory_imbalance.findings,
    "over_claim": over_claim.findings,
    "oversell": oversell.findings,
    "quantity_anomaly": quantity_anomaly.findings,
    "serial_diversion": serial_diversion.findings,
    "territory_overlap": territory_overlap.findings,
    "tier_inversion": tier_inversion.findings,
    "unit_mapping_suspect": unit_mapping_suspect.findings,
    "unknown_seller": unknown_seller.findings,
}


def judge(world: World, at: datetime, rules: Iterable[str], dismissed: Collection[str] = ()) -> dict[str, Finding]:
    """Return the findings of some rules by key; those that a person dismissed count for no other."""
    hearing = Hearing(world, at)
    found: dict[str, Finding] = {}
    for rule in rules:
        drafts = list(RULES[rule](hearing))
        counting = [draft for draft in drafts if draft.key not in dismissed]
        found |= {draft.key: score(hearing, draft, {*counting, draft}) for draft in drafts}
    return found
