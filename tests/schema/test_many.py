"""Many who follow: what they cost while nothing happens, when something does, and when they are gone."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from socket import SO_LINGER, SOL_SOCKET
from struct import pack
from types import AsyncGeneratorType
from typing import Any

import pytest
from asyncpg.connection import LoggedQuery

from hub.store.database import Store, open_store
from hub.store.user import Person, add_user
from schema.paging import cursor_key
from schema.probes import Metrics
from schema.root import build_schema
from schema.subscription import events
from tests.web import Client, Socket, token, web
from tests.world import a_finding, happens

FINDINGS = "subscription ($rules: [RuleId!]) { conflictEvents(filter: {ruleId: $rules}) { eventId conflict { ruleId } } }"
# What the pool tells a connection that comes back.
RESET = "pg_advisory_unlock_all"


class Counted:
    """A hub whose every statement is noted."""

    def __init__(self, client: Client, metrics: Metrics, said: list[str]) -> None:
        self.client = client
        self.metrics = metrics
        self.said = said

    def sockets(self) -> float | None:
        """Say how many sockets the hub counts."""
        return self.metrics.registry.get_sample_value("channelhub_sockets")

    def readings(self) -> int:
        """Say how often events were read."""
        return sum("near.number" in one for one in self.said)

    async def read(self, count: int) -> None:
        """Wait until events were read so often."""
        async with asyncio.timeout(20):
            while self.readings() < count:
                await asyncio.sleep(0.01)


@pytest.fixture
async def counted(address: str, store: Store) -> AsyncIterator[Counted]:
    said: list[str] = []

    def note(query: LoggedQuery) -> None:
        if RESET not in query.query:
            said.append(query.query)

    # One connection hears notices, the other reads.
    async with open_store(address, connections=2) as own:
        async with own.pool.acquire() as one, own.pool.acquire() as two:
            for lent in (one, two):
                lent._con.add_query_logger(note)
        await cursor_key(own)
        metrics = Metrics()
        async with web(own, build_schema(), metrics=metrics) as client:
            yield Counted(client, metrics, said)


async def following(socket: Socket, query: str, names: list[str], **variables: Any) -> None:
    """Follow under several names, and wait until the hub has begun with all of them."""
    for name in names:
        await socket.subscribe(query, name, **variables)
    await socket.subscribe("{ __typename }", "last")
    assert [(await socket.next())["type"] for _ in range(2)] == ["next", "complete"]


def generators() -> int:
    """Say how many followers the hub holds."""
    gc.collect()
    return sum(isinstance(one, AsyncGeneratorType) and one.ag_code is events.__code__ for one in gc.get_objects())


def cut_off(socket: Socket) -> None:
    """End a connection as a killed client's system does: by a reset, with no word."""
    transport = socket.connection.transport
    transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
    transport.abort()


async def told(socket: Socket, count: int) -> dict[str, Any]:
    """Return what so many followers of one socket are told."""
    messages = [await socket.next() for _ in range(count)]
    assert {one["type"] for one in messages} == {"next"}, messages
    return {one["id"]: one["payload"]["data"]["conflictEvents"] for one in messages}


async def test_g13_idle_followers_ask_nothing_and_an_event_is_read_once_for_all_alike(store: Store, counted: Counted) -> None:
    finding = await a_finding(store, "f1", rule="cross_region_sale")
    names = [str(number) for number in range(40)]
    analyst = await token(store, "analyst")
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(counted.client.socket(one)) for one in (None, None, analyst, analyst)]
        for socket in sockets:
            await following(socket, FINDINGS, names, rules=["cross_region_sale"])
            await following(socket, FINDINGS, ["other"], rules=["cross_region_sale", "territory_overlap"])
        counted.said.clear()
        for socket in sockets:
            await socket.send(type="ping")
            assert await socket.next() == {"type": "pong"}
        assert counted.said == []
        for number in (1, 2):
            await happens(store, "conflict", "changed", finding)
            for socket in sockets:
                found = await told(socket, 41)
                assert {one["eventId"] for one in found.values()} == {str(number)}
                assert found.keys() == {*names, "other"}
            # Two roles, two sets of variables.
            assert counted.readings() == 4 * number


async def test_g13_more_questions_than_are_remembered_are_read_once_each(store: Store, counted: Counted) -> None:
    finding = await a_finding(store, "f1", rule="cross_region_sale")
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(counted.client.socket()) for _ in range(8)]
        for number, socket in enumerate(sockets):
            for place in range(95):
                rules = ["cross_region_sale", f"rule_{number % 4}_{place}"]
                await socket.subscribe(FINDINGS, str(place), rules=rules)
            await following(socket, FINDINGS, [])
        counted.said.clear()
        await happens(store, "conflict", "changed", finding)
        for socket in sockets:
            assert len(await told(socket, 95)) == 95
        assert counted.readings() == 4 * 95


async def test_g13_users_of_one_scope_share_what_is_read_unless_it_depends_on_who_they_are(
    store: Store, counted: Counted
) -> None:
    finding = await a_finding(store, "f1", rule="cross_region_sale")
    # A case shows itself to the manager who mediates in it.
    for role, statements in (("analyst", 1), ("channel_manager", 2)):
        async with AsyncExitStack() as stack:
            for name in ("ann", "ben"):
                async with store.transaction() as connection:
                    person = Person(email=f"{name}-{role}@example.com", name=name, roles=(role,))
                    user = await add_user(connection, person)
                text = await token(store, role, user_id=user)
                socket = await stack.enter_async_context(counted.client.socket(text))
                await following(socket, FINDINGS, ["1"])
            counted.said.clear()
            await happens(store, "conflict", "changed", finding)
            await counted.read(statements)


async def test_g12_followers_that_are_cut_off_leave_nothing(counted: Counted) -> None:
    client = counted.client
    before = len(asyncio.all_tasks())
    for _ in range(3):
        sockets = []
        async with AsyncExitStack() as stack:
            for _ in range(20):
                socket = await stack.enter_async_context(client.socket())
                await following(socket, FINDINGS, ["1", "2", "3"])
                sockets.append(socket)
            assert generators() == 60
            assert counted.sockets() == 20
            for socket in sockets:
                cut_off(socket)
        async with asyncio.timeout(20):
            while counted.sockets() or len(asyncio.all_tasks()) > before:
                await asyncio.sleep(0.01)
        assert generators() == 0
        assert not any(bell._waiters for bell in client.feed.bells.values())
