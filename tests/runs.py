"""Sources, streams and runs laid into the store, for tests of what asks for runs and looks after them."""

from datetime import datetime
from itertools import count

from hub.store.database import Store

SLOTS = count(1)


async def source(
    store: Store, name: str, *, streams: tuple[str, ...] = ("orders",), schedule: str | None = None, deletes: str = "none"
) -> int:
    """Declare a source, or return the one there is."""
    async with store.transaction() as connection:
        source_id: int = await connection.fetchval(
            """
            INSERT INTO source (name, title, connector) VALUES ($1, $1, 'sheet')
                ON CONFLICT (name) DO UPDATE SET title = excluded.title RETURNING id
            """,
            name,
        )
        await connection.execute(
            """
            INSERT INTO stream (source_id, name, position, model, schedule, deletes)
            SELECT $1, name, position, 'order', $3, $4 FROM unnest($2::text[]) WITH ORDINALITY AS s (name, position)
                ON CONFLICT (source_id, name) DO UPDATE SET schedule = excluded.schedule
            """,
            source_id, list(streams), schedule, deletes,
        )  # fmt: skip
    return source_id


async def requested(
    store: Store, source_id: int, *, state: str = "requested", beat_at: datetime | None = None, retry_at: datetime | None = None
) -> int:
    """A run of the source's first stream, in a slot of its own."""
    async with store.connection() as connection:
        run: int = await connection.fetchval(
            """
            INSERT INTO sync_run (source_id, stream_id, slot, state, beat_at, retry_at, finished_at)
            SELECT source_id, id, '2026-01-01'::timestamptz + $2::int * interval '1 second', $3, $4, $5,
                   CASE WHEN $3 IN ('partial', 'failed', 'succeeded') THEN now() - interval '1 hour' END
              FROM stream WHERE source_id = $1 ORDER BY position LIMIT 1 RETURNING id
            """,
            source_id, next(SLOTS), state, beat_at, retry_at,
        )  # fmt: skip
    return run
