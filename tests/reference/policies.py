"""Which thresholds, profiles, channel classes and weights hold on a day."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from tests.reference.territory import covers, distance
from tests.reference.world import Region, Version

THRESHOLDS: Mapping[str, Mapping[str, str]] = {
    "cross_region_sale": {"border_units": "12", "price_tol": "0.01", "min_units": "12", "min_share": "0.01"},
    "serial_diversion": {"min_serials": "3", "min_lot_share": "0.02", "border_serials": "5", "max_accuracy_km": "50"},
    "below_policy_offer": {"tol": "0.01", "tol_recommended": "0.10"},
    "tier_inversion": {"tol": "0.01", "min_lines": "3", "min_pack_units": "12"},
    "cross_channel_gap": {"gap": "0.15", "min_n": "5", "consumer_bulk_units": "48"},
    "duplicate_claim": {"amount_tol": "0.01", "days": "3"},
    "over_claim": {"tol": "0.01"},
    "oversell": {"max_stock_age_hours": "24"},
    "channel_stuffing": {"ratio": "2.0", "months": "3.0", "history": "6", "min_history": "2", "quarter_end_share": "0.28"},
    "inventory_imbalance": {"pct": "0.02"},
    "unknown_seller": {"window_days": "90"},
    "quantity_anomaly": {"history": "24", "min_n": "6", "z": "3.5", "factor": "2", "min_units": "12"},
}
DEFAULT: Mapping[str, Any] = {
    "territory_rules": "case",
    "unknown_initiated_as": "passive",
    "exclusive_max_holders": 1,
    "territory_needs_exclusive_system": "yes",
    "price_rules": "observe",
    "price_reference": ["msrp", "retail"],
}
FREE: Mapping[str, Any] = {
    "unknown_initiated_as": "active",
    "territory_needs_exclusive_system": "no",
    "price_reference": ["map", "msrp", "retail"],
}
PROFILES: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "EEA": {"exclusive_max_holders": 5},
    "UK": {"exclusive_max_holders": 5},
    "CN": FREE,
    "US": {**FREE, "price_rules": "case"},
}
TRADE_CHANNELS = ("trade", "wholesale", "b2b")
FAR = 10**6

Regions = Mapping[str, Region]


def number(value: object) -> Fraction:
    """Take a number as it was written."""
    return Fraction(str(value))


class Policies:
    """All versions, as one asks for them by day; before the first, the first holds."""

    def __init__(self, versions: Sequence[Version]) -> None:
        self.versions = sorted(versions, key=lambda version: (version.effective_from, version.number))

    def on(self, day: date) -> Version:
        begun = [version for version in self.versions if version.effective_from <= day]
        if begun:
            return begun[-1]
        first = self.versions[0].effective_from
        return [version for version in self.versions if version.effective_from == first][-1]

    def threshold(self, rule: str, name: str, day: date, region: Region | None, group: str, regions: Regions) -> Fraction:
        """Return a threshold: the nearest override that fits, then the rule's section, then the built-in value."""
        body = self.on(day).body
        best: tuple[tuple[int, int, int], object] | None = None
        for place, override in enumerate(body.get("override", [])):
            if override.get("rule") != rule or name not in override:
                continue
            if override.get("product_group") not in (None, group):
                continue
            far = FAR
            if "region" in override:
                where = regions.get(override["region"])
                if where is None or region is None or not covers(where, region):
                    continue
                far = distance(where, region)
            rank = (far, 0 if "product_group" in override else 1, -place)
            if best is None or rank < best[0]:
                best = rank, override[name]
        if best is not None:
            return number(best[1])
        return number(body.get("thresholds", {}).get(rule, {}).get(name, THRESHOLDS[rule][name]))

    def profile(self, day: date, place: Region | None) -> Mapping[str, Any]:
        """Return the switches that hold at a place."""
        jurisdiction = self.on(day).body.get("jurisdiction", {})
        named = jurisdiction.get("regions", {})
        name, at = "default", place
        while at is not None:
            if at.code in named:
                name = named[at.code]
                break
            at = at.parent
        return {**DEFAULT, **PROFILES.get(name, {}), **jurisdiction.get("profile", {}).get(name, {})}

    def channel_class(self, day: date, channel: str) -> str:
        said: Mapping[str, str] = self.on(day).body.get("channels", {})
        return said.get(channel, "trade" if channel in TRADE_CHANNELS else "consumer")

    def distribution(self, day: date, group: str) -> str:
        said: Mapping[str, str] = self.on(day).body.get("distribution", {})
        return said.get(group, "exclusive")

    def stackable(self, day: date, program: str) -> bool:
        return bool(self.on(day).body.get("programs", {}).get(program, {}).get("stackable", False))
