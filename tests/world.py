"""Rows for the tests of the API, written without a source."""

from datetime import UTC, date, datetime
from typing import Any

from hub.clock import now
from hub.store.database import Connection, Store
from hub.store.event import Happening, publish


async def put(connection: Connection, table: str, **values: Any) -> int:
    """Insert a row and return its id; what is not named has its default."""
    columns, places = ", ".join(values), ", ".join(f"${place}" for place in range(1, len(values) + 1))
    return int(await connection.fetchval(f"INSERT INTO {table} ({columns}) VALUES ({places}) RETURNING id", *values.values()))


async def a_source(store: Store, name: str = "shop", *streams: str, **values: Any) -> int:
    """Make a source with streams; return its id."""
    async with store.transaction() as connection:
        source = await put(connection, "source", name=name, title=name.title(), connector="sheet", **values)
        for position, stream in enumerate(streams or ("orders",)):
            await put(connection, "stream", source_id=source, name=stream, model="order", position=position)
    return source


async def a_run(store: Store, source: int, **values: Any) -> int:
    """Make a run of the source's first stream; return its id."""
    async with store.transaction() as connection:
        stream = await connection.fetchval("SELECT min(id) FROM stream WHERE source_id = $1", source)
        return await put(connection, "sync_run", source_id=source, stream_id=stream, slot=now(), **values)


async def a_partner(store: Store, code: str) -> int:
    """Make a partner; return its id."""
    async with store.transaction() as connection:
        return await put(connection, "partner", code=code, name=code, source_id=0)


async def a_finding(store: Store, key: str, **values: Any) -> int:
    """Make a finding; return its id."""
    given = {
        "rule": "cross_region_sale",
        "scope": key,
        "classification": "suspected",
        "is_full": True,
        "event_day": date(2026, 3, 1),
        "score": 60,
        "uncapped_score": 60,
        "band": "medium",
        "watermark_at": datetime(2026, 3, 2, tzinfo=UTC),
    }
    async with store.transaction() as connection:
        return await put(connection, "conflict", finding_key=key, **(given | values))


async def a_case(store: Store, number: int, **values: Any) -> int:
    """Make a case; return its id."""
    given = {"rule": "cross_region_sale", "group_key": str(number), "month": date(2026, 3, 1), "score": 60, "band": "medium"}
    async with store.transaction() as connection:
        return await put(connection, "conflict_case", number=number, **(given | values))


async def happens(store: Store, topic: str, kind: str, subject: int, **body: Any) -> None:
    """Publish one event."""
    async with store.transaction() as connection:
        await publish(connection, [Happening(topic, kind, subject, body)])
