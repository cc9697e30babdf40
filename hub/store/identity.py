"""Where golden records are tied to the source records they stand for."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Now, Row


class IdentityLinkRow(Row):
    """One source record of a golden noun. `basis` says why it is this golden record: own, masters, alias, tax_id, review."""

    noun = fields.TextField()
    source_id = fields.BigIntField()
    key = fields.TextField()
    golden_id = fields.BigIntField()
    raw_id = fields.BigIntField(null=True)
    name = fields.TextField(null=True)
    tax_id = fields.TextField(null=True)
    basis = fields.TextField(db_default="own")
    created_at = fields.DatetimeField(db_default=Now())
    deleted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "identity_link"
        unique_together = (("noun", "source_id", "key"),)
        indexes = (
            Index(fields=("golden_id",)),
            Index(fields=("noun", "key")),
            Index(fields=("noun", "tax_id")),
            Index(fields=("raw_id",)),
        )


class IdentityCandidateRow(Row):
    """Two golden records that may be one; only a person decides."""

    noun = fields.TextField()
    left_id = fields.BigIntField()
    right_id = fields.BigIntField()
    score = fields.FloatField()
    reason = fields.TextField()
    state = fields.TextField(db_default="open")
    decided_by = fields.BigIntField(null=True)
    decided_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "identity_candidate"
        unique_together = (("noun", "left_id", "right_id"),)
        indexes = (Index(fields=("state", "noun")),)
