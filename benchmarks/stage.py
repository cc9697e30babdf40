"""Where benchmarks run: a PostgreSQL of their own, fresh databases on it, and loads that are checked row by row."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import count
from pathlib import Path

import asyncpg
import msgspec

from benchmarks import world
from benchmarks.load import SOURCE, Loaded
from benchmarks.measure import WrongAnswer
from hub.store.database import open_store
from hub.store.embedded import Server, server
from hub.store.migrate import migrate
from hub.store.source import SourceEntry, StreamEntry, declare

GROUND = "ground"
NUMBERS = count(1)


class Stage:
    """A server whose template database holds the tables and everything orders refer to."""

    def __init__(self, home: Path, postgres: Server) -> None:
        self.home = home
        self.postgres = postgres

    @asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """Lend the address of a fresh copy of the ground."""
        name = f"copy_{next(NUMBERS)}"
        await self.order(f"CREATE DATABASE {name} TEMPLATE {GROUND} STRATEGY file_copy")
        try:
            yield self.postgres.database(name)
        finally:
            await self.order(f"DROP DATABASE {name} WITH (FORCE)")

    async def order(self, statement: str) -> None:
        """Run one statement beside all databases."""
        connection = await asyncpg.connect(self.postgres.database("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def load(self, address: str, stream: str, file: Path) -> Loaded:
        """Sync one stream in a process of its own, beginning with nothing left to write from before."""
        await self.order("CHECKPOINT")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.load", address, stream, str(file), stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise WrongAnswer(f"The load of {stream} ended with {process.returncode}.")
        return msgspec.json.decode(output, type=Loaded)


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """Start a server in a folder that every user may pass, since as root it is not ours; nothing stays behind."""
    with tempfile.TemporaryDirectory(prefix="channelhub-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        postgres = server(home)
        postgres.start()
        try:
            made = Stage(home, postgres)
            await made.order(f"CREATE DATABASE {GROUND}")
            await lay_ground(made, postgres.database(GROUND))
            yield made
        finally:
            postgres.stop()


async def lay_ground(made: Stage, address: str) -> None:
    """Make the tables, declare the source and load what orders refer to."""
    entry = SourceEntry(
        name=SOURCE, title="Depot", connector=world.MANIFEST.name, connector_version="1", kind="file", quality="unrated"
    )
    async with open_store(address, connections=2) as store:
        await migrate(store)
        async with store.transaction() as connection:
            await declare(connection, entry, [stream_entry(place, name) for place, name in enumerate(world.MANIFEST.streams)])
    file = made.home / "reference.jsonl"
    world.write_reference(file)
    loaded = await made.load(address, "reference", file)
    if loaded.counts.rejected:
        raise WrongAnswer(f"{loaded.counts.rejected} records of the ground were set aside.")
    connection = await asyncpg.connect(address)
    await connection.execute("UPDATE policy_version SET state = 'published'")
    await connection.execute("DELETE FROM dirty_record")
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


def stream_entry(position: int, name: str) -> StreamEntry:
    """Return a stream of the depot as it is declared."""
    stream = world.MANIFEST.stream(name)
    return StreamEntry(
        name=name, position=position, model=stream.model.value, schedule=None, deletes=stream.deletes.value, freshness_s=900
    )


async def check_orders(address: str, revisions: Sequence[int], *, payloads: bool = True) -> None:
    """Compare every order, line and payload with the source, value by value. Raises WrongAnswer."""
    connection = await asyncpg.connect(address)
    try:
        async with connection.transaction(readonly=True):
            index = 0
            async for row in connection.cursor(PAYLOADS if payloads else ORDERS, prefetch=2_000):
                if index >= len(revisions):
                    break
                body = world.order_body(index, revisions[index])
                if said(row) != wanted(body) or (payloads and row["body"] != body):
                    raise WrongAnswer(f"Order {row['key']} is stored as {said(row)}, but the source has {wanted(body)}.")
                index += 1
            stored = await connection.fetchval("SELECT count(*) FROM sales_order WHERE deleted_at IS NULL")
            lines = await connection.fetchval("SELECT count(*) FROM order_line WHERE deleted_at IS NULL")
            if (index, stored, lines) != (len(revisions), len(revisions), world.LINES * len(revisions)):
                raise WrongAnswer(f"{stored} orders and {lines} lines are stored, but the source has {len(revisions)} orders.")
    finally:
        await connection.close()


def said(row: asyncpg.Record) -> tuple[object, ...]:
    """Return an order as it is stored."""
    return (
        row["key"], row["seller"], row["customer"], row["region"], row["placed_at"], row["ordered_on"], row["currency"],
        row["total"], row["net_total"], row["line_count"], row["state"],
        tuple(zip(*(row[name] for name in ("numbers", "skus", "codes", "quantities", "amounts", "statuses")), strict=True)),
    )  # fmt: skip


def wanted(body: bytes) -> tuple[object, ...]:
    """Return an order as it should be stored."""
    order = world.order_of(body)
    total = sum((line.amount for line in order.lines), Decimal(0))
    return (
        order.number, order.seller, order.customer, order.ship_to_region,
        order.placed_at, order.ordered_on, order.currency, total, total, len(order.lines), "fulfilled",
        tuple((line.number, line.sku, line.sku, line.qty, line.amount, line.status) for line in order.lines),
    )  # fmt: skip


ORDERS = """
    SELECT o.key, o.placed_at, o.ordered_on, o.currency, o.total, o.net_total, o.line_count, o.state, p.code AS seller,
           c.code AS customer, r.code AS region, l.*
      FROM sales_order AS o
      JOIN partner AS p ON p.id = o.partner_id
      JOIN customer AS c ON c.id = o.customer_id
      JOIN region AS r ON r.id = o.ship_to_region_id
     CROSS JOIN LATERAL (
           SELECT array_agg(l.number ORDER BY l.number) AS numbers, array_agg(l.sku ORDER BY l.number) AS skus,
                  array_agg(a.code ORDER BY l.number) AS codes, array_agg(l.qty ORDER BY l.number) AS quantities,
                  array_agg(l.amount ORDER BY l.number) AS amounts, array_agg(l.status ORDER BY l.number) AS statuses
             FROM order_line AS l JOIN product AS a ON a.id = l.product_id
            WHERE l.order_id = o.id AND l.deleted_at IS NULL) AS l
     WHERE o.deleted_at IS NULL
     ORDER BY o.key COLLATE "C"
"""
PAYLOADS = ORDERS.replace("l.*\n", "l.*, raw.body\n").replace(
    "     CROSS JOIN", "      JOIN raw_record AS raw ON raw.id = o.raw_id AND raw.key = o.key\n     CROSS JOIN", 1
)
