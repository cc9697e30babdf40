"""Many rows at once: COPY for what is new, staging and one set-based statement for what may exist.

Statements here are put together from table and column names that stand in the code, never from data.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from hub.store.database import Connection

Row = tuple[object, ...]


@dataclass(frozen=True)
class Table:
    """Where rows of one noun go: `columns` in the order of each row, `unique` what makes two rows the same.

    Columns in `once` are written with a new row and left alone afterwards.
    """

    name: str
    columns: tuple[str, ...]
    unique: tuple[str, ...]
    once: tuple[str, ...] = ()

    def place(self, column: str) -> int:
        """Return where a column stands in a row."""
        return self.columns.index(column)


@dataclass(frozen=True)
class Written:
    """One row that was inserted or really changed; `old` is the row before, None when there was none."""

    id: int
    old: dict[str, object] | None


async def ids(connection: Connection, count: int) -> list[int]:
    """Take a block of ids ahead of the rows that will carry them."""
    if count == 0:
        return []
    taken = await connection.fetch("SELECT nextval('hub_id') AS id FROM generate_series(1, $1)", count)
    return [row["id"] for row in taken]


async def copy_new(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Write rows that cannot exist yet. A row that does exist is a UniqueViolationError and the batch goes again, staged."""
    if rows:
        await connection.copy_records_to_table(table.name, records=rows, columns=table.columns)


async def upsert_staged(connection: Connection, table: Table, rows: Iterable[Row]) -> list[Written]:
    """Write rows that may exist; the last of two with one key wins. Rows equal to what is stored are left alone.

    A row that was marked deleted comes back to life. The id of an existing row stays.
    """
    places = [table.place(column) for column in table.unique]
    last = {tuple(row[place] for place in places): row for row in rows}
    if not last:
        return []
    stage, upsert = statements(table)
    await connection.execute(stage)
    await connection.copy_records_to_table(f"staged_{table.name}", records=list(last.values()), columns=table.columns)
    written = await connection.fetch(upsert)
    await connection.execute(f"DROP TABLE staged_{table.name}")
    return [Written(row["id"], row["old"]) for row in written]


@cache
def statements(table: Table) -> tuple[str, str]:
    """Return how to make a table's staging table, and how to bring it in."""
    name, columns = table.name, ", ".join(table.columns)
    # Bookkeeping alone is no change; nor is a column that names the row.
    silent = {"id", "raw_id", "fetched_at", *table.unique, *table.once}
    loud = [column for column in table.columns if column not in silent] or ["id"]
    kept = [column for column in table.columns if column != "id" and column not in (*table.unique, *table.once)]
    match = " AND ".join(f"old.{column} = staged.{column}" for column in table.unique)
    soft, moves = table.name in SOFT, "raw_id" in table.columns
    differs = f"({', '.join(f'old.{column}' for column in loud)}, 0) IS DISTINCT FROM ({{}}, 0)"
    if soft:
        differs = f"(old.deleted_at IS NOT NULL OR {differs})"
    moved = " OR old.raw_id IS DISTINCT FROM excluded.raw_id" if moves else ""
    sets = [f"{column} = excluded.{column}" for column in kept]
    sets += ["deleted_at = NULL"] if soft else []
    sets += ["revision = old.revision + 1"] if table.name in REVISED else []
    stage = f"CREATE TEMP TABLE staged_{name} (LIKE {name} INCLUDING DEFAULTS) ON COMMIT DROP"
    upsert = f"""
        WITH before AS (
            SELECT old.id, to_jsonb(old) AS body, {differs.format(", ".join(f"staged.{column}" for column in loud))} AS differs
              FROM staged_{name} AS staged JOIN {name} AS old ON {match}
        ), written AS (
            INSERT INTO {name} AS old ({columns}) SELECT {columns} FROM staged_{name}
            ON CONFLICT ({", ".join(table.unique)}) DO UPDATE SET {", ".join(sets)}
             WHERE {differs.format(", ".join(f"excluded.{column}" for column in loud))}{moved}
            RETURNING id
        )
        SELECT written.id, before.body AS old
          FROM written LEFT JOIN before ON before.id = written.id
         WHERE before.id IS NULL OR before.differs
    """  # noqa: S608
    return stage, upsert


REVISED = frozenset({"territory_grant", "price_policy", "promotion"})
SOFT = frozenset(
    {
        "region", "partner", "partner_alias", "customer", "product", "location", "fx_rate", "territory_grant",
        "price_policy", "promotion", "deal_registration", "sales_order", "order_line", "offer", "inventory_level",
        "inventory_month", "claim", "reservation", "serial_event", "policy_version", "identity_link",
    }
)  # fmt: skip
