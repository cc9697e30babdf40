"""A document named by its hash, over every transport; and what happens to others where documents must be registered."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.store.database import Store
from hub.store.trusted_document import Trusted, register
from schema.ask import Ask, Malformed, digest, read_ask
from tests.web import Client, tiny, token, web

HELLO = "query Hello($n: String) { hello(name: $n) }"
OTHER = "{ hello }"
COUNT = "subscription { count(to: 2) }"
POKE = "mutation { poke }"
GRAPHQL = "application/graphql-response+json"


async def trust(store: Store, *texts: str) -> None:
    async with store.transaction() as connection:
        wanted = [Trusted(hash=digest(one), text=one, name=None, operation_names=(), maximum_cost=1) for one in texts]
        await register(connection, wanted, None)


def by_id(text: str) -> dict[str, Any]:
    return {"documentId": f"sha256:{digest(text)}"}


def by_extension(text: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}}


async def send(client: Client, words: dict[str, Any], *, token: str | None = None, **more: str) -> httpx2.Response:
    headers = {"authorization": f"Bearer {token or client.token}"} | more
    return await client.http.post("/graphql", json=words, headers=headers)


async def fetch(client: Client, words: dict[str, Any], *, token: str | None = None) -> httpx2.Response:
    headers = {"authorization": f"Bearer {token or client.token}"}
    written = {name: value if isinstance(value, str) else orjson.dumps(value).decode() for name, value in words.items()}
    return await client.http.get("/graphql", params=written, headers=headers)


def code(response: httpx2.Response) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])


@pytest.fixture
async def client(store: Store) -> AsyncIterator[Client]:
    async with web(store, tiny()) as client:
        yield client


@pytest.mark.parametrize("named", [by_id, by_extension])
async def test_a_registered_document_is_executed_by_its_hash(store: Store, client: Client, named: Any) -> None:
    await trust(store, HELLO)
    words = named(HELLO) | {"variables": {"n": "you"}, "operationName": "Hello"}
    for way in (send, fetch):
        assert (await way(client, words)).json()["data"] == {"hello": "hello you"}


async def test_what_another_process_registers_is_known_at_once(store: Store, client: Client) -> None:
    response = await send(client, by_id(OTHER))
    assert (response.status_code, code(response)) == (200, "PERSISTED_QUERY_NOT_FOUND")
    # The word clients look for before they send the text.
    assert response.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert (await send(client, by_id(OTHER), accept=GRAPHQL)).status_code == 400
    await trust(store, OTHER)
    assert (await send(client, by_id(OTHER))).json()["data"] == {"hello": "hello you"}


async def test_a_text_sent_with_its_hash_is_known_by_it_from_then_on(client: Client) -> None:
    assert code(await send(client, by_extension(OTHER))) == "PERSISTED_QUERY_NOT_FOUND"
    for words in (by_extension(OTHER) | {"query": OTHER}, by_extension(OTHER), by_id(OTHER)):
        assert (await send(client, words)).json()["data"] == {"hello": "hello you"}


async def test_a_text_that_is_no_good_or_came_without_its_hash_is_not_known(client: Client) -> None:
    bad = "{ nope }"
    assert code(await send(client, by_extension(bad) | {"query": bad})) == "GRAPHQL_VALIDATION_FAILED"
    assert (await send(client, {"query": HELLO})).status_code == 200
    for text in (bad, HELLO):
        assert code(await send(client, by_extension(text))) == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_hash_that_is_not_that_of_its_text_is_refused(store: Store, client: Client) -> None:
    await trust(store, HELLO)
    for named in (by_id, by_extension):
        response = await send(client, named(HELLO) | {"query": OTHER})
        assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


MALFORMED: tuple[dict[str, Any], ...] = (
    {"documentId": 1},
    {"documentId": "sha256:"},
    {"documentId": digest(OTHER)},
    {"documentId": f"sha256:{digest(OTHER).upper()}"},
    {"extensions": {"persistedQuery": digest(OTHER)}},
    {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": digest(OTHER)}}},
    {"extensions": {"persistedQuery": {"version": 1}}},
    by_id(OTHER) | by_extension(HELLO),
    by_id(OTHER) | {"query": 1},
)


@pytest.mark.parametrize("words", MALFORMED)
async def test_a_malformed_name_of_a_document_is_a_bad_request(client: Client, words: dict[str, Any]) -> None:
    response = await send(client, words)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "x", digest(OTHER), f"sha256:{digest(OTHER)}", OTHER]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["version", "sha256Hash", "persistedQuery"]), inner)
    ),
    max_leaves=6,
)
WORDS = st.dictionaries(st.sampled_from(["query", "documentId", "extensions", "variables", "operationName"]), anything)


@given(WORDS)
def test_whatever_a_client_says_is_an_operation_or_malformed(words: dict[str, Any]) -> None:
    try:
        ask = read_ask(words)
    except Malformed:
        return
    assert ask.hash is None or ask.hash == digest(OTHER)
    assert ask.query or ask.hash
    assert not (ask.query and ask.hash) or ask == Ask(OTHER, ask.variables, ask.operation_name, digest(OTHER))


async def test_a_document_is_followed_by_its_hash(store: Store, client: Client) -> None:
    await trust(store, COUNT)
    headers = {"authorization": f"Bearer {client.token}", "accept": "text/event-stream"}
    response = await client.http.post("/graphql/stream", json=by_id(COUNT), headers=headers)
    assert response.text.count('"count":') == 2
    async with client.socket() as socket:
        await socket.send(type="subscribe", id="1", payload=by_extension(COUNT))
        assert [(await socket.next())["type"] for _ in range(3)] == ["next", "next", "complete"]
        await socket.send(type="subscribe", id="2", payload=by_extension(OTHER))
        refused = await socket.next()
        assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "PERSISTED_QUERY_NOT_FOUND")
        await socket.send(type="subscribe", id="3", payload=by_extension(OTHER) | {"query": OTHER})
        assert (await socket.next())["payload"]["data"] == {"hello": "hello you"}
        assert (await socket.next())["type"] == "complete"
        await socket.send(type="subscribe", id="4", payload=by_extension(COUNT) | {"query": OTHER})
        assert await socket.closed() == 4400


async def test_in_production_every_role_reads_a_registered_document_by_get_and_nothing_else(store: Store) -> None:
    await trust(store, HELLO, POKE)
    async with web(store, tiny(), production=True) as client:
        service = await token(store, "service")
        assert (await fetch(client, by_id(HELLO), token=service)).json()["data"] == {"hello": "hello you"}
        assert (await fetch(client, by_id(POKE), token=service)).status_code == 405
        sent = by_extension(OTHER) | {"query": OTHER}
        for words in (sent, by_extension(OTHER), {"query": HELLO}):
            await send(client, sent, token=service)
            response = await fetch(client, words, token=service)
            assert (response.status_code, code(response), response.headers["allow"]) == (405, "FORBIDDEN", "POST")
            assert (await fetch(client, words)).status_code == 200


@pytest.fixture
async def strict(store: Store) -> AsyncIterator[Client]:
    async with web(store, tiny(), required=True) as client:
        yield client


async def test_where_documents_must_be_registered_nothing_else_is_executed(store: Store, strict: Client) -> None:
    await trust(store, HELLO, COUNT)
    analyst = await token(store, "analyst")
    assert (await send(strict, by_id(HELLO), token=analyst)).json()["data"] == {"hello": "hello you"}
    assert (await send(strict, by_extension(HELLO) | {"query": HELLO}, token=analyst)).json()["data"] == {"hello": "hello you"}
    for words in ({"query": HELLO}, {"query": "{"}, by_extension(OTHER) | {"query": OTHER}):
        for way in (send, fetch):
            assert code(await way(strict, words, token=analyst)) == "PERSISTED_QUERY_REQUIRED"
    headers = {"authorization": f"Bearer {analyst}"}
    events = await strict.http.post("/graphql/stream", json={"query": COUNT}, headers=headers)
    assert "PERSISTED_QUERY_REQUIRED" in events.text
    async with strict.socket(analyst) as socket:
        await socket.subscribe(COUNT)
        assert (await socket.next())["payload"][0]["extensions"]["code"] == "PERSISTED_QUERY_REQUIRED"


async def test_what_an_administrator_sends_there_is_executed_and_not_known_to_others(store: Store, strict: Client) -> None:
    analyst = await token(store, "analyst")
    assert (await send(strict, by_extension(OTHER) | {"query": OTHER})).json()["data"] == {"hello": "hello you"}
    for caller in (analyst, strict.token):
        assert code(await send(strict, by_extension(OTHER), token=caller)) == "PERSISTED_QUERY_NOT_FOUND"
