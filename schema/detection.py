"""Asking that records are judged now, without waiting for a sync to change some."""

from typing import Annotated

import strawberry

from schema.auth.roles import demand
from schema.context import RequestContext
from schema.directives import Cost
from schema.once import once
from schema.sync_request import KEY
from schema.user_error import Refusal, UserError

Info = strawberry.Info[RequestContext, None]


@strawberry.input(description="What to judge.")
class RequestDetectionInput:
    full: bool = strawberry.field(default=False, description="Every record, not only those that changed.")
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.type(description="Answer of `requestDetection`.")
class RequestDetectionPayload:
    requested: bool = strawberry.field(description="Whether it will be done; findings come as `conflictEvents`.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done.")


@strawberry.type
class DetectionMutation:
    @strawberry.mutation(
        description="Has records judged by the rules now. After a sync that is done by itself. ADMIN, SERVICE.",
        directives=[Cost(weight="50")],
    )
    async def request_detection(
        self, info: Info, input: Annotated[RequestDetectionInput, strawberry.argument(description="What to do.")]
    ) -> RequestDetectionPayload | None:
        demand(info.context.viewer, "requestDetection")
        try:
            await asked_for(info, input)
        except Refusal as refusal:
            return RequestDetectionPayload(requested=False, user_errors=[refusal.error])
        return RequestDetectionPayload(requested=True, user_errors=[])


async def asked_for(info: Info, input: RequestDetectionInput) -> None:
    """Have it done, once for a key: only when that is so is the key taken."""
    async with once(info.context, "requestDetection", input.idempotency_key, {"full": input.full}) as turn:
        if turn.fresh and info.context.jobs is not None:
            await info.context.jobs.defer_detect(full=input.full)
