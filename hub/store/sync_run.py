"""Where runs rest: one per source, stream and slot."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Now, Row


class SyncRunRow(Row):
    """`job_id` is the queue's; a requested run without one is picked up by the sweep."""

    source_id = fields.BigIntField()
    stream_id = fields.BigIntField()
    mode = fields.TextField(db_default="incremental")
    trigger = fields.TextField(db_default="manual")
    state = fields.TextField(db_default="requested")
    slot = fields.DatetimeField()
    requested_at = fields.DatetimeField(db_default=Now())
    started_at = fields.DatetimeField(null=True)
    finished_at = fields.DatetimeField(null=True)
    beat_at = fields.DatetimeField(null=True)
    retry_at = fields.DatetimeField(null=True)
    attempts = fields.IntField(db_default=0)
    fence = fields.BigIntField(db_default=0)
    job_id = fields.BigIntField(null=True)
    request_count = fields.IntField(db_default=0)
    bytes_received = fields.BigIntField(db_default=0)
    throttled_count = fields.IntField(db_default=0)
    waited_ms = fields.BigIntField(db_default=0)
    records_read = fields.IntField(db_default=0)
    records_new = fields.IntField(db_default=0)
    records_changed = fields.IntField(db_default=0)
    records_unchanged = fields.IntField(db_default=0)
    records_stale = fields.IntField(db_default=0)
    records_superseded = fields.IntField(db_default=0)
    records_removed = fields.IntField(db_default=0)
    records_rejected = fields.IntField(db_default=0)
    records_announced = fields.IntField(null=True)
    expected = fields.IntField(null=True)
    watermark_before = fields.DatetimeField(null=True)
    watermark_after = fields.DatetimeField(null=True)
    error_kind = fields.TextField(null=True)
    error_message = fields.TextField(null=True)
    error_retryable = fields.BooleanField(null=True)
    notes = fields.JSONField[list[str]](db_default=[])

    class Meta:
        table = "sync_run"
        unique_together = (("stream_id", "slot"),)
        indexes = (
            Index(fields=("requested_at", "id")),
            Index(fields=("source_id", "requested_at")),
            Index(fields=("state",)),
        )
