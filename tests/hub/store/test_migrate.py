"""The tables are what the models say, and rows survive every migration."""

from collections.abc import AsyncIterator
from importlib import import_module
from itertools import pairwise
from pkgutil import iter_modules
from uuid import uuid4

import pytest
from tortoise import Tortoise
from tortoise.migrations.api.migrate import migrate as tortoise_migrate

from hub.store import migrations
from hub.store.database import Store, open_store, tortoise_config
from hub.store.embedded import Server
from hub.store.migrate import applied, migrate
from tests.kept import statement

COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
           pg_get_expr(d.adbin, d.adrelid) AS standard
      FROM pg_attribute AS a
      JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind = 'r'
      LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
       AND c.relname NOT LIKE 'procrastinate%' AND c.relname <> 'tortoise_migrations'
     ORDER BY 1, 2
"""
INDEXES = """
    SELECT t.relname, i.indisunique, regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', '') AS what
      FROM pg_index AS i
      JOIN pg_class AS t ON t.oid = i.indrelid
      JOIN pg_class AS one ON one.oid = i.indexrelid
     WHERE t.relnamespace = 'public'::regnamespace
       -- Tortoise knows no index over part of the rows, nor over an expression, nor one that carries more than its key.
       AND one.relname NOT IN ('order_line_serials', 'trade_line_bought', 'sales_order_deal', 'customer_account_domain',
                               'customer_account_name',
                               'deal_account_tax_id', 'deal_account_domain', 'deal_account_name', 'claim_replaces',
                               'conflict_case_one_open', 'conflict_by_sales')
       AND t.relname NOT LIKE 'procrastinate%' AND t.relname <> 'tortoise_migrations'
     ORDER BY 1, 2, 3
"""


@pytest.fixture
async def empty(postgres: Server) -> AsyncIterator[str]:
    """The address of a database without a table."""
    name = f"test_{uuid4().hex[:12]}"
    await statement(postgres, f"CREATE DATABASE {name}")
    yield postgres.database(name)
    await statement(postgres, f"DROP DATABASE {name} WITH (FORCE)")


async def rows(store: Store, sql: str) -> list[tuple[object, ...]]:
    async with store.connection() as connection:
        return [tuple(row) for row in await connection.fetch(sql)]


async def test_the_migrated_tables_are_those_of_the_models(store: Store, empty: str) -> None:
    async with open_store(empty, connections=2) as other:
        async with other.connection() as connection:
            await connection.execute("CREATE SEQUENCE hub_id")
        await Tortoise.generate_schemas()
        columns, indexes = await rows(other, COLUMNS), await rows(other, INDEXES)
    assert await rows(store, COLUMNS) == columns
    assert await rows(store, INDEXES) == indexes


async def test_a_second_migration_finds_nothing_to_do(store: Store) -> None:
    assert await migrate(store) == []
    async with store.connection() as connection:
        assert set(await applied(connection)) == set(names())


async def test_rows_survive_every_migration(empty: str) -> None:
    kept: dict[str, list[tuple[object, ...]]] = {}
    for name in names():
        await tortoise_migrate(config=tortoise_config(empty), target=f"hub.{name}")
        async with open_store(empty, connections=2) as store:
            for table, before in kept.items():
                after = await rows(store, f"SELECT {', '.join(before_columns[table])} FROM {table} ORDER BY 1")
                assert [row for row in before if row not in after] == [], (name, table)
            tables = [str(row[0]) for row in await rows(store, f"SELECT DISTINCT relname FROM ({COLUMNS}) AS c")]
            for table in tables:
                if table not in kept:
                    await fill(store, table)
                    columns = [str(row[1]) for row in await rows(store, COLUMNS) if row[0] == table]
                    before_columns[table] = [column for column in columns if (table, column) not in GIVEN_UP]
                    kept[table] = await rows(store, f"SELECT {', '.join(before_columns[table])} FROM {table} ORDER BY 1")
    assert len(kept) > 30


# Columns that a later migration takes away, for what they held is put together from others when it is asked for.
GIVEN_UP = {("conflict", "terms")}
before_columns: dict[str, list[str]] = {}
SAMPLES = {
    "bigint": "7",
    "integer": "3",
    "text": "'text'",
    "numeric": "1.5",
    "boolean": "true",
    "date": "'2026-03-01'",
    "timestamp with time zone": "'2026-03-01T00:00:00Z'",
    "jsonb": "'{}'",
    "bytea": "'\\x01'",
    "double precision": "0.5",
    "text[]": "'{a}'",
    "bigint[]": "'{1}'",
}


async def fill(store: Store, table: str) -> None:
    """Put one row into a table, a value in every column that has no default."""
    columns = [row for row in await rows(store, COLUMNS) if row[0] == table and row[4] is None]
    names = ", ".join(str(row[1]) for row in columns)
    values = ", ".join(SAMPLES[str(row[2])] for row in columns)
    async with store.connection() as connection:
        await connection.execute(
            f"INSERT INTO {table} ({names}) VALUES ({values})" if columns else f"INSERT INTO {table} DEFAULT VALUES"
        )


def names() -> list[str]:
    """Return the migrations in the order of their numbers, which is that of their dependencies."""
    found = sorted(module.name for module in iter_modules(migrations.__path__))
    for before, after in pairwise(found):
        depends = import_module(f"hub.store.migrations.{after}").Migration.dependencies
        assert ("hub", before) in depends, f"{after} does not build on {before}"
    return found
