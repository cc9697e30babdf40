"""A fresh hub beside one system that is running now: what it holds after each sync, to be compared with the system's word."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import Struct

from hub.records.message import SyncMode
from hub.settings import Settings, SourceSettings
from hub.store.database import Store
from jobs.sources import ensure_sources
from jobs.sync import sync_source


class Figures(Struct, frozen=True, kw_only=True):
    """How much there is. Amounts are net; what came back counts against what went out."""

    products: int
    customers: int
    orders: int
    amount: Decimal
    on_hand: Decimal
    reserved: Decimal


class Mirror:
    """The hub's side. The masters name one partner, SHOP."""

    def __init__(self, store: Store, settings: Settings, source: str) -> None:
        self.store = store
        self.settings = settings
        self.source = source

    async def sync(self, mode: SyncMode = SyncMode.INCREMENTAL) -> None:
        """Bring the source up to date; every stream must end well and set nothing aside."""
        outcomes = await sync_source(self.store, self.settings, self.source, mode=mode)
        states = {outcome.stream: (outcome.state, outcome.error) for outcome in outcomes}
        assert {state for state, _ in states.values()} == {"succeeded"}, (states, await self.rejects())

    async def rejects(self) -> list[str]:
        rows = await self.fetch("SELECT message FROM reject WHERE source_id = $1 AND state = 'open'")
        return [row["message"] for row in rows]

    async def figures(self) -> Figures:
        """Return what the hub holds of the source."""
        (row,) = await self.fetch(
            """
            WITH live AS (SELECT noun, golden_id FROM identity_link WHERE source_id = $1 AND deleted_at IS NULL)
            SELECT (SELECT count(*) FROM live JOIN product AS p ON p.id = golden_id WHERE noun = 'product') AS products,
                   (SELECT count(*) FROM live JOIN customer AS c ON c.id = golden_id
                     WHERE noun = 'customer' AND c.deleted_at IS NULL) AS customers,
                   count(o.id) FILTER (WHERE o.kind <> 'return' OR o.key NOT LIKE '%-return') AS orders,
                   coalesce(sum(CASE o.kind WHEN 'return' THEN -o.net_total ELSE o.net_total END), 0) AS amount,
                   (SELECT coalesce(sum(on_hand), 0) FROM inventory_level
                     WHERE source_id = $1 AND is_latest AND deleted_at IS NULL) AS on_hand,
                   (SELECT coalesce(sum(reserved), 0) FROM inventory_level
                     WHERE source_id = $1 AND is_latest AND deleted_at IS NULL) AS reserved
              FROM sales_order AS o
             WHERE o.source_id = $1 AND o.deleted_at IS NULL
            """
        )
        return Figures(**dict(row))

    async def orders(self, *numbers: str) -> dict[str, str]:
        """Return the state of the live orders among these numbers."""
        rows = await self.fetch(
            "SELECT key, state FROM sales_order WHERE source_id = $1 AND deleted_at IS NULL AND key = ANY($2::text[])",
            list(numbers),
        )
        return {row["key"]: row["state"] for row in rows}

    async def gone(self, noun: str, key: str) -> bool:
        """Say whether a record is a tombstone: kept, and marked as deleted."""
        (row,) = await self.fetch(
            "SELECT deleted_at FROM identity_link WHERE source_id = $1 AND noun = $2 AND key = $3", noun, key
        )
        return row["deleted_at"] is not None

    async def fetch(self, sql: str, *arguments: object) -> list[Any]:
        async with self.store.connection() as connection:
            source_id = await connection.fetchval("SELECT id FROM source WHERE name = $1", self.source)
            rows: list[Any] = await connection.fetch(sql, source_id, *arguments)
            return rows


async def mirror(store: Store, home: Path, source: SourceSettings) -> Mirror:
    """Declare the source and the masters it needs in an empty store."""
    folder = home / "masters"
    folder.mkdir()
    (folder / "partners.csv").write_text("code,name\nSHOP,The shop\n", encoding="utf-8")
    masters = SourceSettings(name="masters", connector="sheet", settings={"folder": str(folder)})
    settings = Settings(home=home, source=[masters, source], masters="masters")
    await ensure_sources(store, settings)
    await sync_source(store, settings, "masters")
    return Mirror(store, settings, source.name)
