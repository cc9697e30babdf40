"""Asking for work: a sync of a source, or that rejects are mapped again. The rows are written here; workers do the rest."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

from hub.clock import now
from hub.records.message import SyncMode as Mode
from hub.store.sync_run import request
from schema.auth.roles import demand
from schema.compiler.door import read_rows
from schema.compiler.follow import read_matches, read_seen
from schema.context import RequestContext
from schema.directives import Cost
from schema.errors import ErrorCode
from schema.once import Turn, once
from schema.raw import RejectFilter
from schema.sync_run import SyncMode, SyncRun
from schema.user_error import Refusal, UserError, checked_id, invalid, not_found, refusing
from schema.where import asked, given

Info = strawberry.Info[RequestContext, None]
MOST_REJECTS = 500
# A replay of this trigger maps payloads as well as rejects.
PAYLOADS = "mapping"
KEY = "1..64 characters. The same key within 24 hours gives the same answer and does nothing."


@strawberry.input(description="A period. Half-open.")
class PeriodInput:
    from_: datetime = strawberry.field(name="from", description="First instant.")
    to: datetime = strawberry.field(description="First instant after.")


@strawberry.input(description="What to sync.")
class RequestSyncInput:
    source_id: strawberry.ID = strawberry.field(description="Source.")
    streams: list[str] | None = asked("Names of streams; null = all.")
    mode: SyncMode = strawberry.field(
        default=SyncMode.INCREMENTAL, description="How much; REPLAY is asked for with `replayRejects`."
    )
    window: PeriodInput | None = asked("Period to read; required for BACKFILL, refused otherwise.")
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.input(description="Which rejects to map again.")
class ReplayRejectsInput:
    reject_ids: list[strawberry.ID] | None = asked("Rejects by id, at most 500. Either this or `filter`.")
    filter: RejectFilter | None = asked("All rejects that match. Either this or `rejectIds`.")
    dry_run: bool = strawberry.field(default=False, description="Only count what would be stored.")
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.input(description="What to map again.")
class ReplaySourceInput:
    source_id: strawberry.ID = strawberry.field(description="Source.")
    streams: list[str] | None = asked("Names of streams; null = all.")
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.type(description="Answer of `requestSync`.")
class RequestSyncPayload:
    run_ids: strawberry.Private[Sequence[int]]
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done.")

    @strawberry.field(description="Runs asked for, one per stream; empty when `userErrors` is not.")
    async def runs(self, info: Info) -> list[SyncRun]:
        return await read_rows(info, "SyncRun", self.run_ids)  # type: ignore[return-value]


@strawberry.type(description="Answer of `replayRejects`.")
class ReplayRejectsPayload(RequestSyncPayload):
    matched_count: int = strawberry.field(description="Rejects that match.")
    accepted_count: int | None = strawberry.field(
        default=None,
        description="Of these, how many the present mapping accepts; only on a dry run of at most 500, else null.",
    )


@strawberry.type(description="Answer of `replaySource`.")
class ReplaySourcePayload(RequestSyncPayload):
    pass


@strawberry.type
class SyncMutation:
    @strawberry.mutation(description="Asks for a sync. ADMIN, CHANNEL_MANAGER, SERVICE.", directives=[Cost(weight="50")])
    async def request_sync(
        self, info: Info, input: Annotated[RequestSyncInput, strawberry.argument(description="What to do.")]
    ) -> RequestSyncPayload | None:
        demand(info.context.viewer, "requestSync")
        try:
            return RequestSyncPayload(run_ids=await asked_for(info, input), user_errors=[])
        except Refusal as refusal:
            return RequestSyncPayload(run_ids=[], user_errors=[refusal.error])

    @strawberry.mutation(
        description="Maps rejects again with the present mapping: all open ones of each stream with a match. ADMIN, SERVICE.",
        directives=[Cost(weight="50")],
    )
    async def replay_rejects(
        self, info: Info, input: Annotated[ReplayRejectsInput, strawberry.argument(description="What to do.")]
    ) -> ReplayRejectsPayload | None:
        demand(info.context.viewer, "replayRejects")
        try:
            return await mapped_again(info, input)
        except Refusal as refusal:
            return ReplayRejectsPayload(run_ids=[], matched_count=0, user_errors=[refusal.error])

    @strawberry.mutation(
        description="Maps all that is stored of a source again with the present mapping, without asking it. ADMIN, SERVICE.",
        directives=[Cost(weight="50")],
    )
    async def replay_source(
        self, info: Info, input: Annotated[ReplaySourceInput, strawberry.argument(description="What to do.")]
    ) -> ReplaySourcePayload | None:
        demand(info.context.viewer, "replaySource")
        try:
            return ReplaySourcePayload(run_ids=await all_mapped_again(info, input), user_errors=[])
        except Refusal as refusal:
            return ReplaySourcePayload(run_ids=[], user_errors=[refusal.error])


async def asked_for(info: Info, input: RequestSyncInput) -> list[int]:
    """Write the runs of a sync and have them done; return them."""
    if input.mode is SyncMode.REPLAY:
        raise invalid(
            "mode",
            "replay_has_its_own_mutation",
            "Rejects are mapped again with `replayRejects`.",
            "重新映射被拒记录请使用 `replayRejects`。",
        )
    if input.mode is SyncMode.BACKFILL:
        raise invalid(
            "mode",
            "backfill_not_offered",
            "No period can be read by itself; RECONCILE reads everything.",
            "不能单独读取某一期间；RECONCILE 会读取全部。",
        )
    if given(input.window) is not None:
        raise invalid("window", "only_for_backfill", "`window` goes with BACKFILL alone.", "`window` 仅用于 BACKFILL。")
    source_id = checked_id("sourceId", input.source_id, "Source")
    if not await read_seen(info._raw_info, "Source", [source_id]):
        raise not_found("sourceId", "Source")
    words = {"source": source_id, "streams": given(input.streams), "mode": input.mode.value}
    async with once(info.context, "requestSync", input.idempotency_key, words) as turn:
        if turn.fresh:
            streams = await chosen_streams(turn.connection, source_id, given(input.streams))
            turn.answer["runs"] = await requested(turn.connection, streams, Mode(input.mode.value))
    return await deferred(info, turn)


async def all_mapped_again(info: Info, input: ReplaySourceInput) -> list[int]:
    """Write the runs that map all payloads again and have them done."""
    source_id = checked_id("sourceId", input.source_id, "Source")
    if not await read_seen(info._raw_info, "Source", [source_id]):
        raise not_found("sourceId", "Source")
    words = {"source": source_id, "streams": given(input.streams)}
    async with once(info.context, "replaySource", input.idempotency_key, words) as turn:
        if turn.fresh:
            streams = await chosen_streams(turn.connection, source_id, given(input.streams))
            turn.answer["runs"] = await requested(turn.connection, streams, Mode.REPLAY, trigger=PAYLOADS)
    return await deferred(info, turn)


async def chosen_streams(connection: Any, source_id: int, names: Sequence[str] | None) -> list[tuple[int, int]]:
    """Return the streams of a source that can be read now, as (source, stream), in the order in which they are read."""
    state = await connection.fetchval("SELECT state FROM source WHERE id = $1", source_id)
    if state != "active":
        raise refusing(
            ErrorCode.SOURCE_UNAVAILABLE,
            f"The source cannot be read now: it is {state}. Its `stateReason` says what to do.",
            f"该数据源目前无法读取：状态为 {state}。处理办法见其 `stateReason`。",
            "sourceId",
        )
    rows = await connection.fetch("SELECT id, name FROM stream WHERE source_id = $1 ORDER BY position, id", source_id)
    known = [row["name"] for row in rows]
    there = ", ".join(known)
    for name in names or ():
        if name not in known:
            raise invalid(
                "streams",
                "unknown_stream",
                f"The source has no stream {name[:80]}; it has {there}.",
                f"该数据源没有数据流 {name[:80]}；现有：{there}。",
            )
    return [(source_id, row["id"]) for row in rows if names is None or row["name"] in names]


async def mapped_again(info: Info, input: ReplayRejectsInput) -> ReplayRejectsPayload:
    """Write the runs that map rejects again and have them done."""
    ids, condition = given(input.reject_ids), given(input.filter)
    if (ids is None) == (condition is None):
        raise invalid(
            "rejectIds",
            "one_of_two",
            "Give `rejectIds` or `filter`, one of them.",
            "请只给出 `rejectIds` 或 `filter` 之一。",
        )
    if ids is not None and not 1 <= len(ids) <= MOST_REJECTS:
        raise invalid("rejectIds", "too_many", f"Name 1 to {MOST_REJECTS} rejects.", f"请指定 1 至 {MOST_REJECTS} 条被拒记录。")
    named = sorted(checked_id("rejectIds", text, "Reject") for text in ids or ())
    matches = await read_matches(info._raw_info, "Reject", "stream_id", "rejectIds")
    if input.dry_run:
        return ReplayRejectsPayload(run_ids=[], matched_count=sum(matches.values()), user_errors=[])
    words = {"named": named, "filter": repr(condition)}
    async with once(info.context, "replayRejects", input.idempotency_key, words) as turn:
        if turn.fresh:
            streams = await turn.connection.fetch(STREAMS, list(matches))
            turn.answer["runs"] = await requested(turn.connection, [tuple(row) for row in streams], Mode.REPLAY)
            turn.answer["matched"] = sum(matches.values())
    runs = await deferred(info, turn)
    return ReplayRejectsPayload(run_ids=runs, matched_count=turn.answer["matched"], user_errors=[])


STREAMS = "SELECT source_id, id FROM stream WHERE id = ANY($1::bigint[]) ORDER BY source_id, position, id"


async def requested(connection: Any, streams: Sequence[tuple[int, int]], mode: Mode, trigger: str = "manual") -> list[int]:
    """Ask for a run of each stream and return the runs."""
    slot = now()
    runs = [
        await request(connection, source_id=source, stream_id=stream, slot=slot, mode=mode, trigger=trigger)
        for source, stream in streams
    ]
    return [run for run in runs if run is not None]


async def deferred(info: Info, turn: Turn) -> list[int]:
    """Have the runs of a turn done unless they were asked for before; the sweep finds those that are not deferred."""
    runs: list[int] = turn.answer["runs"]
    if turn.fresh and runs and info.context.jobs is not None:
        await info.context.jobs.defer_sync(runs)
    return runs
