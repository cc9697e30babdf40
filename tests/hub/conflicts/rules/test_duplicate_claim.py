"""Claims that say the same thing again, and those that only look so."""

import pytest

from hub.store.database import Store
from tests.trading import World, example_world

RULE = "duplicate_claim"


@pytest.fixture
async def world(store: Store) -> World:
    world = await example_world(store)
    await world.claim("CL1", "SH-A", invoice="INV2", status="paid")
    return world


async def classes(world: World) -> dict[str, str]:
    """Detect; return the class by claim."""
    await world.detect()
    return {parts[1]: row["classification"] for parts, row in (await world.findings(RULE)).items()}


async def test_the_later_of_two_equal_claims_is_found(world: World) -> None:
    await world.claim("CL2", "SH-A", invoice="inv 2", day="2026-03-25")
    assert await classes(world) == {"CL2": "exact"}
    (found,) = (await world.findings(RULE)).values()
    assert (found["is_full"], found["accused"], found["victim"], found["value_at_risk"]) == (True, "SH-A", "-", 500)
    evidence = found["evidence"]
    assert (evidence["kept"], evidence["kept_on"], evidence["different"]) == ("CL1", "2026-03-05", ["claim_date"])
    assert evidence["suggestion"] == {"keep": "CL1", "review": "CL2"}
    assert [(record["code"], record["key"]) for record in evidence["records"]] == [("claim", "CL2"), ("kept_claim", "CL1")]
    assert (found["strength"], found["depth"], found["score"]) == (1, 1, found["uncapped_score"])


async def test_a_claim_that_a_newer_one_replaces_counts_as_withdrawn(world: World) -> None:
    await world.claim("CL2", "SH-A", invoice="INV2", day="2026-03-25")
    await world.claim("CL3", "SH-A", invoice="INV2", day="2026-03-26", replaces="CL2")
    assert await classes(world) == {"CL3": "exact"}
    await world.claim("CL3", "SH-A", invoice="INV2", day="2026-03-26", replaces="CL2", status="rejected")
    assert await classes(world) == {"CL2": "exact"}


async def test_a_claim_that_replaces_the_paid_one_is_no_repeat(world: World) -> None:
    await world.claim("CL3", "SH-A", invoice="INV2", day="2026-03-26", replaces="CL1")
    assert await classes(world) == {}


@pytest.mark.parametrize(("stackable", "expected"), [(False, {"S2": "serial"}), (True, {})])
async def test_a_serial_of_two_partners_counts_unless_the_programme_allows_it(
    world: World, stackable: bool, expected: dict[str, str]
) -> None:
    await world.policy(programs={"Q1": {"stackable": stackable}})
    await world.claim("S1", "SH-A", qty="1", serial="A7", day="2026-03-01")
    await world.claim("S2", "GD-B", qty="1", serial="A7", day="2026-03-02")
    assert await classes(world) == expected


@pytest.mark.parametrize(
    ("amount", "day", "invoice", "expected"),
    [
        ("504", "2026-03-08", None, {"F2": "fuzzy"}),
        ("506", "2026-03-08", None, {}),
        ("500", "2026-03-09", None, {}),
        ("500", "2026-03-08", "INV9", {"F2": "fuzzy"}),
    ],
)
async def test_alike_claims_of_one_customer_are_shown(
    world: World, amount: str, day: str, invoice: str | None, expected: dict[str, str]
) -> None:
    await world.customer("C1")
    await world.claim("F1", "SH-A", product="P1", customer="C1", day="2026-03-05")
    await world.claim("F2", "SH-A", product="P1", customer="C1", day=day, amount=amount, invoice=invoice)
    assert await classes(world) == expected


async def test_two_serials_are_two_things(world: World) -> None:
    await world.claim("S1", "SH-A", qty="1", serial="A1", invoice="I", day="2026-03-01")
    await world.claim("S2", "SH-A", qty="1", serial="A2", invoice="I", day="2026-03-02")
    assert await classes(world) == {}


async def test_marketing_money_is_compared_by_amount_and_invoice(world: World) -> None:
    for code, amount in (("M1", "80"), ("M2", "80"), ("M3", "81")):
        await world.claim(code, "SH-A", kind="mdf", product=None, qty=None, amount=amount, invoice="I7")
    assert await classes(world) == {"M2": "exact"}


async def test_a_pack_counts_as_its_units(world: World) -> None:
    await world.claim("P1", "SH-A", product="P1", qty="24", invoice="I8", day="2026-03-01")
    await world.claim("P2", "SH-A", product="P1-12", qty="2", invoice="I8", day="2026-03-02")
    assert await classes(world) == {"P2": "exact"}
    await world.product("P1-12", base="P1", pack="6")
    assert await classes(world) == {}


async def test_what_is_withdrawn_is_resolved(world: World) -> None:
    await world.claim("CL2", "SH-A", invoice="INV2", day="2026-03-25")
    assert await classes(world) == {"CL2": "exact"}
    await world.delete("claim", "CL1")
    assert await classes(world) == {}
    await world.claim("CL1", "SH-A", invoice="INV2", status="paid")
    assert await classes(world) == {"CL2": "exact"}
