"""What every plant leans on: the policy, the places with their neighbours, the partners and the names they sell under."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.conflicts.book import read_sheet
from benchmarks.conflicts.ground import OPEN, ROOT, SHARED
from benchmarks.conflicts.maker import FOREIGN_RATE, Maker

DIRECT, AGENT, MASTER, CHILD = "BENCH-DIRECT", "BENCH-AGENT", "BENCH-MASTER", "BENCH-CHILD"
AGENT_SHOP = "Bench Agent"
KEY_ACCOUNT, WAREHOUSE = "BENCH-KEY", "BENCH-3PL"
STACKABLE = "BENCH-STACKABLE"

POLICY = """\
version = 1
effective_from = 2000-01-01
base_currency = "{currency}"
timezone = "UTC"

[jurisdiction]
regions = {{ {regions} }}

[programs.{stackable}]
stackable = true
"""


def policy(roots: Sequence[str], currency: str) -> str:
    """Return the policy: the strict profile everywhere, and one place where several may hold together."""
    profiles = {**dict.fromkeys([*roots, OPEN], "CN"), SHARED: "EEA"}
    regions = ", ".join(f'"{code}" = "{profile}"' for code, profile in profiles.items())
    return POLICY.format(currency=currency, regions=regions, stackable=STACKABLE)


def lay(maker: Maker, sales: Path | None) -> None:
    """Write it. Places of given sales keep their row and get a neighbour."""
    add, ground = maker.book.add, maker.ground
    known = {row["code"]: row for row in read_sheet(sales, "regions")} if sales else {}
    if not known:
        add("regions", code=ROOT, name="Benchmark", kind="country")
    for code in (OPEN, SHARED):
        add("regions", code=code, kind="country")
    seated = {row["code"] for row in read_sheet(sales, "partners")} if sales else set()
    for place in ground.places:
        row = known.get(place.code, {"code": place.code, "parent": ROOT, "kind": "province"})
        add("regions", **{**row, "neighbours": ground.beside(place).code})
        add("regions", code=place.zone, parent=place.code, kind="zone")
        if place.partner not in seated:
            add("partners", code=place.partner, name=f"Partner of {place.code}", home_region=place.code)
        add("partner_aliases", alias=place.shop, channel="*", partner=place.partner)
    home = ground.places[0].code
    add("partners", code=DIRECT, name="The brand itself", type="direct")
    add("partners", code=AGENT, name="An agency", model="commission_agency", home_region=home)
    add("partners", code=MASTER, name="A master distributor", home_region=home)
    add("partners", code=CHILD, name="A distributor below it", home_region=home, parent=MASTER)
    add("partner_aliases", alias=AGENT_SHOP, channel="*", partner=AGENT)
    add("customers", code=KEY_ACCOUNT, key_account=True)
    add("locations", code=WAREHOUSE, kind="third_party", region=home)
    add("fx_rates", date="2000-01-01", currency=maker.foreign, rate=FOREIGN_RATE)
