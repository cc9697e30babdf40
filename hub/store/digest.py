"""Where digests rest: what a receiver was told of a day in one message, and up to when each time zone has been told."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Now, Row


class DigestRow(Row):
    """One message of a day to one receiver, with what it says. A receiver has one a day, whoever writes it."""

    recipient = fields.TextField()
    day = fields.DateField()
    route = fields.TextField()
    channel = fields.TextField()
    user_id = fields.BigIntField(null=True)
    alert_count = fields.IntField()
    finding_count = fields.IntField()
    body = fields.JSONField[dict[str, object]](db_default={})
    created_at = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "digest"
        unique_together = (("recipient", "day"),)
        indexes = (Index(fields=("created_at", "id")),)


class DigestRoundRow(Row):
    """The digests of one time zone for one of its days are written, of all that happened before an instant."""

    time_zone = fields.TextField()
    day = fields.DateField()
    until_at = fields.DatetimeField()

    class Meta:
        table = "digest_round"
        unique_together = (("time_zone", "day"),)
