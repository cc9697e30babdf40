"""Saying that an alert was seen."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.store.alert import acknowledge
from schema.auth.roles import demand
from schema.compiler.door import read_row
from schema.compiler.follow import read_seen
from schema.context import RequestContext
from schema.directives import Cost
from schema.user_error import Refusal, UserError, checked_id, invalid, not_found
from schema.where import asked, given

if TYPE_CHECKING:
    from schema.alert import Alert

Info = strawberry.Info[RequestContext, None]
LONGEST_COMMENT = 1_000


@strawberry.input(description="Which alert was seen.")
class AcknowledgeAlertInput:
    alert_id: strawberry.ID = strawberry.field(description="Alert.")
    comment: str | None = asked("Remark, at most 1,000 characters.")


@strawberry.type(description="Answer of `acknowledgeAlert`.")
class AcknowledgeAlertPayload:
    alert_id: strawberry.Private[int | None]
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done.")

    @strawberry.field(description="The alert as it is now; null when it was not found. Acknowledging twice changes nothing.")
    async def alert(self, info: Info) -> Annotated["Alert", strawberry.lazy("schema.alert")] | None:
        if self.alert_id is None:
            return None
        return await read_row(info, "Alert", self.alert_id)  # type: ignore[return-value]


@strawberry.type
class AlertMutation:
    @strawberry.mutation(description="Says that an alert was seen. ADMIN, CHANNEL_MANAGER.", directives=[Cost(weight="10")])
    async def acknowledge_alert(
        self, info: Info, input: Annotated[AcknowledgeAlertInput, strawberry.argument(description="What to do.")]
    ) -> AcknowledgeAlertPayload | None:
        demand(info.context.viewer, "acknowledgeAlert")
        try:
            return AcknowledgeAlertPayload(alert_id=await seen(info, input), user_errors=[])
        except Refusal as refusal:
            return AcknowledgeAlertPayload(alert_id=None, user_errors=[refusal.error])


async def seen(info: Info, input: AcknowledgeAlertInput) -> int:
    """Note that the alert was seen and return its id."""
    alert_id = checked_id("alertId", input.alert_id, "Alert")
    comment = (given(input.comment) or "").strip() or None
    if comment is not None and len(comment) > LONGEST_COMMENT:
        raise invalid(
            "comment",
            "length",
            f"A remark has at most {LONGEST_COMMENT} characters.",
            f"备注最多 {LONGEST_COMMENT} 个字符。",
        )
    if not await read_seen(info._raw_info, "Alert", [alert_id]):
        raise not_found("alertId", "Alert")
    async with info.context.store.transaction() as connection:
        await acknowledge(connection, alert_id, info.context.viewer.user_id, comment)
    return alert_id
