"""Where runs rest: one per source, stream and slot."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from msgspec import Struct
from tortoise import fields
from tortoise.indexes import Index

from hub.errors import FenceLost, HubError, RetryLater
from hub.records.message import Json, SyncMode
from hub.store.base import Now, Row
from hub.store.database import Connection, Store
from hub.store.event import Happening, publish
from hub.store.statements import statement


class SyncRunRow(Row):
    """`job_id` is the queue's; a requested run without one is picked up by the sweep.

    One with `upload_id` reads that upload and nothing else.
    """

    source_id = fields.BigIntField()
    stream_id = fields.BigIntField()
    mode = fields.TextField(db_default="incremental")
    trigger = fields.TextField(db_default="manual")
    state = fields.TextField(db_default="requested")
    slot = fields.DatetimeField()
    requested_at = fields.DatetimeField(db_default=Now())
    started_at = fields.DatetimeField(null=True)
    finished_at = fields.DatetimeField(null=True)
    beat_at = fields.DatetimeField(null=True)
    retry_at = fields.DatetimeField(null=True)
    attempts = fields.IntField(db_default=0)
    fence = fields.BigIntField(db_default=0)
    job_id = fields.BigIntField(null=True)
    request_count = fields.IntField(db_default=0)
    bytes_received = fields.BigIntField(db_default=0)
    throttled_count = fields.IntField(db_default=0)
    waited_ms = fields.BigIntField(db_default=0)
    records_read = fields.IntField(db_default=0)
    records_new = fields.IntField(db_default=0)
    records_changed = fields.IntField(db_default=0)
    records_unchanged = fields.IntField(db_default=0)
    records_stale = fields.IntField(db_default=0)
    records_superseded = fields.IntField(db_default=0)
    records_removed = fields.IntField(db_default=0)
    records_rejected = fields.IntField(db_default=0)
    records_announced = fields.IntField(null=True)
    expected = fields.IntField(null=True)
    watermark_before = fields.DatetimeField(null=True)
    watermark_after = fields.DatetimeField(null=True)
    error_kind = fields.TextField(null=True)
    error_message = fields.TextField(null=True)
    error_retryable = fields.BooleanField(null=True)
    notes = fields.JSONField[list[str]](db_default=[])
    upload_id = fields.BigIntField(null=True)

    class Meta:
        table = "sync_run"
        unique_together = (("stream_id", "slot"),)
        indexes = (
            Index(fields=("requested_at", "id")),
            Index(fields=("source_id", "requested_at")),
            Index(fields=("state",)),
            Index(fields=("upload_id",)),
        )


SQL = partial(statement, "sync_run")


class Claim(Struct, frozen=True, kw_only=True):
    """A run that is ours: what to continue from, and the fence that lets us commit. `upload_id` is the upload it reads."""

    run_id: int
    source_id: int
    stream_id: int
    stream: str
    mode: SyncMode
    state: dict[str, Any]
    watermark: datetime | None
    fence: int
    scan: int
    at: datetime
    upload_id: int | None = None


class Counts(Struct, kw_only=True):
    """What happened to the records of one checkpoint."""

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    stale: int = 0
    superseded: int = 0
    removed: int = 0
    rejected: int = 0


async def request(
    connection: Connection,
    *,
    source_id: int,
    stream_id: int,
    slot: datetime,
    mode: SyncMode = SyncMode.INCREMENTAL,
    trigger: str = "manual",
    not_before: datetime | None = None,
) -> int | None:
    """Ask for a run; None when the slot has one already. The sweep leaves it alone until `not_before`."""
    ask = SQL("request")
    values = {
        "source_id": source_id,
        "stream_id": stream_id,
        "slot": slot,
        "mode": mode.value,
        "trigger": trigger,
        "not_before": not_before,
    }
    asked: int | None = await connection.fetchval(ask.sql, *ask.arguments(values))
    return asked


async def claim(store: Store, run_id: int) -> Claim | None:
    """Take the run and raise its stream's fence; None when the run is already done, or waits because its source is paused.

    Whoever held the stream before can still read, but can no longer commit.
    """
    async with store.transaction() as connection:
        if await one(connection, "readable", run_id=run_id) is None:
            return None
        stream_id = (await one(connection, "claimable", run_id=run_id) or {}).get("stream_id")
        if stream_id is None:
            return None
        held = await one(connection, "raise_fence", stream_id=stream_id)
        taken = await one(connection, "take", run_id=run_id, fence=held["fence"], watermark=held["watermark"])
        await one(connection, "supersede", stream_id=stream_id, slot=taken["slot"], mode=taken["mode"])
        await publish(connection, [Happening("sync", "running", run_id)])
    mode = SyncMode(taken["mode"])
    return Claim(
        run_id=run_id,
        source_id=held["source_id"],
        stream_id=stream_id,
        stream=held["name"],
        mode=mode,
        state={} if mode is SyncMode.RECONCILE else held["state"],
        watermark=held["watermark"],
        fence=held["fence"],
        scan=held["scan"] + 1,
        at=held["at"],
        upload_id=taken["upload_id"],
    )


async def advance(
    connection: Connection,
    held: Claim,
    *,
    state: Mapping[str, Json] | None,
    watermark: datetime | None,
    moved: bool,
    scanned: bool,
) -> None:
    """Move the stream's bookmark. Raises FenceLost when another worker has claimed the stream meanwhile."""
    row = await one(
        connection,
        "advance",
        stream_id=held.stream_id,
        fence=held.fence,
        state=state,
        watermark=watermark,
        moved=int(moved),
        scan=held.scan if scanned else held.scan - 1,
    )
    if row is None:
        raise FenceLost(f"Another worker has taken over the stream {held.stream}; nothing of this batch was written.")


async def count(
    connection: Connection,
    run_id: int,
    counts: Counts,
    *,
    announced: int | None = None,
    expected: int | None = None,
    note: str | None = None,
) -> None:
    """Add one checkpoint's counts to the run."""
    add = SQL("count")
    values = {
        **{name: getattr(counts, name) for name in counts.__struct_fields__},
        "run_id": run_id,
        "announced": announced,
        "expected": expected,
        "note": note,
    }
    await connection.execute(add.sql, *add.arguments(values))


async def finish(
    store: Store,
    held: Claim,
    state: str,
    *,
    error: HubError | None = None,
    retry_at: datetime | None = None,
    traffic: Mapping[str, int] | None = None,
) -> bool:
    """Close the run; False when another worker holds it now."""
    spent = {"requests": 0, "bytes": 0, "throttled": 0, "waited_ms": 0, **(traffic or {})}
    async with store.transaction() as connection:
        row = await one(
            connection,
            "finish",
            run_id=held.run_id,
            fence=held.fence,
            state=state,
            error_kind=type(error).__name__ if error else None,
            error_message=str(error) if error else None,
            error_retryable=isinstance(error, RetryLater) if error else None,
            retry_at=retry_at,
            **spent,
        )
        if row is not None:
            await publish(connection, [Happening("sync", state, held.run_id)])
    return row is not None


async def entered(connection: Connection, source_id: int, stream: str, at: datetime) -> tuple[int, int]:
    """Note a run that is done already, by which a person brought one record; return its stream and the run."""
    row = await one(connection, "entered", source_id=source_id, stream=stream, at=at)
    return row["stream_id"], row["id"]


async def one(connection: Connection, name: str, **values: object) -> Any:
    """Run one of this noun's statements and return its row, if any."""
    chosen = SQL(name)
    return await connection.fetchrow(chosen.sql, *chosen.arguments(values))
