"""Everything that can be followed.

An event is a row that the transaction wrote which made it happen. `after` resumes: all later events still kept come first,
then new ones as they happen.
"""

from collections.abc import AsyncGenerator
from datetime import datetime
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from graphql import VariableNode

from schema.compiler.catalog import Figure, column, declared, many, one, table, text
from schema.compiler.follow import EVENTS, may_resume, read_events, scope_of
from schema.context import RequestContext
from schema.errors import ErrorCode, HubGraphQLError, bad_input
from schema.scalars import BigInt
from schema.where import given

if TYPE_CHECKING:
    from schema.conflict import CaseStep, Conflict, ConflictCase, ConflictFilter
    from schema.inventory import InventoryLevel, InventoryLevelFilter
    from schema.order import Order, OrderFilter
    from schema.sync_run import SyncRun

Info = strawberry.Info[RequestContext, None]


OF_RUN = "FROM sync_run AS run WHERE run.id = {subject_id}"
DONE = f"coalesce(({{body}} ->> 'done')::int, (SELECT run.records_read {OF_RUN}), 0)"
EXPECTED = f"coalesce(({{body}} ->> 'expected')::int, (SELECT run.expected {OF_RUN}))"
# As fast as so far.
ESTIMATED_END = (
    "(SELECT CASE WHEN run.state = 'running' AND run.records_read > 0 AND run.expected >= run.records_read "
    f"THEN run.started_at + ({{occurred_at}} - run.started_at) * run.expected / run.records_read END {OF_RUN})"
)


def in_words(chinese: bool) -> str:
    """Return what a run is doing in one of our languages."""
    waiting = "等待配额，直到 " if chinese else "waiting for quota until "
    words = {
        "requested": ("等待开始", "waiting to start"),
        "running": ("读取中", "reading"),
        "succeeded": ("已完成", "finished"),
        "succeeded_with_rejects": ("已完成，有记录被搁置", "finished, some records set aside"),
        "partial": ("部分完成，将继续", "finished in part, will go on"),
    }
    cases = " ".join(f"WHEN '{state}' THEN '{both[0 if chinese else 1]}'" for state, both in words.items())
    quota = f"WHEN 'rate_limited' THEN '{waiting}' || to_char(run.retry_at AT TIME ZONE 'UTC', 'HH24:MI')"
    return f"CASE run.state {quota} {cases} ELSE '{'已结束' if chinese else 'ended'}' END"


ACTIVITY = f"(SELECT CASE {{viewer_locale}} WHEN 'zh-CN' THEN {in_words(True)} ELSE {in_words(False)} END {OF_RUN})"


@strawberry.enum(description="What happened to a finding.")
class ConflictEventKind(Enum):
    RAISED = strawberry.enum_value("raised", description="Found for the first time.")
    CHANGED = strawberry.enum_value("changed", description="Judged again with another score, class or evidence.")
    RESOLVED = strawberry.enum_value("resolved", description="Ceased to hold.")
    REOPENED = strawberry.enum_value("reopened", description="Held again after it had ceased to.")


@strawberry.interface(description="Something that happened.")
class Event:
    event_id: BigInt = column("number", "Position.")
    occurred_at: datetime = column("occurred_at", "When.")


@table("event")
@strawberry.type(description="Something happened to a finding.")
class ConflictEvent(Event):
    event_id: BigInt = column("number", "Position.")
    occurred_at: datetime = column("occurred_at", "When.")
    kind: ConflictEventKind = column("kind", "What.")
    score_before: float | None = column("({body} ->> 'score_before')::float8", "Score before, 0..100 points; null when RAISED.")
    conflict: Annotated["Conflict", strawberry.lazy("schema.conflict")] = one("subject_id", "The finding as it is now.")


@strawberry.enum(description="What happened to a case.")
class CaseEventKind(Enum):
    OPENED = strawberry.enum_value("opened", description="Opened.")
    ASSIGNED = strawberry.enum_value("assigned", description="Given to somebody or to nobody.")
    ADVANCED = strawberry.enum_value("advanced", description="Moved to another step.")
    CLOSED = strawberry.enum_value("closed", description="Closed.")
    COMMENTED = strawberry.enum_value("commented", description="Something was said or proposed about it, or it is overdue.")
    NOTICE = strawberry.enum_value("notice", description="A notice to the partner was approved.")
    BAND_UP = strawberry.enum_value("band_up", description="Its score rose into a higher band.")
    EVIDENCE_CHANGED = strawberry.enum_value("evidence_changed", description="The records behind it changed.")


@table("event")
@strawberry.type(description="Something happened to a case.")
class CaseEvent(Event):
    event_id: BigInt = column("number", "Position.")
    occurred_at: datetime = column("occurred_at", "When.")
    kind: CaseEventKind = column("kind", "What.")
    step: Annotated["CaseStep", strawberry.lazy("schema.conflict")] | None = one(
        "{id} = ({up.body} ->> 'step')::bigint",
        "The step that was taken; null where the hub itself noticed something, and when hidden from the caller.",
    )
    case: Annotated["ConflictCase", strawberry.lazy("schema.conflict")] = one("subject_id", "The case as it is now.")


@table("event")
@strawberry.type(description="State of a run at one instant.")
class SyncProgress(Event):
    event_id: BigInt = column("number", "Position.")
    occurred_at: datetime = column("occurred_at", "When.")
    run: Annotated["SyncRun", strawberry.lazy("schema.sync_run")] = one("subject_id", "The run as it is now.")
    done: int = column(DONE, "Records done.", always=True)
    expected: int | None = column(EXPECTED, "Records expected; null when the source announces none.")
    estimated_end_at: datetime | None = column(ESTIMATED_END, "When it will probably end; null when not known.")
    activity: str = text(ACTIVITY, "What it is doing, in the caller's language: `waiting for quota until 10:42`.", always=True)


# What an event of changes names: each record as it is now, and the ids of those that are gone.
NAMED = "{id} = ANY({up.subject_ids})"
THERE = "The {} as they are now, oldest id first. At most 100; of more, further events tell."
GONE = "Ids of the {} that are no longer there."


def gone(kind: str, what: str) -> Any:
    """Declare the ids of what was deleted at its source."""
    ids = f"coalesce(json_agg(hub_global_id('{kind}', {{id}}) ORDER BY {{id}}), '[]'::json)"
    return declared(GONE.format(what), Figure(kind, f"{NAMED} AND {{deleted_at}} IS NOT NULL", ids, always=True, live=False))


@table("event")
@strawberry.type(description="A sync changed orders.")
class OrderChange(Event):
    event_id: BigInt = column("number", "Position.")
    occurred_at: datetime = column("occurred_at", "When.")
    orders: list[Annotated["Order", strawberry.lazy("schema.order")]] = many(NAMED, "{id}", THERE.format("orders"), assumed=100)
    removed_ids: list[strawberry.ID] = gone("Order", "orders")


@table("event")
@strawberry.type(description="A sync changed stock levels.")
class InventoryChange(Event):
    event_id: BigInt = column("number", "Position.")
    occurred_at: datetime = column("occurred_at", "When.")
    levels: list[Annotated["InventoryLevel", strawberry.lazy("schema.inventory")]] = many(
        NAMED, "{id}", THERE.format("stock levels"), assumed=100
    )
    removed_ids: list[strawberry.ID] = gone("InventoryLevel", "stock levels")


async def events(info: Info, kind: str, after: int | None) -> AsyncGenerator[Any, None]:
    """Yield the events of a type after one, those of now when there is none, for as long as somebody reads."""
    feed = info.context.feed
    assert feed is not None
    topic = EVENTS[kind].topic
    raw: Any = info._raw_info
    place = feed.last[topic] if after is None else after
    key = (await scope_of(raw, kind), asked(raw))
    if after:
        await demand_kept(raw, kind, after)
    if after is None and topic == "sync":
        found, _ = await read_events(raw, kind, {"after": 0, "upto": place}, present=True)
        for event in found:
            yield event
    while True:
        upto = await feed.beyond(topic, place)
        given = {"after": place, "upto": upto}
        found, place = await feed.shared((key, place, upto), partial(read_events, raw, kind, given))
        for event in found:
            yield event


async def demand_kept(raw: Any, kind: str, after: int) -> None:
    """Refuse a place that would leave a gap. The last event somebody received is kept as long as those after it."""
    if after < 0:
        raise bad_input("`after` is the eventId of an event, or 0 for the oldest.")
    if not await may_resume(raw, kind, after):
        message = "This event is no longer kept; read the present state anew and follow from there."
        raise HubGraphQLError(message, ErrorCode.CURSOR_EXPIRED)


def asked(raw: Any) -> tuple[object, ...]:
    """Return all of an operation that its answers depend on; where a follower began is no part of it."""
    begun = next((one.value for one in raw.field_nodes[0].arguments or () if one.name.value == "after"), None)
    place = begun.name.value if isinstance(begun, VariableNode) else None
    rest = sorted((name, repr(value)) for name, value in raw.variable_values.items() if name != place)
    return raw.operation.loc.source.body, raw.operation.name and raw.operation.name.value, tuple(rest)


After = Annotated[
    BigInt | None,
    strawberry.argument(description='Last event received; "0" = from the oldest kept; null = only new ones.'),
]


@strawberry.type(
    description="Everything that can be followed. `after` resumes: all later events still kept are sent first, then new ones "
    "as they come."
)
class Subscription:
    @strawberry.subscription(description="Findings raised, changed, resolved, reopened. Kept for 30 days.")
    async def conflict_events(
        self,
        info: Info,
        after: After = strawberry.UNSET,
        filter: Annotated[
            Annotated["ConflictFilter", strawberry.lazy("schema.conflict")] | None,
            strawberry.argument(description="Which findings."),
        ] = strawberry.UNSET,
    ) -> AsyncGenerator[ConflictEvent, None]:
        async for event in events(info, "ConflictEvent", given(after)):
            yield event

    @strawberry.subscription(description="What happens to cases. Kept for 30 days.")
    async def case_events(
        self,
        info: Info,
        after: After = strawberry.UNSET,
        case_id: Annotated[strawberry.ID | None, strawberry.argument(description="Only this case.")] = strawberry.UNSET,
    ) -> AsyncGenerator[CaseEvent, None]:
        async for event in events(info, "CaseEvent", given(after)):
            yield event

    @strawberry.subscription(description="Orders that syncs add, change or remove. Kept for 7 days.")
    async def order_changes(
        self,
        info: Info,
        after: After = strawberry.UNSET,
        filter: Annotated[
            Annotated["OrderFilter", strawberry.lazy("schema.order")] | None,
            strawberry.argument(description="Which orders, by what they are now."),
        ] = strawberry.UNSET,
    ) -> AsyncGenerator[OrderChange, None]:
        async for event in events(info, "OrderChange", given(after)):
            yield event

    @strawberry.subscription(description="Stock levels that syncs add, change or remove. Kept for 7 days.")
    async def inventory_changes(
        self,
        info: Info,
        after: After = strawberry.UNSET,
        filter: Annotated[
            Annotated["InventoryLevelFilter", strawberry.lazy("schema.inventory")] | None,
            strawberry.argument(description="Which stock levels, by what they are now."),
        ] = strawberry.UNSET,
    ) -> AsyncGenerator[InventoryChange, None]:
        async for event in events(info, "InventoryChange", given(after)):
            yield event

    @strawberry.subscription(
        description="Progress of runs, at most one event per run and second, and every change of state. Kept for 24 hours."
    )
    async def sync_progress(
        self,
        info: Info,
        after: Annotated[
            BigInt | None,
            strawberry.argument(
                description='Last event received; "0" = from the oldest kept; null = the present state, then new ones.'
            ),
        ] = strawberry.UNSET,
        source_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only runs of this source.")
        ] = strawberry.UNSET,
        run_id: Annotated[strawberry.ID | None, strawberry.argument(description="Only this run.")] = strawberry.UNSET,
    ) -> AsyncGenerator[SyncProgress, None]:
        async for event in events(info, "SyncProgress", given(after)):
            yield event
