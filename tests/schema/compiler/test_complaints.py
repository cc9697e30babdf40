"""What others' users complained of, tried here: how much is called, asked and read, never how long it takes.

The numbers are those of the public threads the tests are about; some stand with what they are about: 7 with pages, 8 with sums,
10 and 11 with the policy, 12 and 13 with subscriptions, 15 with the query page.
"""

import sys
from collections.abc import AsyncIterator
from decimal import Decimal
from types import FrameType
from typing import Any

import orjson
import pytest
from asyncpg.connection import LoggedQuery
from graphql import GraphQLScalarType

from hub.store.database import Store, open_store
from schema.context import RequestContext, Role, Viewer
from schema.executor import HubExecutor
from schema.paging import cursor_key
from schema.root import build_schema
from tests.rows import Rows
from tests.schema.compiler.test_door import context_of
from tests.schema.conftest import Ask

ORDERS = "{ orders(first: 100) { nodes { id number state placedAt } } }"
WIDE = """{ orders(first: 100) { nodes { number
    partner { code parent { code region { code parent { code } } } orders(first: 1) { totalCount }
        conflicts(first: 1) { totalCount } }
    soldTo { name region { code } orders(first: 1) { totalCount } } shipToRegion { code } shipFrom { code } dropShipFor { code }
    lines(first: 1) { totalCount } } } }"""
SORTED = """{ orders(orderBy: [{field: TOTAL}]) { totalCount edges { cursor node { id } } pageInfo { hasNextPage }
    aggregates { count total { amount } groupBy(dimensions: [CHANNEL, PARTNER]) { key count total { amount } } } } }"""
SALES = """
    INSERT INTO sales_order (source_id, raw_id, key, kind, ordered_on, placed_at, partner_id, currency, total, net_total)
    SELECT $1, $2, 'N-' || $5::text || '-' || n, 'sell_out', '2026-03-01', timestamptz '2026-03-01Z' + n * interval '1 minute',
           ($3::bigint[])[1 + n % cardinality($3::bigint[])], 'CNY', 1, 1
      FROM generate_series(1, $4) AS n
"""


class Said:
    """A store of one connection, and the statements that ran on it."""

    def __init__(self, store: Store, queries: list[LoggedQuery]) -> None:
        self.store, self.queries = store, queries

    async def read(self) -> int:
        """Return how many rows the last statement reads from tables and indexes."""
        query = self.queries[-1]
        async with self.store.connection() as connection:
            plan = await connection.fetchval(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query.query}", *query.args)
        return scanned((orjson.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])


def scanned(node: dict[str, Any]) -> int:
    """Return the rows that the scans of a plan went through."""
    own = 0
    if "Scan" in node["Node Type"] and "Relation Name" in node:
        own = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return int(own) + sum(scanned(one) for one in node.get("Plans", ()))


@pytest.fixture
async def said(address: str, store: Store) -> AsyncIterator[Said]:
    async with open_store(address, connections=1) as single:
        await cursor_key(single)
        async with single.pool.acquire() as connection:
            raw = connection._con
        found = Said(single, [])

        def note(query: LoggedQuery) -> None:
            if query.query.startswith("SELECT") and "pg_advisory" not in query.query:
                found.queries.append(query)

        raw.add_query_logger(note)
        yield found
        raw.remove_query_logger(note)


async def sell(rows: Rows, count: int, *partners: int) -> None:
    """Add orders of these partners, one by turns."""
    async with rows.store.connection() as connection:
        await connection.execute(SALES, rows.source_id, rows.raw_id, list(partners), count, str(rows.next()))
        await connection.execute("ANALYZE")


async def run(store: Store, document: str) -> int:
    """Run an operation; return how many functions of Python it called."""
    calls = 0

    def called(_: FrameType, event: str, __: Any) -> None:
        nonlocal calls
        calls += event == "call"

    context: RequestContext = context_of(store)
    before = sys.getprofile()
    sys.setprofile(called)
    try:
        result = await build_schema().execute(document, context_value=context)
    finally:
        sys.setprofile(before)
    assert not result.errors
    return calls


async def test_g01_no_function_is_called_for_an_object(rows: Rows) -> None:
    partner = await rows.partner()
    await sell(rows, 1, partner)
    await run(rows.store, ORDERS)
    few = await run(rows.store, ORDERS)
    await sell(rows, 1000, partner)
    await run(rows.store, ORDERS)
    assert await run(rows.store, ORDERS) < few + 50


async def test_g02_the_executor_does_not_go_through_what_is_compiled(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    await sell(rows, 100, await rows.partner())
    executed: list[str] = []
    stock = HubExecutor.execute_field

    def counted(self: HubExecutor, parent: Any, *rest: Any, **more: Any) -> Any:
        executed.append(parent.name)
        return stock(self, parent, *rest, **more)

    monkeypatch.setattr(HubExecutor, "execute_field", counted)
    await run(rows.store, ORDERS)
    assert executed == ["Query"]


async def test_g03_nine_relations_and_four_counts_are_one_statement(rows: Rows, ask: Ask, said: Said) -> None:
    region = await rows.region("CN-GD", await rows.region("CN"))
    top = await rows.partner(home_region_id=region)
    west = await rows.partner(parent_id=top)
    for _ in range(3):
        customer = await rows.customer(region_id=region)
        await rows.order(partner_id=west, customer_id=customer, ship_to_region_id=region, drop_ship_for_id=top)
    answer = await ask(WIDE, context=context_of(said.store))
    assert [len(answer["data"]["orders"]["nodes"]), answer["errors"], len(said.queries)] == [3, [], 1]


def test_g04_every_value_has_a_type() -> None:
    kinds = build_schema()._schema.type_map.values()
    scalars = {one.name for one in kinds if isinstance(one, GraphQLScalarType)}
    assert scalars == {
        "BigInt", "Boolean", "ConflictClass", "CurrencyCode", "Cursor", "Date", "DateTime", "Decimal", "Duration", "Float",
        "ID", "Int", "RegionCode", "RuleId", "String", "UnitCode",
    }  # fmt: skip


async def test_g05_a_late_page_reads_no_more_than_the_first_and_none_counts(rows: Rows, ask: Ask, said: Said) -> None:
    await sell(rows, 4000, await rows.partner())
    document = "query ($after: Cursor) { orders(first: 100, after: $after) { nodes { number } pageInfo { endCursor } } }"
    cursor, read = None, []
    for _ in range(40):
        answer = await ask(document, context=context_of(said.store), after=cursor)
        cursor = answer["data"]["orders"]["pageInfo"]["endCursor"]
        assert "10001" not in said.queries[-1].query
        read.append(await said.read())
    assert read[0] >= 100
    assert max(read) <= read[0] * 1.5


async def test_g06_a_count_alone_is_one_statement_that_makes_no_rows(rows: Rows, ask: Ask, said: Said) -> None:
    await sell(rows, 3, await rows.partner())
    answer = await ask("{ orders { totalCount } }", context=context_of(said.store))
    assert answer["data"]["orders"]["totalCount"] == 3
    (query,) = said.queries
    assert "json_agg" not in query.query
    assert "LIMIT 10001" in query.query


async def test_g09_nobody_learns_by_asking_what_it_may_not_read(rows: Rows, ask: Ask, said: Said) -> None:
    west, east = await rows.partner(), await rows.partner()
    partner, analyst = Viewer(Role.PARTNER, partner_id=west), Viewer(Role.ANALYST)
    for viewer, asked in (
        (analyst, 'customers(filter: {email: {startsWith: "a"}})'),
        (analyst, "customers(filter: {not: {or: [{email: {isNull: true}}]}})"),
        (partner, 'conflicts(filter: {score: {gte: "61"}})'),
        (partner, "conflicts(orderBy: [{field: SCORE}])"),
        (partner, "conflictCases(orderBy: [{field: SCORE}])"),
    ):
        for selected in ("totalCount", "nodes { id }", "__typename"):
            context = context_of(said.store)
            context.viewer = viewer
            answer = await ask(f"{{ {asked} {{ {selected} }} }}", viewer, context=context)
            assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"], (asked, selected)
    assert said.queries == []
    await rows.order(partner_id=west)
    seen = await ask(SORTED, partner)
    for total in (1, 999):
        await rows.order(partner_id=east, total=Decimal(total), channel="tmall")
        assert await ask(SORTED, partner) == seen


async def test_g14_who_sees_little_reads_its_own_and_not_what_is_hidden(rows: Rows, ask: Ask, said: Said) -> None:
    mine, *others = [await rows.partner() for _ in range(20)]
    viewer, read = Viewer(Role.PARTNER, partner_id=mine), []
    for partners in ([mine], others, others * 2):
        await sell(rows, 200 * len(partners), *partners)
        context = context_of(said.store)
        context.viewer = viewer
        answer = await ask("{ orders(first: 100) { nodes { number } } }", viewer, context=context)
        assert len(answer["data"]["orders"]["nodes"]) == 100
        read.append(await said.read())
    assert max(read) <= 200 + 1, read
