"""Where products rest."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Golden, Numeric


class ProductRow(Golden):
    """`base_id` is the row itself for a base article."""

    name = fields.TextField()
    base_id = fields.BigIntField()
    units_per_pack = Numeric()
    product_group = fields.TextField(db_default="-")
    brand = fields.TextField(null=True)
    gtin = fields.TextField(null=True)
    unit_cost = Numeric(null=True)
    cost_currency = fields.TextField(null=True)
    launched_on = fields.DateField(null=True)

    class Meta:
        table = "product"
        unique_together = (("code",),)
        indexes = (Index(fields=("base_id",)), Index(fields=("product_group",)), Index(fields=("name", "id")))
