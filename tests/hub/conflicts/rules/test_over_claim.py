"""Claims for more units than a partner can have had."""

from typing import Any

import pytest

from hub.store.database import Store
from tests.trading import NOON, World, example_world

RULE = "over_claim"


@pytest.fixture
async def world(store: Store) -> World:
    world = await example_world(store)
    await world.month("GD-B", "2026-01", opening="30", sell_in="20", sell_out="10", closing="5")
    await world.order("B1", None, None, [("P1", "20", "1200")], day="2026-03-06", kind="sell_in", buyer="GD-B")
    await world.claim("CL4", "GD-B", qty="60", amount="300", day="2026-03-05")
    return world


async def found(world: World) -> dict[str, dict[str, Any]]:
    """Detect; return the findings by partner."""
    return {parts[0]: row for parts, row in (await world.judged(RULE)).items()}


async def equation(world: World) -> dict[str, Any]:
    """Detect; return the terms of the equation of the one finding there is."""
    (row,) = (await found(world)).values()
    return {name: row["evidence"][name] for name in ("claimed", "opening", "bought", "given", "sent_back", "available")}


async def test_more_than_opened_with_and_bought(world: World) -> None:
    one = (await found(world))["GD-B"]
    assert (one["parts"], one["classification"], one["is_full"]) == (["GD-B", "Q1", "P1"], "over_claim", True)
    evidence = one["evidence"]
    assert {name: evidence[name] for name in ("claimed", "available", "opening", "bought", "from", "until")} == {
        "claimed": "60", "available": "50", "opening": "30", "bought": "20", "from": "2026-01-01", "until": "2026-03-07",
    }  # fmt: skip
    assert (one["value_at_risk"], str(one["event_day"]), str(one["depth"])) == (50, "2026-03-06", "0.200000")
    assert (one["accused"], one["victim"], one["product_group"], str(one["strength"])) == ("GD-B", "-", "X", "0.4")
    assert [(record["code"], record["key"]) for record in evidence["records"]] == [
        ("claim", "CL4"), ("opening_stock", "GD-B|P1|2026-01"), ("purchase_line", "B1|1"),
    ]  # fmt: skip


async def test_repeated_claims_are_left_out(world: World) -> None:
    await world.month("SH-A", "2026-01", opening="100", closing="100")
    for number, (day, qty) in enumerate((("2026-01-10", "50"), ("2026-02-10", "50"), ("2026-03-28", "400"))):
        await world.order(f"A{number}", None, None, [("P1", qty, "1")], day=day, kind="sell_in", buyer="SH-A")
    await world.claim("CL1", "SH-A", invoice="INV2", status="paid")
    await world.claim("CL2", "SH-A", invoice="INV2", day="2026-03-25")
    assert set(await found(world)) == {"GD-B"}
    await world.claim("CL9", "SH-A", qty="507", invoice="INV3", day="2026-03-26")
    one = (await found(world))["SH-A"]
    assert (one["evidence"]["claimed"], one["evidence"]["repeated_claims"]) == ("607", ["CL2"])
    assert one["filters_tried"][0]["outcome"] == "found"
    # A claim that is no repeat any more counts.
    await world.claim("CL2", "SH-A", invoice="INV5", day="2026-03-25")
    assert (await found(world))["SH-A"]["evidence"]["claimed"] == "707"


async def test_a_serial_that_another_partner_claimed_before_is_left_out(world: World) -> None:
    await world.claim("CL5", "GD-B", qty="1", serial="A7", day="2026-03-06")
    assert (await equation(world))["claimed"] == "61"
    await world.claim("CL3", "SH-A", qty="1", serial="A7", day="2026-03-01")
    assert (await equation(world))["claimed"] == "60"
    await world.claim("CL3", "SH-A", qty="1", serial="A7", day="2026-03-01", status="withdrawn")
    assert (await equation(world))["claimed"] == "61"


async def test_claims_that_are_only_alike_count(world: World) -> None:
    await world.customer("C1")
    for number in range(2):
        await world.claim(f"F{number}", "GD-B", qty="10", customer="C1", day="2026-03-06")
    assert {parts[1] for parts in await world.judged("duplicate_claim")} == {"F1"}
    assert (await equation(world))["claimed"] == "80"


@pytest.mark.parametrize(
    "said",
    [{"kind": "mdf"}, {"status": "rejected"}, {"program": "Q2", "qty": "50"}, {"day": "2026-03-07"}, {"day": "2025-12-31"}],
)
async def test_claims_that_do_not_count(world: World, said: dict[str, Any]) -> None:
    await world.claim("CL4", **{"partner": "GD-B", "qty": "60", "amount": "300", "day": "2026-03-05"} | said)
    assert await found(world) == {}


async def test_a_replaced_claim_does_not_count(world: World) -> None:
    await world.claim("CL5", "GD-B", qty="50", day="2026-03-06", replaces="CL4")
    assert await found(world) == {}
    await world.claim("CL5", "GD-B", qty="50", day="2026-03-06", replaces="CL4", status="withdrawn")
    assert (await equation(world))["claimed"] == "60"


async def test_what_was_passed_on_or_sent_back_is_not_available(world: World) -> None:
    await world.claim("CL4", "GD-B", qty="50", amount="300", day="2026-03-05")
    assert await found(world) == {}
    await world.order("T1", "GD-B", None, [("P1", "5", "1")], day="2026-03-05", kind="transfer", buyer="JS-C")
    assert (await equation(world))["given"] == "5"
    await world.delete("sales_order", "T1")
    assert await found(world) == {}
    await world.order("R1", None, None, [("P1", "5", "1")], day="2026-03-05", kind="return", buyer="GD-B")
    assert (await equation(world))["sent_back"] == "5"
    # A return that names its line is off that line, and not off twice.
    back: dict[str, Any] = {"day": "2026-03-05", "kind": "return", "buyer": "GD-B", "returns": ("B1", 1)}
    await world.order("R1", None, None, [("P1", "5", "1")], **back)
    assert (await equation(world))["bought"] == "15"
    assert (await equation(world))["sent_back"] == "0"


async def test_whatever_brings_goods_to_the_partner_is_bought(world: World) -> None:
    await world.claim("CL4", "GD-B", qty="100", amount="300", day="2026-03-05")
    await world.order("S1", "SH-A", "CN-GD", [("P1-12", "1", "900")], day="2026-03-02", buyer="GD-B")
    await world.order("T1", "SH-A", None, [("P1", "6", "1")], day="2026-03-03", kind="transfer", buyer="GD-B")
    await world.order("S2", "GD-B", "CN-GD", [("P1", "40", "4000")], day="2026-03-03")
    assert await equation(world) == {
        "claimed": "100", "opening": "30", "bought": "38", "given": "0", "sent_back": "0", "available": "68",
    }  # fmt: skip
    await world.product("P1-12", base="P1", pack="6")
    assert (await equation(world))["bought"] == "32"
    await world.product("P1-12", base="P2", pack="6")
    assert (await equation(world))["bought"] == "26"


async def test_stock_is_pooled_over_the_skus_of_the_first_month(world: World) -> None:
    await world.month("GD-B", "2026-01", product="P1-12", opening="1")
    assert await found(world) == {}
    await world.product("P1-12", base="P1", pack="6")
    assert (await equation(world))["opening"] == "36"
    # An earlier month moves the beginning of the span.
    await world.month("GD-B", "2025-12", product="P1-12", opening="2")
    assert (await equation(world))["opening"] == "12"
    await world.delete("inventory_month", "GD-B|P1-12|2025-12")
    assert (await equation(world))["opening"] == "36"


async def test_the_tolerance_is_that_of_the_partners_seat(world: World) -> None:
    await world.policy(override=[{"rule": RULE, "region": "CN-GD", "tol": 0.2}])
    assert await found(world) == {}
    await world.partner("GD-B", "CN-SH")
    assert set(await found(world)) == {"GD-B"}


async def test_a_little_more_is_within_the_tolerance(world: World) -> None:
    await world.claim("CL4", "GD-B", qty="50.5", amount="300", day="2026-03-05")
    assert await found(world) == {}
    await world.claim("CL4", "GD-B", qty="50.51", amount="300", day="2026-03-05")
    assert set(await found(world)) == {"GD-B"}


async def test_without_stock_everything_is_too_much(world: World) -> None:
    await world.order("T1", "GD-B", None, [("P1", "70", "1")], day="2026-03-05", kind="transfer", buyer="JS-C")
    one = (await found(world))["GD-B"]
    assert (one["evidence"]["available"], one["depth"], one["value_at_risk"]) == ("-20", 1, 400)


async def test_only_claims_of_the_span_count(world: World) -> None:
    await world.claim("CL4", "GD-B", qty="60", amount="300", day="2025-12-31")
    assert await found(world) == {}
    # Without a known month the span has no beginning, and nothing to begin with.
    await world.delete("inventory_month", "GD-B|P1|2026-01")
    assert (await equation(world))["available"] == "20"
    # A later purchase moves its end.
    await world.claim("CL6", "GD-B", qty="9", amount="45", day="2026-03-20")
    assert (await equation(world))["claimed"] == "60"
    await world.order("B2", None, None, [("P1", "1", "60")], day="2026-03-20", kind="sell_in", buyer="GD-B")
    assert await equation(world) == {
        "claimed": "69", "opening": "0", "bought": "21", "given": "0", "sent_back": "0", "available": "21",
    }  # fmt: skip


async def test_the_value_at_risk_needs_every_rate(world: World) -> None:
    await world.claim("CL5", "GD-B", qty="40", amount="100", currency="USD", day="2026-03-05")
    assert (await found(world))["GD-B"]["value_at_risk"] is None
    await world.fx("2026-03-01", "USD", "7")
    assert (await found(world))["GD-B"]["value_at_risk"] == 500


async def test_without_a_purchase_nothing_is_said(world: World) -> None:
    await world.delete("sales_order", "B1")
    done = await world.detect(NOON, full=True)
    assert await world.findings(RULE) == {}
    assert done.rules[RULE].skipped == {"no_purchases": 1}
