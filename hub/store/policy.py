"""Where policy versions rest."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Canonical


class PolicyVersionRow(Canonical):
    """`key` is the version number as text; a published version is never edited."""

    version = fields.IntField()
    effective_from = fields.DateField()
    base_currency = fields.TextField()
    timezone = fields.TextField(db_default="UTC")
    body = fields.JSONField[dict[str, object]](db_default={})
    state = fields.TextField(db_default="published")
    published_at = fields.DatetimeField(null=True)

    class Meta:
        table = "policy_version"
        unique_together = (("source_id", "key"),)
        indexes = (Index(fields=("effective_from", "version")), Index(fields=("raw_id",)))
