"""What may be shown, cased or alerted where: the profiles of section [jurisdiction], as code.

Price observations are `observe` unless a profile says `case`: in most places a supplier that acts on resale prices is itself
at risk. These are settings of a product, not legal advice.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from hub.errors import SettingsError

Switch = Literal["case", "observe", "off"]
PriceKind = Literal["factory", "wholesale", "retail", "map", "msrp"]
# Rules whose findings a profile may reduce to observations, by the switch that decides.
PRICE_RULES = frozenset({"below_policy_offer", "tier_inversion", "cross_channel_gap"})
TERRITORY_RULES = frozenset({"cross_region_sale", "serial_diversion"})
WORDS: Mapping[object, object] = {"yes": True, "no": False, "on": True, "off": False}


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One jurisdiction. `price_reference` are the kinds an offer is compared with; the first that exists counts."""

    territory_rules: Switch = "case"
    unknown_initiated_as: Literal["active", "passive"] = "passive"
    exclusive_max_holders: int = 1
    territory_needs_exclusive_system: bool = True
    price_rules: Switch = "observe"
    price_reference: tuple[PriceKind, ...] = ("msrp", "retail")
    price_notice: Literal["no", "published"] = "no"
    price_notice_text: str = ""
    direct_sales_barrier: bool = True
    pseudonymise_customers: bool = True


CHINA = Profile(
    unknown_initiated_as="active", territory_needs_exclusive_system=False, price_reference=("map", "msrp", "retail")
)
BUILT_IN: Mapping[str, Profile] = {
    "default": Profile(),
    "EEA": Profile(exclusive_max_holders=5),
    "UK": Profile(exclusive_max_holders=5),
    "CN": CHINA,
    "US": msgspec.structs.replace(CHINA, price_rules="case", price_notice="published", pseudonymise_customers=False),
}
FLAGS = frozenset({"territory_needs_exclusive_system", "direct_sales_barrier", "pseudonymise_customers"})


def profiles(body: Mapping[str, Any]) -> dict[str, Profile]:
    """Return every profile by name: the built-in ones, with what a policy says differs. Raises SettingsError."""
    found = dict(BUILT_IN)
    for name, differs in body.get("jurisdiction", {}).get("profile", {}).items():
        base = msgspec.to_builtins(found.get(name, BUILT_IN["default"]))
        said = {key: WORDS.get(value, value) if key in FLAGS else value for key, value in differs.items()}
        try:
            found[name] = msgspec.convert({**base, **said}, Profile)
        except msgspec.ValidationError as error:
            raise SettingsError(f"The policy's jurisdiction.profile.{name} cannot be used: {error}.") from error
    for name in regions(body).values():
        found.setdefault(name, BUILT_IN["default"])
    return found


def regions(body: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the profile's name by the code of the region it starts at."""
    named: Mapping[str, str] = body.get("jurisdiction", {}).get("regions", {})
    return named
