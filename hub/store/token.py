"""Where API tokens rest: their hash, never the token."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Now, Row


class AccessTokenRow(Row):
    """`digest` is the SHA-256 of the token; `prefix` its first characters, to tell tokens apart."""

    name = fields.TextField()
    prefix = fields.TextField()
    digest = fields.BinaryField()
    role = fields.TextField()
    user_id = fields.BigIntField(null=True)
    partner_id = fields.BigIntField(null=True)
    created_at = fields.DatetimeField(db_default=Now())
    expires_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "access_token"
        unique_together = (("digest",),)
        indexes = (Index(fields=("user_id",)),)
