"""What is tried first against a GraphQL endpoint finds nothing in production."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.store.database import Store
from tests.web import Client, tiny, web

CIRCLE = "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }"


@pytest.fixture
async def client(store: Store) -> AsyncIterator[Client]:
    """A hub in production, asked with an ordinary token."""
    async with web(store, tiny(), production=True, role="channel_manager") as client:
        yield client


@pytest.mark.parametrize(
    "document",
    [
        "{ " + " ".join(f"a{number}: __typename" for number in range(101)) + " }",
        "{ " + "__typename " * 500 + "}",
        "{ " + "hello " * 500 + "}",
        "{ __typename " + "@aa " * 10 + "}",
        "{ __typename " + "@include(if: true) " * 60 + "}",
        "{ __schema { types { name } } }",
        '{ __type(name: "Query") { name } }',
        CIRCLE,
        "{ inner " * 30 + "{ hello }" + " }" * 30,
        "qwerty cop { abc }",
        "{ helo }",
    ],
)
async def test_nothing_runs_and_nothing_is_learned(client: Client, document: str) -> None:
    answer = (await client.post(document)).json()
    assert "data" not in answer
    assert len(answer["errors"]) < 10
    for error in answer["errors"]:
        assert error["extensions"].keys() <= {"code", "classification", "requestId", "limit"}
        assert "Did you mean" not in error["message"]


@pytest.mark.parametrize(
    "sent",
    [
        {"json": [{"query": "{ __typename }"}] * 10},
        {"data": {"query": "{ __typename }"}},
        {"data": {"query": "mutation { poke }"}},
        {"content": b'{"query": "mutation { poke }"}', "headers": {"content-type": "text/plain"}},
        {"files": {"query": (None, "mutation { poke }")}},
    ],
)
async def test_what_a_page_sends_unasked_and_batches_run_nothing(client: Client, sent: dict[str, Any]) -> None:
    headers = {"authorization": f"Bearer {client.token}"} | sent.pop("headers", {})
    response = await client.http.post("/graphql", headers=headers, **sent)
    assert response.status_code in {400, 415}
    assert "data" not in response.json()


@pytest.mark.parametrize("document", ["{ __typename }", "mutation { poke }"])
async def test_an_address_runs_nothing(client: Client, document: str) -> None:
    headers = {"authorization": f"Bearer {client.token}"}
    response = await client.http.get("/graphql", params={"query": document}, headers=headers)
    assert response.status_code == 405
    assert "data" not in response.json()


async def test_answers_carry_no_trace_and_there_is_no_page(client: Client) -> None:
    answer = (await client.post("{ __typename }")).json()
    assert answer["extensions"].keys() <= {"requestId", "freshness", "cost"}
    for path in ("/graphiql", "/playground", "/console", "/altair", "/"):
        assert (await client.http.get(path, headers={"accept": "text/html"})).status_code == 404
