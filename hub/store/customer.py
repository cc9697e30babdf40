"""Where customers rest."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import ArrayField, Golden, empty_array


class CustomerRow(Golden):
    name = fields.TextField()
    parent_id = fields.BigIntField(null=True)
    kind = fields.TextField(db_default="account")
    segment = fields.TextField(null=True)
    region_id = fields.BigIntField(null=True)
    partner_id = fields.BigIntField(null=True)
    tax_id = fields.TextField(null=True)
    domain = fields.TextField(null=True)
    email = fields.TextField(null=True)
    phone = fields.TextField(null=True)
    key_account = fields.BooleanField(db_default=False)
    tags = ArrayField("text", db_default=empty_array("text"))

    class Meta:
        table = "customer"
        unique_together = (("code",),)
        indexes = (
            Index(fields=("name", "id")),
            Index(fields=("region_id",)),
            Index(fields=("partner_id",)),
            Index(fields=("parent_id",)),
            Index(fields=("tax_id",)),
        )
