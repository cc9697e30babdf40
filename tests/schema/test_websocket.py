"""The protocol graphql-transport-ws, step by step."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

import pytest
import websockets

from hub.clock import now
from hub.store.database import Store
from hub.store.token import revoke_token
from hub.store.user import Person, add_user, deactivate_user
from tests.web import PROTOCOL, WAITING, Client, Socket, tiny, token, web


@pytest.fixture
async def client(store: Store) -> AsyncIterator[Client]:
    async with web(store, tiny()) as client:
        yield client


async def raw(client: Client, *messages: str | Mapping[str, object]) -> int:
    """Send messages without waiting for anything; return the code the socket is closed with."""
    async with websockets.connect(f"ws://{client.address}/graphql", subprotocols=[PROTOCOL]) as connection:
        socket = Socket(connection)
        for message in messages:
            await (connection.send(message) if isinstance(message, str) else socket.send(**message))
        return await socket.closed()


async def test_events_come_in_order_and_the_id_is_free_again(client: Client) -> None:
    async with client.socket() as socket:
        for _ in range(2):
            await socket.subscribe("subscription ($n: Int!) { count(to: $n) }", n=2)
            said = [await socket.next() for _ in range(3)]
            assert [one["type"] for one in said] == ["next", "next", "complete"]
            assert [one["payload"]["data"]["count"] for one in said[:2]] == [1, 2]


async def test_a_query_is_answered_once(client: Client) -> None:
    async with client.socket() as socket:
        await socket.subscribe("{ hello }")
        assert (await socket.next())["payload"]["data"] == {"hello": "hello you"}
        assert (await socket.next())["type"] == "complete"


async def test_what_is_refused_fails_alone(client: Client) -> None:
    async with client.socket() as socket:
        for query, code in (("{ syntax", "GRAPHQL_PARSE_FAILED"), ("{ nope }", "GRAPHQL_VALIDATION_FAILED")):
            await socket.subscribe(query)
            said = await socket.next()
            assert (said["type"], said["payload"][0]["extensions"]["code"]) == ("error", code)
        await socket.send(type="ping")
        assert await socket.next() == {"type": "pong"}


async def test_mistakes_of_the_protocol_close_the_socket(client: Client) -> None:
    begin = {"type": "connection_init", "payload": {"authorization": f"Bearer {client.token}"}}
    forever = {"type": "subscribe", "id": "1", "payload": {"query": "subscription { forever }"}}
    assert await raw(client, "no json") == 4400
    assert await raw(client, {"type": "nope"}) == 4400
    assert await raw(client, begin, {"type": "subscribe", "id": 1, "payload": {"query": "{ hello }"}}) == 4400
    assert await raw(client, begin, {"type": "subscribe", "id": "1", "payload": {"query": 1}}) == 4400
    assert await raw(client, forever) == 4401
    assert await raw(client, begin, begin) == 4429
    assert await raw(client, begin, forever, forever) == 4409


async def test_a_wrong_token_closes_the_socket(client: Client) -> None:
    assert await raw(client, {"type": "connection_init"}) == 4403
    assert await raw(client, {"type": "connection_init", "payload": {"authorization": "Bearer wrong"}}) == 4403


async def test_silence_closes_the_socket(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schema.websocket.INITIALISE_S", 0.01)
    assert await raw(client) == 4408


async def test_the_older_protocol_is_not_spoken(client: Client) -> None:
    old = websockets.Subprotocol("graphql-ws")
    async with websockets.connect(f"ws://{client.address}/graphql", subprotocols=[old, PROTOCOL]) as connection:
        assert connection.subprotocol == PROTOCOL
    async with websockets.connect(f"ws://{client.address}/graphql", subprotocols=[old]) as connection:
        assert await Socket(connection).closed() == 4406


async def test_a_page_of_another_site_is_turned_away(client: Client) -> None:
    async with client.socket(origin=websockets.Origin(f"http://{client.address}")):
        pass
    with pytest.raises(websockets.InvalidStatus):
        async with client.socket(origin=websockets.Origin("http://example.com")):
            pass


async def test_a_socket_carries_so_many_operations(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schema.websocket.OPERATIONS", 1)
    async with client.socket() as socket:
        await socket.subscribe("subscription { forever }", "1")
        assert (await socket.next())["type"] == "next"
        await socket.subscribe("{ hello }", "2")
        assert (await socket.next())["type"] == "error"
        await socket.send(type="complete", id="1")
        await socket.subscribe("{ hello }", "2")
        assert (await socket.next())["type"] == "next"


async def test_a_client_that_is_gone_leaves_nothing_running(client: Client) -> None:
    for _ in range(20):
        async with client.socket() as socket:
            await socket.subscribe("subscription { forever }")
            await socket.next()
            socket.connection.transport.abort()
    async with asyncio.timeout(20):
        while WAITING:
            await asyncio.sleep(0.01)


async def test_a_revoked_token_loses_its_sockets_and_streams(store: Store, client: Client) -> None:
    other = await token(store, "service")
    async with client.socket(other) as socket, client.socket() as mine:
        async with store.transaction() as connection:
            await revoke_token(connection, await connection.fetchval("SELECT max(id) FROM access_token"))
        assert await socket.closed() == 4403
        await mine.send(type="ping")
        assert await mine.next() == {"type": "pong"}


async def test_a_user_who_is_shut_out_loses_its_sockets(store: Store, client: Client) -> None:
    async with store.transaction() as connection:
        person = await add_user(connection, Person(email="li@example.com", name="Li", roles=("analyst",)))
    async with client.socket(await token(store, "analyst", user_id=person)) as socket:
        async with store.transaction() as connection:
            await deactivate_user(connection, person)
        assert await socket.closed() == 4403


async def test_a_token_that_ends_closes_its_socket(store: Store, client: Client) -> None:
    short = await token(store, "service", expires_at=now() + timedelta(seconds=1))
    async with client.socket(short) as socket:
        assert await socket.closed() == 4403
