"""Alert: one reason to tell somebody of a case. Delivery: one message to one recipient."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated

import strawberry

from hub.alerts.post import ADMINISTRATORS
from schema.compiler.catalog import LANGUAGE, Sort, Worded, column, declared, many, one, pages, table, taking
from schema.conflict import ConflictCase, ConflictCaseFilter, Severity, SeverityFilter, Wording
from schema.node import GLOBAL_ID, Actor, Node
from schema.paging import Connection
from schema.where import Choice, DateTimeFilter, IDFilter, StringFilter, related, where


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


@strawberry.enum(description="What a message is about.")
class DeliveryKind(Enum):
    ALERT = strawberry.enum_value("alert", description="An alert.")
    ESCALATION = strawberry.enum_value("escalation", description="An alert that nobody acknowledged in time.")
    DIGEST = strawberry.enum_value("digest", description="What was not told at once, once a day.")


@table("digest")
@strawberry.type(description="What a recipient is told of a day in one message.")
class Digest(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    day: date = column("day", "Day of the recipient.")
    alert_count: int = column("alert_count", "Alerts that were held for it: quiet hours, or more than a day's worth.")
    finding_count: int = column("finding_count", "Findings it counts.")
    created_at: datetime = column("created_at", "When it was written.")


KIND = f"CASE WHEN {{alert_id}} IS NULL THEN 'digest' WHEN {{route}} = '{ADMINISTRATORS}' THEN 'escalation' ELSE 'alert' END"


@table("delivery", sorts={"CREATED_AT": Sort("created_at", "timestamptz")})
@strawberry.type(description="One message to one recipient by one channel. Exactly one outcome is recorded.")
class Delivery(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    kind: DeliveryKind = column(KIND, "What it is about.", always=True)
    alert: Annotated["Alert", strawberry.lazy("schema.alert")] | None = one("alert_id", "Alert; null for a digest.")
    digest: Digest | None = one("digest_id", "Digest it is, or was carried by; null otherwise.")
    route: str = column("route", "Name of the route, or what made the recipient one: `the manager`.")
    channel: DeliveryChannel = column(
        "CASE WHEN {channel} IN ('email', 'slack', 'teams', 'dingtalk', 'wecom', 'feishu') THEN {channel} ELSE 'webhook' END",
        "Channel.",
    )
    recipient: str = column(
        "CASE WHEN {recipient} LIKE '%@%' AND {recipient} NOT LIKE 'env:%' AND {recipient} NOT LIKE 'file:%' "
        "THEN left({recipient}, 2) || '***@' || split_part({recipient}, '@', 2) ELSE {route} END",
        "Recipient, shortened so that no secret shows: `li***@example.com`; for a target the name of its route.",
    )
    state: DeliveryState = column("state", "State.")
    created_at: datetime = column("created_at", "When it was written.")
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
    wording: Wording = taking(
        declared(
            "Neutral texts of its case, as they are now.",
            Worded(
                "{case_id} = {up.case_id}",
                rule="(SELECT told.rule FROM conflict_case AS told WHERE told.id = {case_id})",
            ),
        ),
        LANGUAGE,
    )
    deliveries: list[Delivery] = many(
        "{alert_id} = {up.id}",
        "{id}",
        "Attempts to send it, one per recipient and channel. At most 100.",
        assumed=10,
    )


@strawberry.input(description="Conditions on AlertState.")
class AlertStateFilter(Choice[AlertState]):
    pass


@strawberry.input(description="Conditions on AlertReason.")
class AlertReasonFilter(Choice[AlertReason]):
    pass


@strawberry.input(description="Which alerts.")
class AlertFilter:
    state: AlertStateFilter | None = where("state", "State.")
    severity: SeverityFilter | None = where("severity", "Band of the score.")
    reason: AlertReasonFilter | None = where("reason", "Why it was raised.")
    case: IDFilter | None = where("case_id", "Case.", cast="bigint", to="ConflictCase")
    raised_at: DateTimeFilter | None = where("raised_at", "Time of raising.", cast="timestamptz")
    case_is: ConflictCaseFilter | None = related("ConflictCase", "case_id", "`case` is such.")


@strawberry.input(description="Conditions on DeliveryKind.")
class DeliveryKindFilter(Choice[DeliveryKind]):
    pass


@strawberry.input(description="Conditions on DeliveryState.")
class DeliveryStateFilter(Choice[DeliveryState]):
    pass


@strawberry.input(description="Which deliveries.")
class DeliveryFilter:
    kind: DeliveryKindFilter | None = where(KIND, "What it is about.")
    state: DeliveryStateFilter | None = where("state", "State.")
    route: StringFilter | None = where("route", "Name of the route.")
    created_at: DateTimeFilter | None = where("created_at", "Time of writing.", cast="timestamptz")
    alert_is: AlertFilter | None = related("Alert", "alert_id", "`alert` is such.")


@strawberry.type
class AlertQuery:
    alerts: Connection[Alert] | None = pages(
        "Alerts. Default order: newest first.", [("RAISED_AT", True)], filter=AlertFilter | None
    )
    deliveries: Connection[Delivery] | None = pages(
        "What was sent to whom, and what became of it. Newest first.", [("CREATED_AT", True)], filter=DeliveryFilter | None
    )
