"""What the law of the place allows for a case: the jurisdiction profile of its region, else of its partner's home."""

from hub.cases.case import Case, Desk, act
from hub.conflicts import jurisdiction
from hub.conflicts.jurisdiction import PRICE_RULES, TERRITORY_RULES, Profile, Switch


async def profile_of(desk: Desk, region_id: int | None, partner_id: int | None) -> Profile:
    """Return the profile that holds in a region today."""
    body = desk.policies.at(desk.policies.today).body
    named = jurisdiction.regions(body)
    places = await act(desk.connection, "places", {"region_id": region_id, "partner_id": partner_id})
    name = next((named[row["code"]] for row in places if row["code"] in named), "default")
    return jurisdiction.profiles(body)[name]


async def switch(desk: Desk, case: Case) -> Switch:
    """Return what may become of the findings of a case's rule where the case lies."""
    return switched(await profile_of(desk, case.region_id, case.partner_id), case.rule)


def switched(profile: Profile, rule: str) -> Switch:
    """Return what a profile allows for a rule."""
    if rule in PRICE_RULES:
        return profile.price_rules
    return profile.territory_rules if rule in TERRITORY_RULES else "case"
