"""UnitMapping (单位换算): what one piece of an article means at one source, accepted from a finding of the unit doctor."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import strawberry

from hub.clock import now
from hub.errors import Declined
from hub.records.message import SyncMode as Mode
from hub.store.statements import prepared
from hub.store.sync_run import request
from hub.store.unit_mapping import accept, withdraw
from schema.auth.roles import demand
from schema.compiler.catalog import Sort, column, one, pages, table
from schema.compiler.door import read_rows
from schema.compiler.follow import read_seen
from schema.context import RequestContext
from schema.directives import Cost
from schema.errors import ErrorCode
from schema.node import GLOBAL_ID, Actor, Node
from schema.once import once
from schema.paging import Connection
from schema.product import Product
from schema.source import Source
from schema.sync_request import KEY, deferred
from schema.sync_run import SyncRun
from schema.user_error import Refusal, UserError, checked_id, not_found, refusing

Info = strawberry.Info[RequestContext, None]
# Why a run maps all stored payloads of its stream again, and not its rejects alone.
TRIGGER = "mapping"


@strawberry.enum(description="Whether intake counts by a unit mapping.")
class UnitMappingState(Enum):
    PROPOSED = strawberry.enum_value("proposed", description="Waits for a second person: many lines hang on it.")
    ACCEPTED = strawberry.enum_value("accepted", description="The source's records are counted by it.")


@table("unit_mapping", sorts={"PROPOSED_AT": Sort("proposed_at", "timestamptz")})
@strawberry.type(description="What one piece of an article means at one source, where that is not what the masters say.")
class UnitMapping(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    source: Source = one("source_id", "Source.")
    product: Product = one("product_id", "Article, as the source names it.")
    units_per_piece: Decimal = column(
        "round({numerator} / {denominator}, 6)", "Base units in one piece, to 6 places.", always=True
    )
    state: UnitMappingState = column("state", "Whether it is counted by.")
    line_count: int = column("line_count", "Order lines of the article at the source when it was proposed.")
    proposed_by: Actor = one("proposed_by", "Who proposed it.")
    proposed_at: datetime = column("proposed_at", "When that was.")
    accepted_by: Actor | None = one("accepted_by", "Who accepted it; null while a second person is awaited.")
    accepted_at: datetime | None = column("accepted_at", "When it was accepted.")


@strawberry.type
class UnitMappingQuery:
    unit_mappings: Connection[UnitMapping] | None = pages(
        "Unit mappings. Default order: newest proposal first.", [("PROPOSED_AT", True)]
    )


@strawberry.input(description="Which proposal of the unit doctor to accept, or to take back.")
class AcceptUnitMappingInput:
    conflict_id: strawberry.ID = strawberry.field(description="Finding of `unit_mapping_suspect`.")
    withdraw: bool = strawberry.field(default=False, description="Take back what was accepted by this finding before.")
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.type(description="Answer of `acceptUnitMapping`.")
class AcceptUnitMappingPayload:
    run_ids: strawberry.Private[list[int]]
    waiting: bool = strawberry.field(
        description="Whether a second person has to accept it too: more than 1,000 lines hang on it."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done.")

    @strawberry.field(description="Runs that map the source's stored payloads again; empty while a second person is awaited.")
    async def runs(self, info: Info) -> list[SyncRun]:
        return await read_rows(info, "SyncRun", self.run_ids)  # type: ignore[return-value]


@strawberry.type
class UnitMappingMutation:
    @strawberry.mutation(
        description="Counts an article of a source as a finding of the unit doctor proposes, and maps the source's records "
        "again. ADMIN, CHANNEL_MANAGER.",
        directives=[Cost(weight="50")],
    )
    async def accept_unit_mapping(
        self, info: Info, input: Annotated[AcceptUnitMappingInput, strawberry.argument(description="What to do.")]
    ) -> AcceptUnitMappingPayload | None:
        demand(info.context.viewer, "acceptUnitMapping")
        try:
            return await decided(info, input)
        except Refusal as refusal:
            return AcceptUnitMappingPayload(run_ids=[], waiting=False, user_errors=[refusal.error])


async def decided(info: Info, input: AcceptUnitMappingInput) -> AcceptUnitMappingPayload:
    """Accept or take back, and have the source's records mapped again."""
    conflict_id = checked_id("conflictId", input.conflict_id, "Conflict")
    if not await read_seen(info._raw_info, "Conflict", [conflict_id]):
        raise not_found("conflictId", "Conflict")
    user_id = info.context.viewer.user_id
    if user_id is None:
        raise refusing(
            ErrorCode.POLICY_DENIED,
            "A named user accepts a mapping; call with a token that belongs to one.",
            "单位换算须由具名用户接受；请使用属于用户的令牌调用。",
        )
    words = {"conflict": conflict_id, "withdraw": input.withdraw}
    async with once(info.context, "acceptUnitMapping", input.idempotency_key, words) as turn:
        if turn.fresh:
            try:
                step = "accepted"
                if input.withdraw:
                    await withdraw(turn.connection, conflict_id)
                else:
                    step = await accept(turn.connection, conflict_id, user_id, now())
            except Declined as error:
                raise refusing(ErrorCode.POLICY_DENIED, str(error), error.zh, "conflictId") from error
            turn.answer["waiting"] = step == "waiting"
            turn.answer["runs"] = [] if step == "waiting" else await mapped_again(turn.connection, conflict_id)
    return AcceptUnitMappingPayload(run_ids=await deferred(info, turn), waiting=turn.answer["waiting"], user_errors=[])


async def mapped_again(connection: Any, conflict_id: int) -> list[int]:
    """Ask for a run of each stream of the source that maps what is stored again; return them."""
    slot = now()
    streams = await connection.fetch(*prepared("unit_mapping", "streams", conflict_id=conflict_id))
    runs = [
        await request(connection, source_id=row["source_id"], stream_id=row["id"], slot=slot, mode=Mode.REPLAY, trigger=TRIGGER)
        for row in streams
    ]
    return [run for run in runs if run is not None]
