"""What is followed arrives once, in order, and only where it may be seen."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.store.database import Store
from hub.store.token import revoke_token
from schema.root import build_schema
from tests.web import Client, Socket, token, web
from tests.world import a_case, a_finding, a_partner, a_run, a_source, happens

FINDINGS = "subscription ($after: BigInt) { conflictEvents(after: $after) { eventId kind conflict { score } } }"
PROGRESS = "subscription ($s: ID) { syncProgress(sourceId: $s) { done expected activity run { state } } }"


@pytest.fixture
async def client(store: Store) -> AsyncIterator[Client]:
    async with web(store, build_schema()) as client:
        yield client


async def numbers(socket: Socket, count: int) -> list[str]:
    """Return the numbers of the next events."""
    return [(await told(socket))["conflictEvents"]["eventId"] for _ in range(count)]


async def told(socket: Socket) -> Any:
    """Return what the next event says."""
    message = await socket.next()
    assert message["type"] == "next", message
    assert "errors" not in message["payload"], message
    return message["payload"]["data"]


async def test_what_was_missed_comes_first_then_what_is_new(store: Store, client: Client) -> None:
    finding = await a_finding(store, "f1")
    for kind in ("raised", "changed", "resolved"):
        await happens(store, "conflict", kind, finding)
    async with client.socket() as socket:
        await socket.subscribe(FINDINGS, after="0")
        event = await told(socket)
        assert event == {"conflictEvents": {"eventId": "1", "kind": "RAISED", "conflict": {"score": 60.0}}}
        assert await numbers(socket, 2) == ["2", "3"]
        await happens(store, "sync", "progress", 1)
        await happens(store, "conflict", "reopened", finding, score_before=60.0)
        assert await numbers(socket, 1) == ["5"]
    async with client.socket() as socket:
        await socket.subscribe(FINDINGS, after="2")
        assert await numbers(socket, 2) == ["3", "5"]


async def test_without_a_place_only_what_is_new_comes(store: Store, client: Client) -> None:
    finding = await a_finding(store, "f1")
    await happens(store, "conflict", "raised", finding)
    await client.feed.look()
    async with client.socket() as socket:
        await socket.subscribe(FINDINGS)
        await socket.send(type="ping")
        assert await socket.next() == {"type": "pong"}
        await happens(store, "conflict", "changed", finding)
        assert await numbers(socket, 1) == ["2"]


async def test_nothing_but_the_subject_need_be_said(store: Store, client: Client) -> None:
    finding = await a_finding(store, "f1")
    async with client.socket() as socket:
        await socket.subscribe("subscription { conflictEvents { eventId } }")
        await socket.send(type="ping")
        assert await socket.next() == {"type": "pong"}
        await happens(store, "conflict", "raised", finding)
        assert await numbers(socket, 1) == ["1"]
    async with client.socket() as socket:
        await socket.subscribe("subscription { syncProgress { done } }")
        await socket.send(type="ping")
        assert await socket.next() == {"type": "pong"}
        await happens(store, "sync", "progress", 1, done=5)
        assert await told(socket) == {"syncProgress": {"done": 5}}


async def test_more_than_one_page_is_missed(store: Store, client: Client) -> None:
    finding = await a_finding(store, "f1")
    async with store.transaction() as connection:
        await connection.execute(
            "INSERT INTO event (number, topic, kind, subject_id) "
            "SELECT n, 'conflict', 'changed', $1 FROM generate_series(1, 250) AS n",
            finding,
        )
        await connection.execute("UPDATE event_counter SET number = 250")
    await client.feed.look()
    async with client.socket() as socket:
        await socket.subscribe(FINDINGS, after="0")
        assert await numbers(socket, 250) == [str(number) for number in range(1, 251)]


async def test_a_place_that_is_no_longer_kept_is_refused(store: Store, client: Client) -> None:
    finding = await a_finding(store, "f1")
    for _ in range(3):
        await happens(store, "conflict", "changed", finding)
    async with store.connection() as connection:
        await connection.execute("DELETE FROM event WHERE number < 3")
    async with client.socket() as socket:
        await socket.subscribe(FINDINGS, after="1")
        message = await socket.next()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == "CURSOR_EXPIRED"


async def test_a_filter_chooses(store: Store, client: Client) -> None:
    for key, rule in (("f1", "below_policy_offer"), ("f2", "cross_region_sale")):
        await happens(store, "conflict", "raised", await a_finding(store, key, rule=rule))
    query = """subscription ($rules: [RuleId!]) {
        conflictEvents(after: "0", filter: {ruleId: $rules}) { eventId }
    }"""
    async with client.socket() as socket:
        await socket.subscribe(query, rules=["cross_region_sale"])
        assert await numbers(socket, 1) == ["2"]


async def test_a_partner_hears_of_what_it_may_see(store: Store, client: Client) -> None:
    own, other = await a_partner(store, "east"), await a_partner(store, "west")
    case = await a_case(store, 1, partner_id=own, state="investigating")
    for key, values in (
        ("f1", {"partner_id": other, "case_id": case}),
        ("f2", {"partner_id": own}),
        ("f3", {"partner_id": own, "case_id": case}),
    ):
        await happens(store, "conflict", "raised", await a_finding(store, key, **values))
    async with client.socket(await token(store, "partner", partner_id=own)) as socket:
        await socket.subscribe(FINDINGS, after="0")
        assert await numbers(socket, 1) == ["3"]


async def test_an_event_is_read_once_for_all_who_ask_the_same(store: Store, client: Client) -> None:
    finding = await a_finding(store, "f1")
    await happens(store, "conflict", "raised", finding)
    # Who names no event hears of what the hub has not seen yet.
    await client.feed.look()
    async with client.socket() as one, client.socket() as two:
        for socket, name in ((one, "1"), (one, "2"), (two, "1"), (two, "2")):
            await socket.subscribe(FINDINGS, name, after="0" if name == "1" else None)
        for socket in (one, two):
            assert await numbers(socket, 1) == ["1"]
        await happens(store, "conflict", "changed", finding)
        for socket in (one, two):
            assert await numbers(socket, 2) == ["2", "2"]
    assert len(client.feed.readings) == 2


async def test_clients_that_are_gone_leave_no_task(store: Store, client: Client) -> None:
    finding = await a_finding(store, "f1")
    await happens(store, "conflict", "raised", finding)
    before = len(asyncio.all_tasks())
    for _ in range(20):
        async with client.socket() as socket:
            await socket.subscribe(FINDINGS, after="0")
            await numbers(socket, 1)
            socket.connection.transport.abort()
    async with asyncio.timeout(20):
        while len(asyncio.all_tasks()) > before:
            await asyncio.sleep(0.01)


async def test_the_present_state_of_runs_comes_first(store: Store, client: Client) -> None:
    shop, other = await a_source(store, "shop"), await a_source(store, "other")
    ended = await a_run(store, shop, state="succeeded", finished_at=None)
    run = await a_run(store, shop, state="running", records_read=5)
    elsewhere = await a_run(store, other, state="running")
    async with store.connection() as connection:
        await connection.execute("UPDATE sync_run SET finished_at = now() WHERE id = $1", ended)
    await happens(store, "sync", "succeeded", ended)
    for done in (1, 2):
        await happens(store, "sync", "progress", run, done=done, expected=10)
    await happens(store, "sync", "running", elsewhere)
    await client.feed.look()
    source = (await client.data('{ sources(filter: {name: {eq: "shop"}}) { nodes { id } } }'))["sources"]["nodes"][0]["id"]
    async with client.socket() as socket:
        await socket.subscribe(PROGRESS, s=source)
        said = (await told(socket))["syncProgress"]
        assert said == {"done": 2, "expected": 10, "activity": "reading", "run": {"state": "RUNNING"}}
        await happens(store, "sync", "progress", elsewhere, done=7)
        await happens(store, "sync", "progress", run, done=3, expected=10)
        assert (await told(socket))["syncProgress"]["done"] == 3


async def test_a_revoked_token_ends_its_event_stream(store: Store, client: Client) -> None:
    await happens(store, "conflict", "raised", await a_finding(store, "f1"))
    headers = {"authorization": f"Bearer {await token(store, 'analyst')}", "accept": "text/event-stream"}
    body = {"query": FINDINGS, "variables": {"after": "0"}}
    async with client.http.stream("POST", "/graphql/stream", json=body, headers=headers) as response:
        parts = response.aiter_text()
        assert '"eventId":"1"' in await anext(parts)
        async with store.transaction() as connection:
            await revoke_token(connection, await connection.fetchval("SELECT max(id) FROM access_token"))
        rest = "".join([part async for part in parts])
    assert "UNAUTHENTICATED" in rest
    assert rest.endswith("event: complete\ndata:\n\n")
