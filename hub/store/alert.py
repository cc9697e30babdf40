"""Where alerts and their deliveries rest: the outbox."""

from tortoise import fields
from tortoise.indexes import Index

from hub.clock import now
from hub.store.base import Now, Row
from hub.store.database import Connection
from hub.store.event import Happening, publish
from hub.store.statements import statement


class AlertRow(Row):
    """One reason to tell somebody of a case, once. `dedupe` keeps a second one out."""

    case_id = fields.BigIntField()
    reason = fields.TextField()
    severity = fields.TextField()
    dedupe = fields.TextField()
    state = fields.TextField(db_default="open")
    raised_at = fields.DatetimeField(db_default=Now())
    acknowledged_at = fields.DatetimeField(null=True)
    acknowledged_by = fields.BigIntField(null=True)
    escalates_at = fields.DatetimeField(null=True)

    class Meta:
        table = "alert"
        unique_together = (("dedupe",),)
        indexes = (Index(fields=("case_id",)), Index(fields=("raised_at", "id")), Index(fields=("state", "escalates_at")))


class DeliveryRow(Row):
    """One message to one target. `route` names the target in the configuration, where its address, a secret, stays.

    It is of an alert or, without one, the digest `digest_id`. An alert's that is `held` waits for the receiver's digest, and
    names it once that has carried it.
    """

    alert_id = fields.BigIntField(null=True)
    digest_id = fields.BigIntField(null=True)
    route = fields.TextField()
    channel = fields.TextField()
    recipient = fields.TextField()
    user_id = fields.BigIntField(null=True)
    held = fields.BooleanField(db_default=False)
    state = fields.TextField(db_default="pending")
    attempts = fields.IntField(db_default=0)
    created_at = fields.DatetimeField(db_default=Now())
    last_attempt_at = fields.DatetimeField(null=True)
    next_attempt_at = fields.DatetimeField(null=True)
    error = fields.TextField(null=True)

    class Meta:
        table = "delivery"
        unique_together = (("alert_id", "route", "recipient"),)
        indexes = (
            Index(fields=("state", "next_attempt_at")),
            Index(fields=("recipient", "created_at")),
            Index(fields=("created_at", "id")),
            Index(fields=("digest_id",)),
        )


async def acknowledge(connection: Connection, alert_id: int, user_id: int | None, comment: str | None) -> None:
    """Note that somebody saw the alert; `user_id` is None for a service. The event of the remark is the last thing done."""
    values = {"id": alert_id, "user_id": user_id, "comment": comment, "now": now()}
    step = await connection.fetchrow(ACKNOWLEDGE.sql, *ACKNOWLEDGE.arguments(values))
    if step is not None:
        await publish(connection, [Happening("case", "commented", step["case_id"], {"step": step["id"]})])


ACKNOWLEDGE = statement("alert", "acknowledge")
