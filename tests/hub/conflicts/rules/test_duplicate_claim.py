"""Claims that say the same thing again, and those that only look so."""

from typing import Any

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
    return {parts[1]: row["classification"] for parts, row in (await world.judged(RULE)).items()}


async def kept(world: World) -> dict[str, tuple[str, str]]:
    """Detect; return the class and the claim that is kept, by claim."""
    return {parts[1]: (row["classification"], row["evidence"]["kept"]) for parts, row in (await world.judged(RULE)).items()}


async def test_the_later_of_two_equal_claims_is_found(world: World) -> None:
    await world.claim("CL2", "SH-A", invoice="inv 2", day="2026-03-25")
    (found,) = (await world.judged(RULE)).values()
    assert (found["parts"], found["classification"], found["is_full"]) == (["demo", "CL2"], "exact", True)
    assert (found["accused"], found["victim"], found["value_at_risk"]) == ("SH-A", "-", 500)
    assert (str(found["event_day"]), found["product_group"], found["base_sku"]) == ("2026-03-25", "X", "P1")
    evidence = found["evidence"]
    assert (evidence["kept"], evidence["kept_on"], evidence["different"]) == ("CL1", "2026-03-05", ["claim_date"])
    assert evidence["suggestion"] == {"keep": "CL1", "review": "CL2"}
    assert [(record["code"], record["key"]) for record in evidence["records"]] == [("claim", "CL2"), ("kept_claim", "CL1")]
    assert (found["strength"], found["depth"], found["score"]) == (1, 1, found["uncapped_score"])


async def test_what_both_claims_leave_out_is_neither_equal_nor_different(world: World) -> None:
    await world.claim("CL2", "SH-A", invoice="INV2", amount="500.00", day="2026-03-25", serial="A7")
    await world.claim("M1", "SH-A", kind="mdf", product=None, qty=None, invoice="INV3")
    await world.claim("M2", "SH-A", kind="mdf", product=None, qty=None, invoice="INV3")
    found = {parts[1]: row["evidence"] for parts, row in (await world.judged(RULE)).items()}
    assert found["CL2"]["equal"] == ["partner", "sku", "units", "amount", "invoice_ref"]
    assert found["CL2"]["different"] == ["claim_date", "serial"]
    assert (found["M2"]["equal"], found["M2"]["different"]) == (["partner", "amount", "claim_date", "invoice_ref"], [])


async def test_a_claim_that_a_newer_one_replaces_counts_as_withdrawn(world: World) -> None:
    await world.claim("CL2", "SH-A", invoice="INV2", day="2026-03-25")
    await world.claim("CL3", "SH-A", invoice="INV2", day="2026-03-26", replaces="CL2")
    assert await kept(world) == {"CL3": ("exact", "CL1")}
    await world.claim("CL3", "SH-A", invoice="INV2", day="2026-03-26", replaces="CL2", status="rejected")
    assert await kept(world) == {"CL2": ("exact", "CL1")}
    await world.claim("CL3", "SH-A", kind="mdf", product=None, qty=None, day="2026-03-26", replaces="CL2", program="Q2")
    assert await kept(world) == {}
    await world.delete("claim", "CL3")
    assert await kept(world) == {"CL2": ("exact", "CL1")}


async def test_a_claim_that_replaces_the_paid_one_is_no_repeat(world: World) -> None:
    await world.claim("CL3", "SH-A", invoice="INV2", day="2026-03-26", replaces="CL1")
    assert await classes(world) == {}


async def test_a_correction_of_a_correction_takes_both_away(world: World) -> None:
    await world.claim("CL2", "SH-A", invoice="INV2", day="2026-03-25", replaces="CL1")
    await world.claim("CL3", "SH-A", invoice="INV2", day="2026-03-26", replaces="CL2")
    assert await classes(world) == {}
    await world.claim("CL4", "SH-A", invoice="INV2", day="2026-03-27")
    assert await kept(world) == {"CL4": ("exact", "CL3")}


async def test_another_source_replaces_nothing_here(world: World) -> None:
    await world.claim("CL2", "SH-A", invoice="INV2", day="2026-03-25")
    await world.claim("CL3", "GD-B", invoice="INV9", day="2026-03-26", replaces="CL2", source="other")
    assert await kept(world) == {"CL2": ("exact", "CL1")}


@pytest.mark.parametrize(("stackable", "expected"), [(False, {"S2": "serial"}), (True, {})])
async def test_a_serial_of_two_partners_counts_unless_the_programme_allows_it(
    world: World, stackable: bool, expected: dict[str, str]
) -> None:
    await world.policy(programs={"Q1": {"stackable": stackable}})
    await world.claim("S1", "SH-A", qty="1", serial="A7", day="2026-03-01", amount="40")
    await world.claim("S2", "GD-B", qty="1", serial="A7", day="2026-03-02", amount="30")
    found = await world.judged(RULE)
    assert {parts[1]: row["classification"] for parts, row in found.items()} == expected
    assert [(row["victim"], row["value_at_risk"]) for row in found.values()] == [("SH-A", 30)] * len(expected)


async def test_whether_a_programme_is_stackable_is_asked_of_the_day(world: World) -> None:
    await world.policy(2, "2026-03-10", programs={"Q1": {"stackable": True}})
    await world.claim("S1", "SH-A", qty="1", serial="A7", day="2026-03-01")
    await world.claim("S2", "GD-B", qty="1", serial="A7", day="2026-03-09")
    await world.claim("S3", "JS-C", qty="1", serial="A7", day="2026-03-10")
    await world.claim("S4", "JS-C", qty="1", serial="A7", day="2026-03-11")
    assert await kept(world) == {"S2": ("serial", "S1"), "S4": ("serial", "S3")}


async def test_the_best_level_counts_and_then_the_earliest(world: World) -> None:
    await world.customer("C1")
    await world.claim("A1", "SH-A", customer="C1", day="2026-03-04")
    await world.claim("A2", "SH-A", customer="C1", invoice="I5", day="2026-03-06", serial="Z1")
    await world.claim("A3", "SH-A", customer="C1", invoice="I5", day="2026-03-06", serial="Z1", amount="490")
    await world.claim("A0", "SH-A", customer="C1", invoice="I5", day="2026-03-06")
    assert await kept(world) == {"A0": ("fuzzy", "A1"), "A2": ("exact", "A0"), "A3": ("serial", "A2")}


@pytest.mark.parametrize(
    ("amount", "day", "invoice", "expected"),
    [
        ("505.05", "2026-03-08", None, {"F2": "fuzzy"}),
        ("505.06", "2026-03-08", None, {}),
        ("500", "2026-03-09", None, {}),
        ("500", "2026-03-08", "INV9", {"F2": "fuzzy"}),
    ],
)
async def test_alike_claims_of_one_customer_are_shown(
    world: World, amount: str, day: str, invoice: str | None, expected: dict[str, str]
) -> None:
    await world.customer("C1")
    await world.claim("F1", "SH-A", customer="C1", day="2026-03-05")
    await world.claim("F2", "SH-A", customer="C1", day=day, amount=amount, invoice=invoice)
    found = await world.judged(RULE)
    assert {parts[1]: row["classification"] for parts, row in found.items()} == expected
    assert [(row["is_full"], str(row["strength"])) for row in found.values()] == [(False, "0.4")] * len(expected)


async def test_the_limits_of_likeness_are_those_of_the_partners_seat(world: World) -> None:
    await world.customer("C1")
    await world.claim("F1", "SH-A", customer="C1", day="2026-03-05")
    await world.claim("F2", "SH-A", customer="C1", day="2026-03-15", amount="530")
    assert await classes(world) == {}
    override = [
        {"rule": RULE, "region": "CN-SH", "days": 10},
        {"rule": RULE, "product_group": "X", "amount_tol": 0.1},
        {"rule": RULE, "region": "CN-GD", "days": 1},
    ]
    await world.policy(override=override)
    assert await classes(world) == {"F2": "fuzzy"}
    await world.partner("SH-A", "CN-GD")
    assert await classes(world) == {}


async def test_amounts_are_compared_in_the_base_currency(world: World) -> None:
    await world.customer("C1")
    await world.claim("F1", "SH-A", customer="C1", amount="700")
    await world.claim("F2", "SH-A", customer="C1", amount="100", currency="USD", day="2026-03-06")
    assert await classes(world) == {}
    await world.fx("2026-03-01", "USD", "7")
    assert await classes(world) == {"F2": "fuzzy"}
    await world.fx("2026-03-06", "USD", "6")
    assert await classes(world) == {}


@pytest.mark.parametrize(
    "other",
    [
        {"serial": "A2"},
        {"program": "Q2"},
        {"partner": "GD-B", "serial": None},
        {"product": "P2", "serial": None},
        {"qty": "2", "serial": None},
        {"invoice": None, "serial": None},
        {"status": "rejected"},
        {"status": "withdrawn"},
    ],
)
async def test_what_is_no_repeat(world: World, other: dict[str, Any]) -> None:
    claim: dict[str, Any] = {"partner": "SH-A", "qty": "1", "serial": "A1", "invoice": "I"}
    await world.claim("S1", day="2026-03-01", **claim)
    await world.claim("S2", day="2026-03-02", **claim | other)
    assert await classes(world) == {}


async def test_marketing_money_is_compared_by_amount_and_invoice(world: World) -> None:
    for code, amount, invoice in (("M1", "80", "I7"), ("M2", "80", "I7"), ("M3", "81", "I7"), ("M4", "80", None)):
        await world.claim(code, "SH-A", kind="mdf", product=None, qty=None, amount=amount, invoice=invoice)
    await world.claim("M5", "SH-A", kind="rebate", qty="3", amount="80", invoice="I7")
    found = await world.judged(RULE)
    assert {parts[1]: row["classification"] for parts, row in found.items()} == {"M2": "exact"}
    assert [(row["base_sku"], row["product_group"]) for row in found.values()] == [("-", "-")]


async def test_a_pack_counts_as_its_units(world: World) -> None:
    await world.claim("P1", "SH-A", product="P1", qty="24", invoice="I8", day="2026-03-01")
    await world.claim("P2", "SH-A", product="P1-12", qty="2", invoice="I8", day="2026-03-02")
    assert await classes(world) == {"P2": "exact"}
    await world.product("P1-12", base="P1", pack="6")
    assert await classes(world) == {}


async def test_of_one_day_the_smaller_id_is_the_earlier(world: World) -> None:
    await world.claim("CL0", "SH-A", invoice="INV2")
    assert await kept(world) == {"CL1": ("exact", "CL0")}
    await world.claim("CL0", "SH-A", invoice="INV2", source="other")
    await world.delete("claim", "CL0")
    assert await kept(world) == {"CL1": ("exact", "CL0")}


async def test_what_is_withdrawn_is_resolved(world: World) -> None:
    await world.claim("CL2", "SH-A", invoice="INV2", day="2026-03-25")
    await world.claim("CL3", "SH-A", invoice="INV2", day="2026-03-26")
    assert await kept(world) == {"CL2": ("exact", "CL1"), "CL3": ("exact", "CL1")}
    await world.delete("claim", "CL1")
    assert await kept(world) == {"CL3": ("exact", "CL2")}
    await world.claim("CL1", "SH-A", invoice="INV2", status="paid")
    assert await kept(world) == {"CL2": ("exact", "CL1"), "CL3": ("exact", "CL1")}
    await world.claim("CL1", "GD-B", invoice="INV2", status="paid")
    assert await kept(world) == {"CL3": ("exact", "CL2")}
