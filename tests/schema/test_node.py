"""Objects by their global ids."""

from typing import Any

from hub.store.database import Store
from schema.compiler.door import COMPILER
from schema.ids import global_id, split_id
from schema.root import build_schema
from tests.rows import Rows


async def test_an_object_is_fetched_again_by_its_id(rows: Rows, ask: Any) -> None:
    west = await rows.partner(code="west")
    order = await rows.order(key="SO-1", partner_id=west)
    answer = await ask(
        "query ($ids: [ID!]!, $id: ID!) { node(id: $id) { __typename id ... on Partner { code } ... on Order { number } } "
        "nodes(ids: $ids) { id ... on Node { ... on Order { number lines(first: 1) { totalCount } } } } }",
        id=global_id("Partner", west),
        ids=[global_id("Order", order), global_id("Order", 10**9), global_id("Partner", west), global_id("Planet", 1)],
    )
    assert answer["errors"] == []
    assert answer["data"]["node"] == {"__typename": "Partner", "id": global_id("Partner", west), "code": "west"}
    assert answer["data"]["nodes"] == [
        {"id": global_id("Order", order), "number": "SO-1", "lines": {"totalCount": 1}},
        None,
        {"id": global_id("Partner", west)},
        None,
    ]


async def test_what_no_id_looks_like_is_refused(rows: Rows, ask: Any) -> None:
    for bad in ["", "x", "UGFydG5lcg", "UGFydG5lcjox=", "UGFydG5lcjox UGFydG5lcjox", "é", global_id("Partner", 1) + "A"]:
        answer = await ask("query ($id: ID!) { node(id: $id) { id } }", id=bad)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"], bad


async def test_at_most_a_hundred_are_fetched_together(rows: Rows, ask: Any) -> None:
    answer = await ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[global_id("Partner", 1)] * 101)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


def test_an_id_is_read_as_it_was_written() -> None:
    assert split_id(global_id("OrderLine", 12345)) == ("OrderLine", 12345)


async def test_the_database_writes_ids_as_we_read_them(store: Store) -> None:
    kinds = build_schema()._schema.extensions[COMPILER].tables.nodes
    numbers = [-1, 0, 1, 99, 100, 4_711, 10**17 + 1, -(10**17), 10**18 - 1]
    async with store.connection() as connection:
        for kind in kinds:
            for number in numbers:
                written = await connection.fetchval("SELECT hub_global_id($1, $2)", kind, number)
                assert written == global_id(kind, number)
                assert split_id(written) == (kind, number)
