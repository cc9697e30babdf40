"""Alert: one reason to tell somebody of a case. Delivery: one message to one recipient."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from schema.compiler.catalog import Sort, column, many, one, pages, table
from schema.conflict import ConflictCase, Severity, SeverityFilter
from schema.node import GLOBAL_ID, Actor, Node
from schema.paging import Connection
from schema.where import Choice, DateTimeFilter, where


@strawberry.enum(description="State of an alert.")
class AlertState(Enum):
    OPEN = strawberry.enum_value("open", description="Nobody has acknowledged it.")
    ACKNOWLEDGED = strawberry.enum_value("acknowledged", description="Somebody has.")
    ESCALATED = strawberry.enum_value("escalated", description="Not acknowledged in time and passed on.")
    CLOSED = strawberry.enum_value("closed", description="Its case was closed.")


@strawberry.enum(description="Why an alert is raised.")
class AlertReason(Enum):
    OPENED = strawberry.enum_value("opened", description="The case was opened with a score that alerts.")
    BAND_UP = strawberry.enum_value("band_up", description="The score rose into a higher band.")
    SLA = strawberry.enum_value("sla", description="A step is overdue.")
    EVIDENCE_CHANGED = strawberry.enum_value("evidence_changed", description="Data behind frozen evidence changed.")


@strawberry.enum(description="Way an alert is sent.")
class DeliveryChannel(Enum):
    EMAIL = strawberry.enum_value("email", description="E-mail.")
    SLACK = strawberry.enum_value("slack", description="Slack.")
    TEAMS = strawberry.enum_value("teams", description="Microsoft Teams.")
    DINGTALK = strawberry.enum_value("dingtalk", description="DingTalk.")
    WECOM = strawberry.enum_value("wecom", description="WeCom.")
    FEISHU = strawberry.enum_value("feishu", description="Feishu or Lark.")
    WEBHOOK = strawberry.enum_value("webhook", description="HTTP call.")


@strawberry.enum(description="State of one delivery.")
class DeliveryState(Enum):
    PENDING = strawberry.enum_value("pending", description="Waits for its turn, quiet hours or the digest.")
    DELIVERED = strawberry.enum_value("delivered", description="Accepted by the channel.")
    RETRYING = strawberry.enum_value("retrying", description="Failed; will be tried again at `nextAttemptAt`.")
    FAILED = strawberry.enum_value("failed", description="Failed for good.")
    SUPPRESSED = strawberry.enum_value(
        "suppressed", description="Left out because a digest carried it or the alert was closed first."
    )


@table("delivery")
@strawberry.type(description="One alert to one recipient by one channel. Exactly one outcome is recorded.")
class Delivery(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    alert: Annotated["Alert", strawberry.lazy("schema.alert")] = one("alert_id", "Alert.")
    channel: DeliveryChannel = column(
        "CASE WHEN {channel} IN ('email', 'slack', 'teams', 'dingtalk', 'wecom', 'feishu') THEN {channel} ELSE 'webhook' END",
        "Channel.",
    )
    recipient: str = column(
        "CASE WHEN {recipient} LIKE '%@%' AND {recipient} NOT LIKE '%://%' "
        "THEN left({recipient}, 2) || '***@' || split_part({recipient}, '@', 2) ELSE {route} END",
        "Recipient, shortened so that no secret shows: `li***@example.com`; for a target the name of its route.",
    )
    state: DeliveryState = column("state", "State.")
    attempts: int = column("attempts", "Attempts so far.")
    last_attempt_at: datetime | None = column("last_attempt_at", "Latest attempt; null before the first.")
    next_attempt_at: datetime | None = column("next_attempt_at", "Next attempt; null when none is planned.")
    error: str | None = column("error", "Why the latest attempt failed; null when it did not.")


@table("alert", sorts={"RAISED_AT": Sort("raised_at", "timestamptz")})
@strawberry.type(description="A message to a channel manager about a case.")
class Alert(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    case: ConflictCase = one("case_id", "Case.")
    reason: AlertReason = column("reason", "Why it was raised. One alert per case and reason; BAND_UP once per band.")
    severity: Severity = column("severity", "Band at the time it was raised.")
    state: AlertState = column("state", "State.")
    raised_at: datetime = column("raised_at", "When it was raised.")
    acknowledged_at: datetime | None = column("acknowledged_at", "When it was acknowledged; null = not yet.")
    acknowledged_by: Actor | None = one("acknowledged_by", "Who acknowledged it.")
    escalates_at: datetime | None = column("escalates_at", "When it is passed on if nobody acknowledges; null = never.")
    deliveries: list[Delivery] = many(
        "{alert_id} = {up.id}",
        "{id}",
        "Attempts to send it, one per recipient and channel. At most 100.",
        assumed=10,
    )


@strawberry.input(description="Conditions on AlertState.")
class AlertStateFilter(Choice[AlertState]):
    pass


@strawberry.input(description="Which alerts.")
class AlertFilter:
    state: AlertStateFilter | None = where("state", "State.")
    severity: SeverityFilter | None = where("severity", "Band of the score.")
    raised_at: DateTimeFilter | None = where("raised_at", "Time of raising.", cast="timestamptz")


@strawberry.type
class AlertQuery:
    alerts: Connection[Alert] | None = pages(
        "Alerts. Default order: newest first.", [("RAISED_AT", True)], filter=AlertFilter | None
    )
