"""How statements are run: how many, on what, and what happens when one fails."""

from pathlib import Path
from typing import Any

import pytest
from asyncpg.connection import LoggedQuery

from hub.settings import Settings
from hub.store.database import Store, open_store
from schema.compiler import door
from schema.context import Execution, RequestContext, Role, Viewer
from schema.paging import cursor_key
from schema.root import build_schema
from tests.rows import T0, Rows

ONE = """{ orders(first: 2) { nodes { number lines(first: 5) { nodes { product { sku baseProduct { sku } } } totalCount }
    partner { name region { code } } soldTo { name orders(first: 1) { totalCount } } }
    totalCount pageInfo { hasNextPage } } }"""


@pytest.fixture
async def statements(address: str, store: Store) -> Any:
    """A store of one connection, and every statement that runs on it."""
    said: list[str] = []

    def note(query: LoggedQuery) -> None:
        if "pg_advisory_unlock_all" not in query.query:  # the pool tidies a connection that comes back
            said.append(query.query)

    async with open_store(address, connections=1) as single:
        await cursor_key(single)
        async with single.pool.acquire() as connection:
            raw = connection._con
        raw.add_query_logger(note)
        yield single, said
        raw.remove_query_logger(note)


def context_of(store: Store) -> RequestContext:
    return RequestContext(Viewer(Role.ADMIN), store, Settings(home=Path("unused")))


async def test_a_root_field_is_one_statement_however_much_is_under_it(rows: Rows, ask: Any, statements: Any) -> None:
    single, said = statements
    west = await rows.partner(home_region_id=await rows.region("CN"))
    for _ in range(4):
        await rows.order(partner_id=west, customer_id=await rows.customer(), lines=3)
    context = context_of(single)
    answer = await ask(ONE, context=context)
    assert answer["errors"] == []
    assert len(said) == 1
    assert context.executions == [Execution("orders", "compiled", 1)]
    assert (context.watermark, context.stale) == (T0, True)


async def test_several_root_fields_are_as_many_statements_on_one_snapshot(rows: Rows, ask: Any, statements: Any) -> None:
    single, said = statements
    context = context_of(single)
    await ask(
        "{ a: partners { totalCount } b: partners { totalCount } orders { totalCount } viewer { locale } }", context=context
    )
    assert said[0].startswith("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    assert [text.startswith("SELECT") for text in said[1:5]] == [True] * 4
    # The answers do not wait for the end of a transaction that only read.
    assert said[5:] in ([], ["COMMIT;"])


async def test_a_statement_that_fails_leaves_the_others_their_answers(
    rows: Rows, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rows.partner(code="west")
    document = "{ bad: products(filter: {active: true}) { totalCount } good: partners { totalCount } }"
    context = context_of(rows.store)
    async with rows.store.connection() as connection:
        await connection.execute("ALTER TABLE product RENAME COLUMN deleted_at TO gone_at")
    answer = await ask(document, context=context)
    assert answer["data"] == {"bad": None, "good": {"totalCount": 1}}
    assert [error["path"] for error in answer["errors"]] == [["bad"]]


async def test_a_statement_that_takes_too_long_is_stopped(rows: Rows, ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "TIMEOUT_S", 0.01)
    async with rows.store.connection() as connection:
        await connection.execute(
            "CREATE OR REPLACE FUNCTION hub_units_per_pack(article bigint) RETURNS numeric LANGUAGE sql "
            "RETURN (SELECT 1 FROM pg_sleep(30))"
        )
    await rows.level(location_id=await rows.location(), product_id=await rows.product())
    answer = await ask("{ inventoryLevels { nodes { onHand { baseUnits } } } }")
    assert answer["data"] == {"inventoryLevels": None}
    assert len(answer["errors"]) == 1


async def test_a_plan_serves_other_values_of_its_variables(rows: Rows, ask: Any) -> None:
    plans = build_schema()._schema.extensions["compiler"].plans.plans.kept
    document = """query Planned($first: Int!, $filter: PartnerFilter, $with: Boolean!) {
        partners(first: $first, filter: $filter) { nodes { code name @include(if: $with) } } }"""
    for name in ("a", "b", "c"):
        await rows.partner(code=name)

    async def asked(**variables: Any) -> tuple[list[Any], int]:
        before = len(plans)
        answer = await ask(document, **variables)
        assert answer["errors"] == []
        return answer["data"]["partners"]["nodes"], len(plans) - before

    assert await asked(first=1, filter={"code": {"eq": "a"}}, **{"with": False}) == ([{"code": "a"}], 1)
    assert await asked(first=2, filter={"code": {"eq": "b"}}, **{"with": False}) == ([{"code": "b"}], 0)
    assert await asked(first=2, filter={"code": {"in": ["b", "c"]}}, **{"with": False}) == ([{"code": "b"}, {"code": "c"}], 1)
    assert await asked(first=2, filter={"code": {"in": ["c"]}}, **{"with": False}) == ([{"code": "c"}], 0)
    assert await asked(first=1, filter=None, **{"with": True}) == ([{"code": "a", "name": "a"}], 1)
    assert await asked(first=1, **{"with": True}) == ([{"code": "a", "name": "a"}], 1)


async def test_a_value_never_becomes_text_of_the_statement(rows: Rows, ask: Any, statements: Any) -> None:
    single, said = statements
    hostile = "'; DROP TABLE partner; --"
    answer = await ask(
        'query ($x: String) { partners(filter: {or: [{code: {eq: $x}}, {name: {contains: "\'; DROP"}}]}) { totalCount } }',
        context=context_of(single),
        x=hostile,
    )
    assert answer["data"]["partners"]["totalCount"] == 0
    assert "DROP" not in said[0]
