"""Where promotions rest."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Canonical, Numeric


class PromotionRow(Canonical):
    """`key` is the promotion id; an absent scope is any."""

    name = fields.TextField()
    product_id = fields.BigIntField(null=True)
    product_group = fields.TextField(null=True)
    region_id = fields.BigIntField(null=True)
    channel = fields.TextField(null=True)
    partner_id = fields.BigIntField(null=True)
    floor_price = Numeric(null=True)
    currency = fields.TextField(null=True)
    valid_from = fields.DateField()
    valid_to = fields.DateField()
    revision = fields.IntField(db_default=1)

    class Meta:
        table = "promotion"
        unique_together = (("source_id", "key"),)
        indexes = (
            Index(fields=("product_id",)),
            Index(fields=("product_group",)),
            Index(fields=("valid_from", "valid_to")),
            Index(fields=("raw_id",)),
        )
