"""Changes of orders and stock arrive once, in order, and only with whom they belong."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from hub.store.database import Store
from schema.ids import global_id
from schema.root import build_schema
from tests.feeding import Source, source
from tests.samples import level, line, location, order, partner, product
from tests.web import Client, Socket, token, web

ORDERS = "subscription ($after: BigInt) { orderChanges(after: $after) { eventId orders { number } removedIds } }"
STOCK = """subscription ($after: BigInt, $filter: InventoryLevelFilter) { inventoryChanges(after: $after, filter: $filter) {
    levels { location { code } onHand { value } } removedIds } }"""


@pytest.fixture
async def client(store: Store) -> AsyncIterator[Client]:
    async with web(store, build_schema()) as client:
        yield client


@pytest.fixture
async def demo(store: Store) -> Source:
    one = await source(store)
    await one.send(partner("A"), partner("B"), product("P1"), location("W1"), location("W2", partner="A"))
    return one


def day(number: int) -> datetime:
    return datetime(2026, 3, number, tzinfo=UTC)


async def id_of(store: Store, table: str, key: str) -> int:
    async with store.connection() as connection:
        name = "code" if table == "partner" else "key"
        return int(await connection.fetchval(f"SELECT id FROM {table} WHERE {name} = $1", key))


async def told(socket: Socket) -> Any:
    """Return what the next event says."""
    message = await socket.next()
    assert message["type"] == "next", message
    assert "errors" not in message["payload"], message
    (said,) = message["payload"]["data"].values()
    return said


async def numbers(socket: Socket) -> list[str]:
    return [one["number"] for one in (await told(socket))["orders"]]


async def test_what_a_sync_adds_changes_and_removes_is_told(store: Store, client: Client, demo: Source) -> None:
    await demo.send(order("O1"), order("O2"))
    first, second = [global_id("Order", await id_of(store, "sales_order", key)) for key in ("O1", "O2")]
    async with client.socket() as socket:
        await socket.subscribe(ORDERS, after="0")
        assert await numbers(socket) == ["O1", "O2"]
        await demo.send(order("O1", line(1, amount=Decimal(7))), order("O2"))
        assert await numbers(socket) == ["O1"]
        await demo.withdraw("order:O2")
        said = await told(socket)
        assert (said["orders"], said["removedIds"]) == ([], [second])
        assert first != second


async def test_more_than_an_event_holds_comes_in_several_and_none_is_lost(client: Client, demo: Source) -> None:
    await demo.send(*(order(f"O{n:04}") for n in range(1250)))
    async with client.socket() as socket:
        await socket.subscribe(ORDERS, after="0")
        events = [await told(socket) for _ in range(13)]
    assert [len(event["orders"]) for event in events] == [*[100] * 12, 50]
    assert sorted(one["number"] for event in events for one in event["orders"]) == [f"O{n:04}" for n in range(1250)]
    async with client.socket() as socket:
        await socket.subscribe(ORDERS, after=events[4]["eventId"])
        assert [await told(socket) for _ in range(8)] == events[5:]


async def test_a_partner_hears_of_its_own_orders_alone(store: Store, client: Client, demo: Source) -> None:
    await demo.send(order("B1", seller="B"))
    await demo.send(order("A1", seller="A"), order("B2", seller="B"))
    await demo.send(order("B3", seller="B"))
    async with store.connection() as connection:
        others = await connection.fetchval("SELECT min(number) FROM event WHERE topic = 'order'")
    mine = await token(store, "partner", partner_id=await id_of(store, "partner", "A"))
    async with client.socket(mine) as socket:
        await socket.subscribe(ORDERS, after="0")
        assert await numbers(socket) == ["A1"]
        await demo.send(order("B4", seller="B"))
        await demo.send(order("A2", seller="A"))
        last = await told(socket)
        assert [one["number"] for one in last["orders"]] == ["A2"]
    async with client.socket(mine) as socket:
        await socket.subscribe(ORDERS, after=last["eventId"])
        await demo.send(order("A3", seller="A"))
        assert await numbers(socket) == ["A3"]
    # Guessing the place of an event of others says as little as one that never was.
    async with client.socket(mine) as socket:
        for name, place in (("others", others), ("none", others + 1_000_000)):
            await socket.subscribe(ORDERS, name, after=str(place))
            message = await socket.next()
            assert message["type"] == "error"
            assert message["payload"][0]["extensions"]["code"] == "CURSOR_EXPIRED"


async def test_who_sees_nothing_hears_nothing(store: Store, client: Client, demo: Source) -> None:
    async with client.socket(await token(store, "channel_manager")) as socket:
        await socket.subscribe(ORDERS, after="0")
        await demo.send(order("A1", seller="A"))
        await socket.subscribe('subscription { orderChanges(after: "1") { eventId } }', "refused")
        message = await socket.next()
        assert message["id"] == "refused"
        assert message["type"] == "error"


async def test_a_partners_own_change_is_found_behind_many_of_others(store: Store, client: Client, demo: Source) -> None:
    await demo.send(order("B1", seller="B"))
    other = await id_of(store, "sales_order", "B1")
    async with store.transaction() as connection:
        place = await connection.fetchval("UPDATE event_counter SET number = number + 2500 RETURNING number - 2500")
        await connection.execute(
            "INSERT INTO event (number, topic, kind, subject_id, subject_ids) "
            "SELECT $1 + n, 'order', 'changed', 1, ARRAY[$2::bigint] FROM generate_series(1, 2500) AS n",
            place,
            other,
        )
    await demo.send(order("A1", seller="A"))
    await client.feed.look()
    async with client.socket(await token(store, "partner", partner_id=await id_of(store, "partner", "A"))) as socket:
        await socket.subscribe(ORDERS, after="0")
        assert await numbers(socket) == ["A1"]


async def test_a_filter_leaves_out_the_rest_of_an_event(client: Client, demo: Source) -> None:
    await demo.send(order("O1", channel="tmall"), order("O2"))
    await demo.send(order("O3"))
    await demo.send(order("O4", channel="tmall"))
    query = """subscription { orderChanges(after: "0", filter: {channel: {eq: "tmall"}}) { orders { number } } }"""
    async with client.socket() as socket:
        await socket.subscribe(query)
        assert [await numbers(socket) for _ in range(2)] == [["O1"], ["O4"]]


async def test_transfers_are_no_orders(client: Client, demo: Source) -> None:
    await demo.send(order("T1", kind="transfer"))
    await demo.send(order("O1"))
    async with client.socket() as socket:
        await socket.subscribe(ORDERS, after="0")
        assert await numbers(socket) == ["O1"]


async def test_stock_is_told_as_it_was_last_counted(client: Client, demo: Source) -> None:
    await demo.send(level("W1", as_of=day(2), on_hand=Decimal(5)))
    await demo.send(level("W1", as_of=day(1), on_hand=Decimal(9)))
    await demo.send(level("W2", as_of=day(3), on_hand=Decimal(7)))
    async with client.socket() as socket:
        await socket.subscribe(STOCK, after="0")
        assert [await told(socket) for _ in range(2)] == [
            {"levels": [{"location": {"code": "W1"}, "onHand": {"value": "5"}}], "removedIds": []},
            {"levels": [{"location": {"code": "W2"}, "onHand": {"value": "7"}}], "removedIds": []},
        ]


async def test_a_partner_hears_of_its_own_stock_alone(store: Store, client: Client, demo: Source) -> None:
    await demo.send(level("W1", as_of=day(2)), level("W2", as_of=day(2)))
    async with client.socket(await token(store, "partner", partner_id=await id_of(store, "partner", "A"))) as socket:
        await socket.subscribe(STOCK, after="0")
        assert [one["location"]["code"] for one in (await told(socket))["levels"]] == ["W2"]
