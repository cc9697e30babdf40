"""Where territory grants rest."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Canonical


class TerritoryGrantRow(Canonical):
    """`key` is the grant id. `revision` grows with each change of the record."""

    partner_id = fields.BigIntField()
    region_id = fields.BigIntField()
    product_group = fields.TextField(db_default="*")
    segment = fields.TextField(db_default="*")
    exclusivity = fields.TextField()
    valid_from = fields.DateField()
    valid_to = fields.DateField(null=True)
    contract_ref = fields.TextField(null=True)
    revision = fields.IntField(db_default=1)

    class Meta:
        table = "territory_grant"
        unique_together = (("source_id", "key"),)
        indexes = (
            Index(fields=("region_id", "product_group")),
            Index(fields=("partner_id",)),
            Index(fields=("raw_id",)),
        )
