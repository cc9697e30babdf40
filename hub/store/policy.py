"""Where policy versions rest."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import ArrayField, Canonical, empty_array


class PolicyVersionRow(Canonical):
    """`key` is the version number as text; a published version is never edited.

    `loosens` says what the version allows that was not allowed before it; `note` is what its proposer wrote and is kept.
    Without `published_by` the source's file published it, where that needs nobody else.
    """

    version = fields.IntField()
    effective_from = fields.DateField()
    base_currency = fields.TextField()
    timezone = fields.TextField(db_default="UTC")
    body = fields.JSONField[dict[str, object]](db_default={})
    state = fields.TextField(db_default="proposed")
    loosens = ArrayField("text", db_default=empty_array("text"))
    note = fields.TextField(null=True)
    proposed_by = fields.BigIntField(null=True)
    proposed_at = fields.DatetimeField(null=True)
    published_by = fields.BigIntField(null=True)
    published_at = fields.DatetimeField(null=True)

    class Meta:
        table = "policy_version"
        unique_together = (("source_id", "key"),)
        indexes = (Index(fields=("effective_from", "version")), Index(fields=("raw_id",)))
