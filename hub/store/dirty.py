"""Where changed records wait to be judged."""

from tortoise import fields

from hub.store.base import Now, Row


class DirtyRecordRow(Row):
    """One changed record. `old` holds what the judgement of the version before it hung on; null for a new record."""

    noun = fields.TextField()
    record_id = fields.BigIntField()
    old = fields.JSONField[dict[str, object]](null=True)
    marked_at = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "dirty_record"
