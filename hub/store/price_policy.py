"""Where policy prices rest."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Canonical, Numeric


class PricePolicyRow(Canonical):
    """`key` is the policy id; `product_id` is always a base article."""

    kind = fields.TextField()
    product_id = fields.BigIntField()
    region_id = fields.BigIntField(null=True)
    channel = fields.TextField(null=True)
    min_units = Numeric()
    unit_price = Numeric()
    currency = fields.TextField()
    valid_from = fields.DateField()
    valid_to = fields.DateField(null=True)
    revision = fields.IntField(db_default=1)

    class Meta:
        table = "price_policy"
        unique_together = (("source_id", "key"),)
        indexes = (Index(fields=("product_id", "kind", "valid_from")), Index(fields=("raw_id",)))
