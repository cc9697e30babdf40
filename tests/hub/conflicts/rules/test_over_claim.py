"""Claims for more units than a partner can have had."""

import pytest

from hub.store.database import Store
from tests.trading import World, example_world

RULE = "over_claim"


@pytest.fixture
async def world(store: Store) -> World:
    world = await example_world(store)
    await world.month("GD-B", "2026-01", opening="30", sell_in="20", sell_out="10", closing="5")
    await world.order("B1", None, None, [("P1", "20", "1200")], day="2026-03-06", kind="sell_in", buyer="GD-B")
    await world.claim("CL4", "GD-B", qty="60", amount="300", day="2026-03-05")
    return world


async def found(world: World) -> dict[str, dict[str, object]]:
    """Detect; return the findings by partner."""
    await world.detect()
    return {parts[0]: row for parts, row in (await world.findings(RULE)).items()}


async def test_more_than_opened_with_and_bought(world: World) -> None:
    one = (await found(world))["GD-B"]
    assert (one["parts"], one["classification"], one["is_full"]) == (["GD-B", "Q1", "P1"], "over_claim", True)
    evidence = one["evidence"]
    assert isinstance(evidence, dict)
    assert {name: evidence[name] for name in ("claimed", "available", "opening", "bought", "until")} == {
        "claimed": "60", "available": "50", "opening": "30", "bought": "20", "until": "2026-03-07",
    }  # fmt: skip
    assert (one["value_at_risk"], str(one["event_day"])) == (50, "2026-03-06")


async def test_duplicates_are_left_out(world: World) -> None:
    await world.month("SH-A", "2026-01", opening="100", closing="100")
    for number, (day, qty) in enumerate((("2026-01-10", "50"), ("2026-02-10", "50"), ("2026-03-28", "400"))):
        await world.order(f"A{number}", None, None, [("P1", qty, "1")], day=day, kind="sell_in", buyer="SH-A")
    await world.claim("CL1", "SH-A", invoice="INV2", status="paid")
    await world.claim("CL2", "SH-A", invoice="INV2", day="2026-03-25")
    assert set(await found(world)) == {"GD-B"}
    await world.claim("CL9", "SH-A", qty="507", invoice="INV3", day="2026-03-26")
    assert set(await found(world)) == {"GD-B", "SH-A"}
    assert (await found(world))["SH-A"]["evidence"]["repeated_claims"] == ["CL2"]  # type: ignore[index]


async def test_what_was_passed_on_or_sent_back_is_not_available(world: World) -> None:
    await world.claim("CL4", "GD-B", qty="50", amount="300", day="2026-03-05")
    assert await found(world) == {}
    await world.order("T1", "GD-B", None, [("P1", "5", "1")], day="2026-03-05", kind="transfer", buyer="JS-C")
    assert (await found(world))["GD-B"]["evidence"]["given"] == "5"  # type: ignore[index]
    await world.delete("sales_order", "T1")
    assert await found(world) == {}
    await world.order("R1", None, None, [("P1", "5", "1")], day="2026-03-05", kind="return", buyer="GD-B")
    assert (await found(world))["GD-B"]["evidence"]["sent_back"] == "5"  # type: ignore[index]


async def test_only_claims_of_the_span_count(world: World) -> None:
    await world.claim("CL4", "GD-B", qty="60", amount="300", day="2026-03-07")
    assert await found(world) == {}
    await world.claim("CL4", "GD-B", qty="60", amount="300", day="2025-12-31")
    assert await found(world) == {}
    await world.delete("inventory_month", "GD-B|P1|2026-01")
    assert (await found(world))["GD-B"]["evidence"]["available"] == "20"  # type: ignore[index]


async def test_without_a_purchase_nothing_is_said(world: World) -> None:
    await world.delete("sales_order", "B1")
    assert await found(world) == {}
