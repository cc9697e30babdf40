"""Registering documents: all or none, each judged like one that is to be executed, and written down who did it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.store.database import Store
from hub.store.user import Person, add_user
from schema import trusted_document
from schema.ask import digest
from schema.root import build_schema
from tests.web import Client, token, web

GOOD = "query Partners { partners { nodes { code } } } query Products { products { totalCount } }"
REGISTER = """mutation ($i: RegisterTrustedDocumentsInput!) { registerTrustedDocuments(input: $i) {
    documents { id hash name operationNames maximumCost registeredBy { displayName } } userErrors { code message path
        ... on ValidationFailed { rule } } } }"""
LOG = "{ auditLog { nodes { action noun subjectId actor { displayName } after { field value } } } }"


@pytest.fixture
async def client(store: Store) -> AsyncIterator[Client]:
    async with web(store, build_schema()) as client:
        yield client


def document(text: str, **more: str) -> dict[str, str]:
    return {"hash": digest(text), "body": text} | more


async def register(client: Client, *documents: dict[str, str], **more: Any) -> Any:
    answer = await client.data(REGISTER, variables={"i": {"documents": list(documents)}}, **more)
    return answer["registerTrustedDocuments"]


async def test_a_document_says_what_it_costs_at_most(store: Store, client: Client) -> None:
    """Whatever its variables hold: the largest page, and all that may be left out."""
    text = "query ($n: Int!, $brief: Boolean!) { orders(first: $n) { nodes { id %s %s } } }"
    kept_back = text % ("soldTo @skip(if: $brief) { name }", "partner @include(if: $brief) { code }")
    plain = "{ orders(first: 100) { nodes { id soldTo { name } partner { code } } } }"
    answer = await register(client, document(kept_back), document(plain))
    assert answer["userErrors"] == []
    conditional, constant = (one["maximumCost"] for one in answer["documents"])
    assert conditional == constant == 2 + 100 * 3


async def kept(store: Store) -> int:
    async with store.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM trusted_document"))


async def test_documents_are_registered_in_the_order_given_and_once(store: Store, client: Client) -> None:
    async with store.transaction() as connection:
        li = await add_user(connection, Person(email="li@example.com", name="Li", roles=("admin",)))
    other = "{ __typename }"
    one = await token(store, "admin", user_id=li)
    answer = await register(client, document(GOOD, name="src/a.graphql"), document(other), document(GOOD), token=one)
    assert answer["userErrors"] == []
    first, second, third = answer["documents"]
    assert first == third
    assert (first["hash"], first["name"]) == (digest(GOOD), "src/a.graphql")
    assert first["operationNames"] == ["Partners", "Products"]
    assert first["registeredBy"] == {"displayName": "Li"}
    assert (second["name"], second["operationNames"]) == (None, [])
    again = await register(client, document(GOOD, name="b.graphql"))
    assert again["documents"] == [first]
    found = await client.data(
        "query ($id: ID!) { node(id: $id) { ... on TrustedDocument { hash } } }", variables={"id": first["id"]}
    )
    assert found["node"] == {"hash": digest(GOOD)}
    entries = (await client.data(LOG))["auditLog"]["nodes"]
    assert {(entry["action"], entry["noun"], entry["actor"]["displayName"]) for entry in entries} == {
        ("registered", "trusted_document", "Li")
    }
    assert sorted(entry["subjectId"] for entry in entries) == sorted([first["id"], second["id"]])


async def test_one_that_is_no_good_keeps_all_out_and_its_place_is_told(store: Store, client: Client) -> None:
    deep = "{ a" * 14 + " }" * 14
    answer = await register(
        client,
        document(GOOD),
        {"hash": digest("other"), "body": GOOD},
        document("{ partners { nodes { code }"),
        document("{\n  partners { nope none } }"),
        document(deep),
        document("{ __typename }", name=""),
        document('{ node(id: "\\u0000") { id } }'),
    )
    assert answer["documents"] == []
    told = [(error["path"], error["code"], error["rule"]) for error in answer["userErrors"]]
    place = ["input", "documents"]
    assert told == [
        ([*place, "1", "hash"], "VALIDATION_FAILED", "hash_differs"),
        ([*place, "2", "body"], "GRAPHQL_PARSE_FAILED", "document"),
        ([*place, "3", "body"], "GRAPHQL_VALIDATION_FAILED", "document"),
        ([*place, "3", "body"], "GRAPHQL_VALIDATION_FAILED", "document"),
        ([*place, "4", "body"], "OPERATION_TOO_COMPLEX", "document"),
        ([*place, "5", "name"], "VALIDATION_FAILED", "length"),
        ([*place, "6", "body"], "BAD_USER_INPUT", "document"),
    ]
    assert answer["userErrors"][2]["message"].endswith("(line 2, column 14)")
    assert await kept(store) == 0


async def test_so_many_are_taken_at_a_time(client: Client) -> None:
    for documents in ([], [document("{ __typename }")] * (trusted_document.MOST_DOCUMENTS + 1)):
        (error,) = (await register(client, *documents))["userErrors"]
        assert error["path"] == ["input", "documents"]


async def test_nobody_but_an_administrator_registers_or_sees_them(store: Store, client: Client) -> None:
    (made,) = (await register(client, document(GOOD)))["documents"]
    for role in ("analyst", "service", "direct_sales"):
        other = await token(store, role)
        words = {"i": {"documents": [document("{ __typename }")]}}
        assert await client.code(REGISTER, variables=words, token=other) == "FORBIDDEN"
        query = "query ($id: ID!) { node(id: $id) { id } }"
        assert (await client.data(query, variables={"id": made["id"]}, token=other))["node"] is None
    assert await kept(store) == 1
