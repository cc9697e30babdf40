"""From the clock to the store: a scheduled source is read by a worker, and what it brought is judged."""

import asyncio
from pathlib import Path

from hub.settings import Settings
from hub.store.database import Store
from jobs.hub import open_hub, working


async def test_a_scheduled_source_is_read_and_judged_without_anybody_asking(address: str, tmp_path: Path) -> None:
    (tmp_path / "regions.csv").write_text("code,name,kind\nCN,China,country\n")
    (tmp_path / "partners.csv").write_text("code,name,type\nA,Alpha,distributor\n")
    brand = {"name": "brand", "connector": "sheet", "schedule": "every 1h", "settings": {"folder": str(tmp_path)}}
    settings = Settings.model_validate({"home": tmp_path, "database_url": address, "source": [brand]})
    async with open_hub(settings, connections=5) as store, working(store, settings, concurrency=2) as queue:
        await settled(store)
        async with store.connection() as connection:
            again = await connection.fetchval(
                "INSERT INTO sync_run (source_id, stream_id, mode, slot)"
                " SELECT source_id, id, 'replay', now() FROM stream WHERE name = 'partners' RETURNING id"
            )
        await queue.defer_sync([again])
        await settled(store)
    async with open_hub(settings, connections=2) as store, store.connection() as connection:
        rows = await connection.fetch("SELECT DISTINCT trigger, mode, state FROM sync_run ORDER BY trigger")
        assert [tuple(row) for row in rows] == [("manual", "replay", "succeeded"), ("schedule", "incremental", "succeeded")]
        assert await connection.fetchval("SELECT count(*) FROM partner") == 1


async def settled(store: Store) -> None:
    """Wait until every run is over, every record judged and no job left."""
    async with asyncio.timeout(60):
        while not await still(store):
            await asyncio.sleep(0.05)


async def still(store: Store) -> bool:
    """Say whether nothing is under way."""
    async with store.connection() as connection:
        found: bool = await connection.fetchval(
            """
            SELECT EXISTS (SELECT FROM sync_run)
               AND NOT EXISTS (SELECT FROM sync_run WHERE state IN ('requested', 'running'))
               AND NOT EXISTS (SELECT FROM dirty_record)
               AND NOT EXISTS (SELECT FROM procrastinate_jobs)
            """
        )
    return found
