from decimal import Decimal

from hub.store.database import Store
from tests.trading import World, example_world

RULE = "unit_mapping_suspect"


async def five_lines(world: World) -> None:
    for number, amount in enumerate(("100", "100", "101", "99", "100")):
        await world.order(f"L{number}", "SH-A", "CN-SH", [("P1", "1", amount)], day="2026-03-10")


async def test_packs_counted_as_pieces(store: Store) -> None:
    world = await example_world(store)
    await five_lines(world)
    await world.order("L6", "SH-A", "CN-SH", [("P1-12", "12", "1200")], day="2026-03-10")
    await world.detect()
    (finding,) = (await world.findings(RULE)).values()
    assert finding["parts"] == ["demo", "P1-12", "per_unit_too_low", "12", "2026-03"]
    assert (finding["classification"], finding["is_full"]) == ("pack_factor", False)
    assert finding["evidence"]["proposed_units_per_pack"] == "1"
    assert finding["evidence"]["records"][0]["facts"] == {
        "unit_net": "8.333333", "usual_price": "100", "usual_price_from": "same_day",
    }  # fmt: skip
    assert (finding["score"], finding["capped_by"]) == (Decimal(10), RULE)


async def test_half_the_price_is_a_price_question(store: Store) -> None:
    world = await example_world(store)
    await five_lines(world)
    await world.order("L6", "SH-A", "CN-SH", [("P1", "10", "500")], day="2026-03-10")
    await world.detect()
    assert await world.findings(RULE) == {}


async def test_fewer_than_five_others_say_nothing(store: Store) -> None:
    world = await example_world(store)
    await five_lines(world)
    await world.order("L6", "SH-A", "CN-SH", [("P1-12", "12", "1200")], day="2026-03-10")
    await world.delete("sales_order", "L4")
    await world.detect()
    assert await world.findings(RULE) == {}


async def test_others_of_the_month_will_do(store: Store) -> None:
    world = await example_world(store)
    await five_lines(world)
    await world.order("L6", "SH-A", "CN-SH", [("P1", "1", "500")], day="2026-03-20")
    await world.detect()
    (finding,) = (await world.findings(RULE)).values()
    assert finding["parts"] == ["demo", "P1", "per_unit_too_high", "5", "2026-03"]
    assert (finding["classification"], finding["evidence"]["proposed_units_per_pack"]) == ("integer_ratio", "5")


async def test_an_offer_may_be_measured_by_the_policy_price(store: Store) -> None:
    world = await example_world(store)
    await world.offer("tm-9", "2026-03-01T09:00:00+08:00", "100", "shopZ", product="P1-12")
    await world.detect()
    (finding,) = (await world.findings(RULE)).values()
    assert (finding["classification"], finding["evidence"]["offers"]) == ("pack_factor", 1)
    assert finding["evidence"]["records"][0]["facts"]["usual_price_from"] == "policy_price"


async def test_a_corrected_pack_closes_the_finding(store: Store) -> None:
    world = await example_world(store)
    await five_lines(world)
    await world.order("L6", "SH-A", "CN-SH", [("P1-12", "12", "1200")], day="2026-03-10")
    await world.detect()
    await world.product("P1-12", base="P1", pack="1")
    await world.detect()
    assert await world.findings(RULE) == {}
    assert len(await world.findings(RULE, "resolved_by_data")) == 1
