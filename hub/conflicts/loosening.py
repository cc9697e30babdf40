"""Where a policy lets the hub do more than the one before it: what two administrators have to agree to.

Looser is whatever turns an observation into a case, opens what was off, reads silence as an active sale, compares with more
kinds of prices, allows an outward text, or drops a protection. Stricter is free.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.conflicts.jurisdiction import BUILT_IN, Profile, profiles, regions

Lineage = Mapping[str, Sequence[str]]

# From strict to loose; a word further to the right is looser.
SWITCHES: Mapping[str, tuple[object, ...]] = {
    "territory_rules": ("off", "observe", "case"),
    "unknown_initiated_as": ("passive", "active"),
    "territory_needs_exclusive_system": (True, False),
    "price_rules": ("off", "observe", "case"),
    "price_notice": ("no", "published"),
    "direct_sales_barrier": (True, False),
    "pseudonymise_customers": (True, False),
}
ELSEWHERE = "elsewhere"


def loosened(before: Mapping[str, Any] | None, after: Mapping[str, Any], lineage: Lineage) -> list[str]:
    """Return what is looser, as `place: switch before > after`.

    Each region is compared with what held for it before: the profile of the nearest region above it that is named. The first
    policy of all is compared with the built-in profiles of its names. `lineage` has the regions above each named one, itself
    first.
    """
    known = profiles(after)
    if before is None:
        pairs = [(name, BUILT_IN.get(name, BUILT_IN["default"]), profile) for name, profile in known.items()]
    else:
        named = {*regions(before), *regions(after)}
        pairs = [(code, profile_of(code, before, lineage), profile_of(code, after, lineage)) for code in sorted(named)]
        pairs.append((ELSEWHERE, profiles(before)["default"], known["default"]))
    return [f"{place}: {change}" for place, old, new in pairs for change in looser(old, new)]


def profile_of(code: str, body: Mapping[str, Any], lineage: Lineage) -> Profile:
    """Return the profile of a region under a policy."""
    said = regions(body)
    name = next((said[above] for above in lineage.get(code, (code,)) if above in said), "default")
    return profiles(body)[name]


def looser(old: Profile, new: Profile) -> Iterator[str]:
    """Yield each switch that is looser, with what it was and is."""
    for switch, words in SWITCHES.items():
        was, now = getattr(old, switch), getattr(new, switch)
        if words.index(now) > words.index(was):
            yield f"{switch} {worded(was)} > {worded(now)}"
    if new.exclusive_max_holders > old.exclusive_max_holders:
        yield f"exclusive_max_holders {old.exclusive_max_holders} > {new.exclusive_max_holders}"
    if set(new.price_reference) - set(old.price_reference):
        yield f"price_reference {', '.join(old.price_reference)} > {', '.join(new.price_reference)}"


def worded(value: object) -> str:
    """Return a value as a policy writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
