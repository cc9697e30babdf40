"""Who did what, when, and what it was before and after. Entries are written and never changed; the database sees to it.

Steps of cases come here by themselves; whatever else counts is written by whoever does it, in the same transaction.
"""

from collections.abc import Mapping

from msgspec import Struct, structs
from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Now, Row
from hub.store.database import Connection
from hub.store.statements import statement


class AuditRow(Row):
    """One thing that was done. `noun` and `subject_id` say to what; `actor_id` null is the hub itself or a service."""

    occurred_at = fields.DatetimeField(db_default=Now())
    actor_id = fields.BigIntField(null=True)
    action = fields.TextField()
    noun = fields.TextField()
    subject_id = fields.BigIntField()
    before = fields.JSONField[dict[str, object]](null=True)
    after = fields.JSONField[dict[str, object]](null=True)
    reason = fields.TextField(null=True)

    class Meta:
        table = "audit"
        indexes = (Index(fields=("occurred_at", "id")), Index(fields=("noun", "subject_id")))


class Entry(Struct, frozen=True, kw_only=True):
    """One entry to write. `noun` is the table of what was changed, `action` what was done in one word or two."""

    actor_id: int | None
    action: str
    noun: str
    subject_id: int
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None
    reason: str | None = None


async def write(connection: Connection, entry: Entry) -> None:
    """Write one entry; it stands or falls with the transaction."""
    await connection.execute(WRITE.sql, *WRITE.arguments(structs.asdict(entry)))


WRITE = statement("audit", "write")
