"""The lines of trade that the detector keeps are, after any changes, those that deriving all of them anew gives."""

from collections.abc import Awaitable, Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.conflicts.engine import examine
from hub.store import dirty
from hub.store.database import Store, open_store
from tests.anew import compare_trade
from tests.trading import NOON, World, example_world
from tests.worlds import BACK, COMMON, DAYS, ORDERS, PARTNERS, PRODUCTS, PURCHASE, Edit, apply, begin, edit, one

NewDatabase = Callable[[], Awaitable[str]]

UNHURRIED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
# What was sold, and what came back of it, in either order: none of L1 to L3 exists at first.
LATE = ["L1", "L2", "L3"]
SALE = edit(
    "sale", code=one(*ORDERS[:3], *LATE), seller=one(None, *PARTNERS), to=one(None, "A", "B"), day=one(*DAYS),
    lines=st.lists(st.tuples(one(*PRODUCTS), one("1", "5", "12"), one("0", "7", "500")), min_size=1, max_size=3),
    kind=one("sell_out", "sell_out", "sell_in", "transfer"), status=one("delivered", "delivered", "cancelled"),
    currency=one("CNY", "USD", "EUR"), tax=one(None, "0.13"), source=one("demo", "demo", "other"),
)  # fmt: skip
RETURNED = edit(
    "returned", code=one("T1", "T2", "T3"), of=st.tuples(one(*ORDERS[:3], *LATE), one(1, 2)), day=one(*DAYS),
    lines=st.lists(st.tuples(one(*PRODUCTS), one("1", "2", "12"), st.just("1")), min_size=1, max_size=2),
    kind=one("return", "return", "return", "sell_out"), status=one("delivered", "delivered", "cancelled"),
    source=one("demo", "demo", "other"),
)  # fmt: skip
RATE = edit("rate", day=one("2026-01-01", *DAYS), currency=one("USD", "USD", "EUR"), rate=one("1", "6", "7"))
GOODS = edit(
    "goods", code=one("P1-12", "P1-12", "P2"), base=one("P1", "P2"), pack=one("1", "5", "12"), group=one("X", "Y"),
)  # fmt: skip
GONE = edit(
    "remove",
    what=one(
        *(("sales_order", code) for code in (*ORDERS[:3], *LATE, "T1", "T1", "T2", "B0", "other:L1", "other:T1")),
        *(("fx_rate", f"{day}|USD") for day in DAYS), ("product", "P1-12"), ("product", "P2"),
    ),
)  # fmt: skip
EDITS = [*[SALE, RETURNED, RATE, GOODS, GONE] * 4, BACK, PURCHASE, *COMMON]
ROUNDS = st.lists(st.lists(st.sampled_from(EDITS).flatmap(lambda edit: edit), min_size=2, max_size=8), min_size=2, max_size=4)


@settings(UNHURRIED, max_examples=6)
@given(rounds=ROUNDS)
async def test_what_is_kept_from_changes_is_what_all_orders_give(new_database: NewDatabase, rounds: list[list[Edit]]) -> None:
    async with open_store(await new_database(), connections=2) as store:
        world = World(store)
        await begin(world)
        await keep(store)
        for edits in rounds:
            for name, fields in edits:
                await change(world, name, dict(fields))
            await keep(store)
            await compare_trade(store)


async def test_a_return_that_comes_before_its_sale_counts_once_the_sale_is_there(store: Store) -> None:
    world = await example_world(store)
    await world.order("R", "GD-B", None, [("P1-12", "1", "70")], kind="return", returns=("O", 1))
    await keep(store)
    await compare_trade(store)
    await world.order("O", "GD-B", "CN-SH", [("P1", "40", "2800")])
    await keep(store)
    await compare_trade(store)
    assert await sold(world) == [("O", 28)]
    await world.product("P1-12", base="P1", pack="6")
    await keep(store)
    await compare_trade(store)
    assert await sold(world) == [("O", 34)]
    await world.delete("sales_order", "R")
    await keep(store)
    await compare_trade(store)
    assert await sold(world) == [("O", 40)]


async def test_the_group_of_a_base_article_is_that_of_its_packs(store: Store) -> None:
    world = await example_world(store)
    await world.product("P1-12", "Z", base="P1", pack="12")
    await world.order("O", "GD-B", "CN-SH", [("P1-12", "4", "2400")])
    for day in ("01", "02"):
        await world.offer("L", f"2026-03-{day}T02:00:00Z", "600", "shop", product="P1-12")
    for number in range(3):
        await world.serial_event(f"H{number}", f"S{number}", "ship_out", "2026-02-01T02:00:00Z", "GD-B", product="P1-12")
        await world.serial_event(f"C{number}", f"S{number}", "consumer_scan", "2026-03-01T02:00:00Z", region="CN-SH")
    await world.detect()
    assert await groups(world) == {
        ("below_policy_offer", "X"), ("cross_region_sale", "X"), ("serial_diversion", "X"), ("tier_inversion", "X"),
        ("unknown_seller", "-"),
    }  # fmt: skip
    # The base alone moves to another group.
    await world.product("P1", "Y")
    await world.detect()
    assert await groups(world) == {
        ("below_policy_offer", "Y"), ("serial_diversion", "Y"), ("tier_inversion", "Y"), ("unknown_seller", "-"),
    }  # fmt: skip
    await compare_trade(store)


async def groups(world: World) -> set[tuple[str, str]]:
    """Return the rules that found something, each with the group it found it in."""
    rows = await world.rows("SELECT DISTINCT rule, product_group FROM conflict WHERE state = 'open'")
    return {(row["rule"], row["product_group"]) for row in rows}


async def sold(world: World) -> list[tuple[str, int]]:
    """Return the net units of what was sold."""
    sql = "SELECT o.key, t.net_units FROM trade_line AS t JOIN sales_order AS o ON o.id = t.order_id WHERE t.kind = 'sell_out'"
    return [(row["key"], int(row["net_units"])) for row in await world.rows(sql)]


async def change(world: World, name: str, draw: dict[str, Any]) -> None:
    """Make one edit."""
    match name:
        case "sale":
            await world.order(**draw)
        case "returned":
            await world.order(seller="p", to=None, returns=draw.pop("of"), **draw)
        case "rate":
            await world.fx(**draw)
        case "goods":
            # What has another base is no base itself.
            base = None if draw["code"] == "P2" else draw["base"]
            await world.product(draw["code"], draw["group"], base, "1" if base is None else draw["pack"])
        case "remove" if draw["what"][1].startswith("other:"):
            if draw["what"] in world.ids:
                await world.delete(draw["what"][0], draw["what"][1].removeprefix("other:"), source="other")
        case _:
            await apply(world, name, draw)


async def keep(store: Store) -> None:
    """Bring what is kept up to date with the marks, and let no rule judge."""
    async with store.transaction() as connection:
        await examine(connection, NOON, limit=None, full=False, rules=())
        await dirty.settle(connection)
