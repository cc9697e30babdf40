"""Where frozen evidence rests."""

from tortoise import fields
from tortoise.contrib.postgres.indexes import GinIndex

from hub.store.base import ArrayField, Row


class EvidenceBundleRow(Row):
    """What findings rested on when somebody froze it; the database lets nobody change or remove it.

    `body` is canonical JSON: keys in order, UTF-8, no white space. `hash` is its SHA-256, 64 hexadecimal digits, so that the
    same evidence is kept once.
    """

    hash = fields.TextField()
    body = fields.TextField()
    conflict_ids = ArrayField("bigint")
    frozen_at = fields.DatetimeField()

    class Meta:
        table = "evidence_bundle"
        unique_together = (("hash",),)
        indexes = (GinIndex(fields=("conflict_ids",)),)
