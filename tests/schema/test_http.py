"""GraphQL over HTTP: who may ask, in which form, and what comes back."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from hub.store.database import Store
from schema.http import negotiated
from tests.web import Client, tiny, token, web

GRAPHQL = "application/graphql-response+json"


@pytest.fixture
async def client(store: Store) -> AsyncIterator[Client]:
    async with web(store, tiny()) as client:
        yield client


async def test_a_query_is_answered(client: Client) -> None:
    response = await client.post("query ($n: String!) { hello(name: $n) }", variables={"n": "渠道"})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.json()["data"] == {"hello": "hello 渠道"}


async def test_a_request_keeps_its_id(client: Client) -> None:
    response = await client.post("{ hello }", headers={"x-request-id": "abc-1"})
    assert response.headers["x-request-id"] == "abc-1"
    assert response.json()["extensions"]["requestId"] == "abc-1"
    other = await client.post("{ hello }", headers={"x-request-id": "a b\tc"})
    assert other.headers["x-request-id"] != "a b\tc"


async def test_without_a_valid_token_nothing_is_answered(client: Client) -> None:
    for header in ("", "Bearer", "Bearer wrong", "Basic d3Jvbmc6"):
        response = await client.http.post("/graphql", json={"query": "{ hello }"}, headers={"authorization": header})
        assert response.status_code == 401
        assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert "data" not in response.json()


REFUSALS = {
    "{": "GRAPHQL_PARSE_FAILED",
    "{ nope }": "GRAPHQL_VALIDATION_FAILED",
    "query A { hello } query B { hello }": "BAD_REQUEST",
    "query ($n: Int!) { hello(times: $n) }": "BAD_USER_INPUT",
}


async def test_what_cannot_run_is_refused_in_the_form_the_client_knows(client: Client) -> None:
    for query, code in REFUSALS.items():
        old = await client.post(query)
        new = await client.post(query, headers={"accept": GRAPHQL})
        assert (old.status_code, new.status_code) == (200, 400)
        assert new.headers["content-type"].startswith(GRAPHQL)
        for response in (old, new):
            assert "data" not in response.json()
            assert response.json()["errors"][0]["extensions"]["code"] == code


async def send(client: Client, body: bytes, kind: str = "application/json") -> httpx2.Response:
    headers = {"authorization": f"Bearer {client.token}", "content-type": kind}
    return await client.http.post("/graphql", content=body, headers=headers)


async def test_what_a_browser_sends_unasked_executes_nothing(client: Client) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json; charset=utf-16"):
        assert (await send(client, b'{"query": "{ hello }"}', kind)).status_code == 415


MALFORMED = (
    b"",
    b"{",
    b"[]",
    b"{}",
    b'[{"query": "{ hello }"}]',
    b'{"query": 1}',
    b'{"query": "{ hello }", "variables": []}',
    b'{"query": "{ hello }", "operationName": 1}',
    b'{"query": "{ hello }", "extensions": ""}',
)


async def test_a_malformed_body_is_a_bad_request(client: Client) -> None:
    for body in MALFORMED:
        response = await send(client, body)
        assert response.status_code == 400
        assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_a_body_has_a_largest_size(client: Client) -> None:
    response = await client.post("{ hello }" + " " * 1024 * 1024)
    assert response.status_code == 413


async def test_a_body_that_is_announced_too_long_is_refused_before_it_is_sent(client: Client) -> None:
    reader, writer = await asyncio.open_connection(*client.address.split(":"))
    head = ("POST /graphql HTTP/1.1", f"Host: {client.address}", f"Authorization: Bearer {client.token}")
    lines = (*head, "Content-Type: application/json", f"Content-Length: {1024 * 1024 + 1}", "", "")
    writer.write("\r\n".join(lines).encode())
    assert (await reader.readline()).split()[1] == b"413"
    writer.close()
    await writer.wait_closed()


async def test_a_database_that_is_away_is_told_in_the_form_of_graphql(store: Store) -> None:
    async with web(store, tiny()) as client:
        async with store.connection() as connection:
            await connection.execute("ALTER TABLE access_token RENAME TO away")
        response = await client.post("{ hello }")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "access_token" not in response.text


async def test_an_address_may_carry_a_query_but_no_mutation(client: Client) -> None:
    headers = {"authorization": f"Bearer {client.token}"}
    words = {"query": "query ($n: String) { hello(name: $n) }", "variables": '{"n": "you"}'}
    assert (await client.http.get("/graphql", params=words, headers=headers)).json()["data"] == {"hello": "hello you"}
    response = await client.http.get("/graphql", params={"query": "mutation { poke }"}, headers=headers)
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


async def test_a_subscription_is_not_answered_by_post(client: Client) -> None:
    assert (await client.post("subscription { count }")).status_code == 400


async def test_a_fault_of_ours_is_masked_and_logged(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    response = await client.post("{ broken hello }")
    assert response.status_code == 200
    answer = response.json()
    assert answer["data"] == {"broken": None, "hello": "hello you"}
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "swordfish" not in response.text
    logged = capsys.readouterr().out
    assert answer["extensions"]["requestId"] in logged
    assert "RuntimeError" in logged
    assert client.token not in logged


async def test_a_mistake_of_the_client_is_told(client: Client) -> None:
    answer = (await client.post("{ refused }")).json()
    assert answer["errors"][0]["message"] == "Choose another."
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_statement_that_is_stopped_is_a_timeout(client: Client) -> None:
    assert await client.code("{ slow }") == "QUERY_TIMEOUT"


async def test_who_accepts_neither_form_gets_none(client: Client) -> None:
    response = await client.post("{ hello }", headers={"accept": "text/event-stream"})
    assert response.status_code == 406


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        (f"{GRAPHQL}, application/json;q=0.9", GRAPHQL),
        (f"application/json, {GRAPHQL}", GRAPHQL),
        (f"application/json, {GRAPHQL};q=0.5", "application/json"),
        (f"application/json;q=0, {GRAPHQL};q=0", None),
        ("application/json; q=oddly", None),
        ("text/html", None),
    ],
)
def test_the_client_chooses_the_media_type(accept: str | None, media: str | None) -> None:
    assert negotiated(accept) == media


async def test_events_come_one_by_one(client: Client) -> None:
    headers = {"accept": "text/event-stream"}
    response = await client.post("subscription { count(to: 2) }", path="/graphql/stream", headers=headers)
    assert response.headers["content-type"].startswith("text/event-stream")
    events = response.text.split("\n\n")
    assert [event.partition("\n")[0] for event in events] == ["event: next", "event: next", "event: complete", ""]
    assert '"data":{"count":1}' in events[0]


async def test_a_query_and_a_refusal_are_events_too(client: Client) -> None:
    headers = {"accept": "text/event-stream"}
    answer = await client.post("{ hello }", path="/graphql/stream", headers=headers)
    assert '"hello you"' in answer.text
    refusal = await client.post("{ nope }", path="/graphql/stream", headers=headers)
    assert "GRAPHQL_VALIDATION_FAILED" in refusal.text
    assert refusal.text.endswith("event: complete\ndata:\n\n")


async def get(client: Client, text: str) -> httpx2.Response:
    headers = {"authorization": f"Bearer {client.token}"}
    return await client.http.get("/graphql", params={"query": text}, headers=headers)


async def test_production_is_closed_to_who_does_not_write_queries(store: Store) -> None:
    async with web(store, tiny(), production=True, role="service") as client:
        assert await client.code("{ __schema { queryType { name } } }") == "FORBIDDEN"
        assert (await get(client, "{ hello }")).status_code == 405
        assert await client.data("{ __typename hello }") == {"__typename": "Query", "hello": "hello you"}
        assert "Did you mean" not in (await client.post("{ helo }")).text
        client.token = await token(store, "analyst")
        assert await client.data("{ __schema { queryType { name } } }") == {"__schema": {"queryType": {"name": "Query"}}}
        assert (await get(client, "{ hello }")).status_code == 200


async def test_every_error_says_whose_doing_it_is(client: Client) -> None:
    for query, whose in (("{ refused }", "BAD_REQUEST"), ("{ nope }", "BAD_REQUEST"), ("{ broken }", "INTERNAL_SERVER_ERROR")):
        (error,) = (await client.post(query)).json()["errors"]
        assert error["extensions"]["classification"] == whose
