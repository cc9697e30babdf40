"""Where claims rest."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Canonical, Numeric


class ClaimRow(Canonical):
    """`key` is the claim id."""

    partner_id = fields.BigIntField()
    program = fields.TextField()
    kind = fields.TextField(db_default="rebate")
    product_id = fields.BigIntField(null=True)
    qty = Numeric(null=True)
    amount = Numeric()
    currency = fields.TextField()
    claim_date = fields.DateField()
    customer_id = fields.BigIntField(null=True)
    invoice_ref = fields.TextField(null=True)
    serial = fields.TextField(null=True)
    status = fields.TextField(db_default="submitted")
    replaces = fields.TextField(null=True)

    class Meta:
        table = "claim"
        unique_together = (("source_id", "key"),)
        indexes = (
            Index(fields=("claim_date", "id")),
            Index(fields=("partner_id", "program")),
            Index(fields=("program", "product_id")),
            Index(fields=("serial",)),
            Index(fields=("raw_id",)),
        )
