"""Where payloads rest as they arrived, and those that were set aside."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Now, Row


class RawRecordRow(Row):
    """The latest payload of one key of one stream.

    `raw_hash` is over the bytes, `content_hash` over the canonical JSON without volatile fields; both 128 bits. `scan` is
    the last complete scan that saw the key, `missed` how many in a row did not.
    """

    stream_id = fields.BigIntField()
    key = fields.TextField()
    raw_hash = fields.BinaryField()
    content_hash = fields.BinaryField()
    body = fields.BinaryField()
    content_type = fields.TextField(db_default="application/json")
    version = fields.TextField(null=True)
    place = fields.JSONField[dict[str, object]](null=True)
    run_id = fields.BigIntField()
    received_at = fields.DatetimeField(db_default=Now())
    scan = fields.IntField(db_default=0)
    missed = fields.IntField(db_default=0)
    deleted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "raw_record"
        unique_together = (("stream_id", "key"),)


class RawHistoryRow(Row):
    """A payload that a newer one replaced."""

    raw_id = fields.BigIntField()
    stream_id = fields.BigIntField()
    raw_hash = fields.BinaryField()
    body = fields.BinaryField()
    version = fields.TextField(null=True)
    place = fields.JSONField[dict[str, object]](null=True)
    run_id = fields.BigIntField()
    received_at = fields.DatetimeField()
    superseded_at = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "raw_history"
        indexes = (Index(fields=("raw_id",)), Index(fields=("superseded_at",)))


class RejectRow(Row):
    """One payload in quarantine. `identity` is its key where it has one, else its place or its hash.

    `waits_noun` and `waits_key` name the missing record of a broken reference.
    """

    source_id = fields.BigIntField()
    stream_id = fields.BigIntField()
    run_id = fields.BigIntField()
    identity = fields.TextField()
    key = fields.TextField(null=True)
    body = fields.BinaryField()
    version = fields.TextField(null=True)
    reason = fields.TextField()
    code = fields.TextField()
    field = fields.TextField(null=True)
    value = fields.TextField(null=True)
    message = fields.TextField()
    place = fields.JSONField[dict[str, object]](null=True)
    waits_noun = fields.TextField(null=True)
    waits_key = fields.TextField(null=True)
    state = fields.TextField(db_default="open")
    first_seen_at = fields.DatetimeField(db_default=Now())
    last_seen_at = fields.DatetimeField(db_default=Now())
    occurrences = fields.IntField(db_default=1)

    class Meta:
        table = "reject"
        unique_together = (("stream_id", "identity"),)
        indexes = (
            Index(fields=("last_seen_at", "id")),
            Index(fields=("state", "waits_noun")),
            Index(fields=("run_id",)),
        )
