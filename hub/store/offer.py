"""Where observed offers rest."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Canonical, Numeric


class OfferRow(Canonical):
    """`partner_id` is what the source said; `seller_key` is the seller's name in the form aliases are compared in."""

    listing_id = fields.TextField()
    observed_at = fields.DatetimeField()
    seller = fields.TextField()
    seller_key = fields.TextField()
    channel = fields.TextField()
    product_id = fields.BigIntField()
    partner_id = fields.BigIntField(null=True)
    region_id = fields.BigIntField(null=True)
    price = Numeric()
    min_qty = Numeric()
    currency = fields.TextField()
    tax_included = fields.BooleanField(db_default=False)
    tax_rate = Numeric()
    price_kind = fields.TextField(db_default="advertised")
    condition = fields.TextField(db_default="new")
    url = fields.TextField(null=True)
    evidence_hash = fields.TextField(null=True)
    basis = fields.TextField(null=True)

    class Meta:
        table = "offer"
        unique_together = (("source_id", "key"),)
        indexes = (
            Index(fields=("listing_id", "observed_at")),
            Index(fields=("product_id", "observed_at")),
            Index(fields=("observed_at", "id")),
            Index(fields=("seller_key", "channel")),
            Index(fields=("partner_id",)),
            Index(fields=("raw_id",)),
        )
