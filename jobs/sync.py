"""Bring one stream up to date: claim, read, land, finish; and nothing more."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from msgspec import Struct
from msgspec.structs import replace

from hub.errors import (
    CredentialRefused,
    FenceLost,
    HubError,
    NeedsPerson,
    RetryLater,
    SettingsError,
    SourceBusy,
    StoreUnavailable,
)
from hub.intake import identity
from hub.intake.batch import Batch, Landing
from hub.intake.landing import begin, land
from hub.records.message import SyncMode, Window
from hub.settings import Settings, SourceSettings
from hub.store.database import NO_ROOM, Store
from hub.store.source import set_state
from hub.store.sync_run import Claim, Counts, claim, finish, request
from jobs.policies import publish_policies
from jobs.read import batches
from jobs.replay import retry_waiting
from jobs.sources import OpenSource, open_source, source_settings
from jobs.uploads import of_upload

log = structlog.get_logger()

# Above this share of rejects, and at least this many, an operator is told.
REJECTS_SHARE, REJECTS_FEWEST = 0.02, 10
# From so many records on the planner's statistics are too old to wait for the server's own rounds.
MANY = 2_000
FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(minutes=15)


class Progress(Struct, frozen=True, kw_only=True):
    """How far a run is. `done` and `expected` are the connector's own measure, records or bytes."""

    source: str
    stream: str
    done: int | None
    expected: int | None
    counts: Counts


class Outcome(Struct, frozen=True, kw_only=True):
    """How a run ended. `nouns` are the kinds of records that changed, `notes` what the source is to be told of its data."""

    run_id: int
    source: str
    stream: str
    state: str
    counts: Counts
    nouns: frozenset[str] = frozenset()
    error: str | None = None
    retry_at: datetime | None = None
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Say whether all that was announced is stored."""
        return self.state in ("succeeded", "succeeded_with_rejects")


Watch = Callable[[Progress], None]


async def sync(
    store: Store,
    settings: Settings,
    run_id: int,
    watch: Watch | None = None,
    one: SourceSettings | None = None,
    *,
    resumes: bool = False,
) -> Outcome | None:
    """Carry out a run; None when it is done or another worker took it.

    Errors of the source end in the outcome. `one` are the source's settings when the file does not hold them. When the run is
    cancelled it ends there for good, or with `resumes` is taken up again.
    """
    held = await claim(store, run_id)
    if held is None:
        return None
    async with store.connection() as connection:
        name = await connection.fetchval("SELECT name FROM source WHERE id = $1", held.source_id)
    counts, nouns, traffic = Counts(), set[str](), dict[str, int]()
    error: HubError | None = None
    try:
        chosen = one or await source_settings(store, settings, name)
        if held.upload_id is not None:
            chosen = of_upload(settings, chosen, held.upload_id)
        async with open_source(store, settings, chosen) as source:
            try:
                await read(store, source, held, counts, nouns, watch)
            finally:
                traffic = spent(source)
        await identity.suggest(store, held.source_id, held.at)
        if "policy_version" in nouns:
            await publish_policies(store, settings, held)
        await retry_waiting(store, settings, nouns)
        if counts.new + counts.changed >= MANY:
            await refresh_statistics(store, nouns)
    except HubError as raised:
        error = raised
    except NO_ROOM as raised:
        error = StoreUnavailable(f"PostgreSQL has no room left ({raised}); free some space, then run the sync again.")
    except asyncio.CancelledError:
        state, again = ("partial", held.at) if resumes else ("cancelled", None)
        await asyncio.shield(finish(store, held, state, retry_at=again, traffic=traffic))
        raise
    return await end(store, name, held, counts, nouns, traffic, error)


async def read(store: Store, source: OpenSource, held: Claim, counts: Counts, nouns: set[str], watch: Watch | None) -> None:
    """Read a stream from its bookmark and land each batch."""
    stream = replace(source.manifest.stream(held.stream), removal_limit=source.settings.removal_limit)
    lower = None if held.watermark is None else held.watermark - stream.lookback
    scan = held.mode is SyncMode.RECONCILE
    window = Window(lower=None if scan else lower, upper=held.at - stream.settle, mode=held.mode)
    config = source.context.config
    landing = Landing(
        source.origin,
        held,
        stream,
        lambda raw: source.connector.normalise(config, stream, raw),
        marks_seen=scan or stream.name in source.settings.settings.get("snapshot", ()),
        totals=counts,
    )
    await begin(store, landing)
    state = held.state
    async for batch in batches(source.connector, source.context, stream, state, window):
        if landing.marks_seen and batch.checkpoint.complete and batch.messages:
            # What came is kept even when what did not come is too much to remove.
            first = replace(batch.checkpoint, complete=False, state=state, settled=())
            nouns |= (await land(store, landing, Batch(first, batch.messages))).nouns
            batch = Batch(batch.checkpoint)
        nouns |= (await land(store, landing, batch)).nouns
        state = dict(batch.checkpoint.state)
        if watch is not None:
            checkpoint = batch.checkpoint
            watch(
                Progress(
                    source=source.origin.name,
                    stream=stream.name,
                    done=checkpoint.done,
                    expected=checkpoint.expected,
                    counts=counts,
                )
            )


async def refresh_statistics(store: Store, nouns: Collection[str]) -> None:
    """Let the planner know of the rows that a large run brought."""
    tables = {"raw_record", "identity_link", *nouns, *(["order_line"] if "sales_order" in nouns else [])}
    async with store.connection() as connection:
        for table in sorted(tables):
            await connection.execute(f"ANALYZE {table}")


def spent(source: OpenSource) -> dict[str, int]:
    """Return what the run cost the source."""
    http = source.context.http
    return {
        "requests": http.requests,
        "bytes": http.received,
        "throttled": http.throttled,
        "waited_ms": int(http.waited_s * 1000),
    }


async def end(
    store: Store,
    name: str,
    held: Claim,
    counts: Counts,
    nouns: set[str],
    traffic: dict[str, int],
    error: HubError | None,
) -> Outcome:
    """Close the run with its outcome, and the source with what a person has to do."""
    state, retry_at = judged(held, counts, error)
    if not await finish(store, held, state, error=error, retry_at=retry_at, traffic=traffic):
        state = "lost_lease"
    async with store.connection() as connection:
        notes = await connection.fetchval("SELECT notes FROM sync_run WHERE id = $1", held.run_id)
        if isinstance(error, NeedsPerson) and not isinstance(error, StoreUnavailable):
            asks = "reauth_required" if isinstance(error, CredentialRefused) else "needs_attention"
            await set_state(connection, held.source_id, asks, str(error))
            log.error("source needs a person", source=name, stream=held.stream, reason=str(error))
        elif error is None:
            await connection.execute(
                "UPDATE source SET state = 'active', state_reason = NULL"
                " WHERE id = $1 AND state IN ('reauth_required', 'needs_attention')",
                held.source_id,
            )
    seen = counts.read or 1
    if counts.rejected >= REJECTS_FEWEST and counts.rejected > REJECTS_SHARE * seen:
        log.warning("many records set aside", source=name, stream=held.stream, rejected=counts.rejected, read=counts.read)
    log.info("run ended", source=name, stream=held.stream, state=state, **{k: v for k, v in counts_of(counts).items() if v})
    return Outcome(
        run_id=held.run_id,
        source=name,
        stream=held.stream,
        state=state,
        counts=counts,
        nouns=frozenset(nouns),
        error=str(error) if error else None,
        retry_at=retry_at,
        notes=tuple(notes),
    )


def judged(held: Claim, counts: Counts, error: HubError | None) -> tuple[str, datetime | None]:
    """Return how a run ends, and when to try again where that helps."""
    if error is None:
        return ("succeeded_with_rejects" if counts.rejected else "succeeded"), None
    if isinstance(error, FenceLost):
        return "lost_lease", None
    if isinstance(error, SourceBusy):
        return "rate_limited", held.at + timedelta(seconds=error.wait_s)
    if isinstance(error, RetryLater):
        landed = counts.read > 0
        return ("partial" if landed else "failed"), held.at + FIRST_RETRY
    return "failed", None


def counts_of(counts: Counts) -> dict[str, int]:
    """Return counts by name."""
    return {name: getattr(counts, name) for name in counts.__struct_fields__}


async def sync_source(
    store: Store,
    settings: Settings,
    name: str,
    streams: Sequence[str] | None = None,
    mode: SyncMode = SyncMode.INCREMENTAL,
    watch: Watch | None = None,
    one: SourceSettings | None = None,
) -> list[Outcome]:
    """Bring a source up to date here and now, stream after stream in the order of its manifest.

    Stops at the first stream that needs a person.
    """
    chosen = one or await source_settings(store, settings, name)
    async with store.connection() as connection:
        rows: list[Any] = await connection.fetch(
            "SELECT st.id, st.source_id, st.name, s.state FROM stream AS st JOIN source AS s ON s.id = st.source_id"
            " WHERE s.name = $1 ORDER BY st.position",
            name,
        )
    if any(row["state"] == "paused" for row in rows):
        raise SettingsError(f"The source {name} is paused; it is read again once it is resumed through the API.")
    known = [row["name"] for row in rows]
    unknown = sorted(set(streams or ()) - set(known))
    if unknown:
        raise SettingsError(f"The source {name} has no stream {unknown[0]!r}; it has {', '.join(known)}.")
    outcomes: list[Outcome] = []
    for row in rows:
        if streams and row["name"] not in streams:
            continue
        async with store.connection() as connection:
            slot = await connection.fetchval("SELECT clock_timestamp()")
            run_id = await request(connection, source_id=row["source_id"], stream_id=row["id"], slot=slot, mode=mode)
        assert run_id is not None
        outcome = await sync(store, settings, run_id, watch, chosen)
        if outcome is None:
            continue
        outcomes.append(outcome)
        if not outcome.ok:
            break
    return outcomes
