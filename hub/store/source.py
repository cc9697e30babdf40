"""Where sources and their streams rest: what is configured, how far each stream has read, and who may write."""

from tortoise import fields

from hub.store.base import Now, Row


class SourceRow(Row):
    """One configured account of a connector. `managed_by` is `file` or `api`; never both for one name."""

    name = fields.TextField()
    title = fields.TextField()
    connector = fields.TextField()
    connector_version = fields.TextField(db_default="")
    quality = fields.TextField(db_default="unrated")
    kind = fields.TextField(db_default="file")
    state = fields.TextField(db_default="active")
    state_reason = fields.TextField(null=True)
    time_zone = fields.TextField(db_default="UTC")
    default_currency = fields.TextField(null=True)
    is_masters = fields.BooleanField(db_default=False)
    managed_by = fields.TextField(db_default="file")
    created_at = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "source"
        unique_together = (("name",),)


class StreamRow(Row):
    """One stream's bookmark. `fence` grows with each claim; only the latest holder may commit."""

    source_id = fields.BigIntField()
    name = fields.TextField()
    position = fields.IntField(db_default=0)
    model = fields.TextField()
    schedule = fields.TextField(null=True)
    deletes = fields.TextField(db_default="none")
    freshness_s = fields.IntField(db_default=900)
    state = fields.JSONField[dict[str, object]](db_default={})
    watermark = fields.DatetimeField(null=True)
    fence = fields.BigIntField(db_default=0)
    scan = fields.IntField(db_default=0)
    data_version = fields.BigIntField(db_default=0)

    class Meta:
        table = "stream"
        unique_together = (("source_id", "name"),)
