from decimal import Decimal
from typing import Any

from hub.store import dirty
from hub.store.database import Store
from tests.trading import World, example_world

RULE = "duplicate_sale"
Found = dict[tuple[str, ...], tuple[str, str]]


async def found(world: World) -> Found:
    """Judge what changed, which must be the result of judging everything; return level and kept order by line."""
    await world.detect()
    rows = await world.findings(RULE)
    await world.detect(full=True)
    again = await world.findings(RULE)
    assert {parts: told(row) for parts, row in rows.items()} == {parts: told(row) for parts, row in again.items()}
    return {parts[1:]: (row["classification"], row["evidence"]["kept_order"]) for parts, row in rows.items()}


def told(row: dict[str, Any]) -> tuple[object, ...]:
    return row["classification"], row["evidence"], row["score"], row["victim"]


async def sale(world: World, code: str, **changes: Any) -> None:
    said: dict[str, Any] = {"seller": "SH-A", "to": "CN-SH", "lines": [("P1", "100", "9000")], "invoice": "INV2"} | changes
    await world.order(code, **said)


async def two(world: World, first: dict[str, Any], second: dict[str, Any]) -> Found:
    await sale(world, "O2", **first)
    await sale(world, "O2b", **second)
    return await found(world)


async def test_the_examples_of_the_rule(store: Store) -> None:
    world = await example_world(store)
    assert await two(world, {}, {}) == {("O2b", "1"): ("exact", "O2")}
    (finding,) = (await world.findings(RULE)).values()
    assert (finding["accused"], finding["victim"], finding["is_full"], finding["mode"]) == ("SH-A", "-", True, "case")
    assert (finding["value_at_risk"], finding["depth"], finding["strength"]) == (Decimal(9000), Decimal(1), Decimal(1))
    assert finding["evidence"]["equal_fields"] == (
        "seller, invoice_ref, sku, units, amount, currency, order_date, channel, ship_to"
    )
    assert [record["code"] for record in finding["evidence"]["records"]] == ["kept_line", "line_to_review"]
    assert (finding["evidence"]["keep"], finding["evidence"]["review"]) == ("O2|1", "O2b|1")


async def test_two_lines_of_one_order_are_two_lines(store: Store) -> None:
    world = await example_world(store)
    await sale(world, "O2", lines=[("P1", "100", "9000"), ("P1", "100", "9000")])
    assert await found(world) == {}


async def test_packs_and_pieces_of_one_article_are_equal_units(store: Store) -> None:
    world = await example_world(store)
    assert await two(world, {"lines": [("P1", "24", "2400")]}, {"lines": [("P1-12", "2", "2300")]}) == {
        ("O2b", "1"): ("exact", "O2")
    }


async def test_invoices_are_compared_in_capitals_and_without_spaces(store: Store) -> None:
    assert await two(await example_world(store), {"invoice": "inv 2"}, {"invoice": "INV2"}) == {("O2b", "1"): ("exact", "O2")}


async def test_another_day_or_quantity_is_another_sale(store: Store) -> None:
    world = await example_world(store)
    assert await two(world, {}, {"day": "2026-03-02"}) == {}
    assert await two(world, {}, {"lines": [("P1", "99", "9000")]}) == {}
    assert await two(world, {}, {"lines": [("P2", "100", "9000")]}) == {}
    assert await two(world, {}, {"kind": "transfer", "buyer": "GD-B"}) == {}
    assert await two(world, {}, {}) == {("O2b", "1"): ("exact", "O2")}


async def test_two_sellers_with_one_invoice_of_one_customer(store: Store) -> None:
    world = await example_world(store)
    await world.customer("C1")
    await world.customer("C2")
    assert await two(world, {"customer": "C1"}, {"customer": "C1", "seller": "GD-B"}) == {("O2b", "1"): ("cross_partner", "O2")}
    (finding,) = (await world.findings(RULE)).values()
    assert (finding["accused"], finding["victim"], finding["strength"]) == ("GD-B", "SH-A", Decimal("0.7"))
    assert await two(world, {"customer": "C1"}, {"customer": "C2", "seller": "GD-B"}) == {}
    assert await two(world, {"customer": "C1"}, {"customer": "C1", "seller": "GD-B", "drop_ship_for": "SH-A"}) == {}
    assert await two(world, {"customer": "C1", "drop_ship_for": "GD-B"}, {"customer": "C1", "seller": "GD-B"}) == {}


async def test_what_looks_the_same_without_an_invoice_is_information(store: Store) -> None:
    world = await example_world(store)
    await world.customer("C1")
    both = {"customer": "C1"}
    assert await two(world, both, both | {"invoice": None}) == {("O2b", "1"): ("natural_key", "O2")}
    (finding,) = (await world.findings(RULE)).values()
    assert (finding["is_full"], finding["strength"], finding["capped_by"]) == (False, Decimal("0.2"), "natural_key")
    assert await two(world, both, both | {"invoice": "INV3"}) == {}
    assert await two(world, both, both | {"invoice": None, "lines": [("P1", "100", "9001")]}) == {}
    assert await two(world, both, both | {"invoice": None, "currency": "USD"}) == {}
    assert await two(world, {}, {"invoice": None}) == {}


async def test_a_serial_sold_twice(store: Store) -> None:
    world = await example_world(store)
    first, second = {"serials": ("S1", "S2")}, {"serials": ("S2", "S3"), "seller": "GD-B", "invoice": None, "day": "2026-06-01"}
    assert await two(world, first, second) == {("O2b", "1"): ("serial", "O2")}
    (finding,) = (await world.findings(RULE)).values()
    assert (finding["evidence"]["shared_serials"], finding["victim"]) == ("S2", "SH-A")
    assert await two(world, first, second | {"lines": [("P2", "100", "9000")]}) == {}
    assert await two(world, first, second | {"serials": ("S3",)}) == {}
    assert await two(world, first, second) == {("O2b", "1"): ("serial", "O2")}
    await sale(world, "O2", serials=("S1",))
    assert await found(world) == {}


async def test_a_serial_came_back_only_when_the_return_lists_it(store: Store) -> None:
    world = await example_world(store)
    line = [("P1", "2", "180")]
    serials = {"lines": line, "serials": ("S1", "S2")}
    assert await two(world, serials, serials | {"seller": "GD-B", "invoice": None, "day": "2026-06-01"}) == {
        ("O2b", "1"): ("serial", "O2")
    }
    back: dict[str, Any] = {"kind": "return", "returns": ("O2", 1), "invoice": None, "day": "2026-04-01"}
    await sale(world, "R1", lines=[("P1", "1", "90")], serials=("S1",), **back)
    assert await found(world) == {("O2b", "1"): ("serial", "O2")}
    await sale(world, "R1", lines=[("P1", "1", "90")], serials=("S1", "S2"), **back)
    assert await found(world) == {}
    await sale(world, "R1", lines=[("P1", "1", "90")], **back)
    assert await found(world) == {("O2b", "1"): ("serial", "O2")}
    await sale(world, "R1", lines=[("P1", "2", "180")], **back)
    assert await found(world) == {}
    await world.delete("sales_order", "R1")
    assert await found(world) == {("O2b", "1"): ("serial", "O2")}


async def test_a_resale_is_no_second_sale_at_any_level(store: Store) -> None:
    world = await example_world(store)
    await world.customer("C1")
    bought: dict[str, Any] = {"buyer": "GD-B", "serials": ("S1",), "customer": "C1"}
    assert await two(world, bought, {"seller": "GD-B", "serials": ("S1",), "customer": "C1"}) == {}
    assert await two(world, bought, {"seller": "GD-B", "customer": "C1"}) == {}
    assert await two(world, bought | {"buyer": None}, {"seller": "GD-B", "customer": "C1", "buyer": "SH-A"}) == {}
    assert await two(world, bought | {"buyer": "JS-C"}, {"seller": "GD-B", "serials": ("S1",), "customer": "C1"}) == {
        ("O2b", "1"): ("serial", "O2")
    }


async def test_the_best_level_first_then_the_earliest(store: Store) -> None:
    world = await example_world(store)
    await sale(world, "A1", customer=None)
    await sale(world, "A2")
    await sale(world, "A3", serials=("S1",), invoice="INV9", day="2026-02-01")
    await sale(world, "B1", serials=("S1",))
    assert await found(world) == {("A2", "1"): ("exact", "A1"), ("B1", "1"): ("serial", "A3")}
    await world.delete("sales_order", "A3")
    assert await found(world) == {("A2", "1"): ("exact", "A1"), ("B1", "1"): ("exact", "A1")}
    await world.delete("sales_order", "A1")
    assert await found(world) == {("B1", "1"): ("exact", "A2")}
    await sale(world, "A1")
    assert await found(world) == {("A2", "1"): ("exact", "A1"), ("B1", "1"): ("exact", "A1")}


async def test_sources_order_lines_of_one_day(store: Store) -> None:
    world = await example_world(store)
    await sale(world, "O1", source="zeta")
    await sale(world, "O2")
    assert await found(world) == {("O1", "1"): ("exact", "O2")}
    await sale(world, "O0", source="alpha")
    assert await found(world) == {("O1", "1"): ("exact", "O0"), ("O2", "1"): ("exact", "O0")}


async def test_what_came_back_whole_and_what_was_corrected(store: Store) -> None:
    world = await example_world(store)
    await two(world, {}, {})
    await world.order("R1", "SH-A", None, [("P1", "100", "9000")], day="2026-04-01", kind="return", returns=("O2", 1))
    assert await found(world) == {}
    await world.delete("sales_order", "R1")
    assert await found(world) == {("O2b", "1"): ("exact", "O2")}
    await sale(world, "O2b", status="cancelled")
    assert await found(world) == {}
    await sale(world, "O2b")
    await world.product("P1-12", base="P2", pack="12")
    assert await found(world) == {("O2b", "1"): ("exact", "O2")}


async def test_names_are_those_of_now(store: Store) -> None:
    world = await example_world(store)
    await world.customer("C1")
    await two(world, {"customer": "C1"}, {"customer": "C1", "seller": "GD-B"})
    await rename(world, "customer", "C1", "C9")
    await rename(world, "partner", "SH-A", "SH-Z")
    await rename(world, "partner", "GD-B", "GD-Z")
    await rename(world, "product", "P1", "P9")
    await found(world)
    (finding,) = (await world.findings(RULE)).values()
    assert (finding["accused"], finding["victim"], finding["base_sku"]) == ("GD-Z", "SH-Z", "P9")
    assert finding["evidence"]["records"][0]["facts"]["customer"] == "C9"
    await world.delete("sales_order", "O2")
    assert await found(world) == {}


async def rename(world: World, noun: str, before: str, after: str) -> None:
    async with world.store.transaction() as connection:
        record = world.ids[noun, before]
        old = await world.before(connection, noun, record)
        await connection.execute(f"UPDATE {noun} SET code = $1 WHERE id = $2", after, record)
        await dirty.mark(connection, [(noun, record, old)])
