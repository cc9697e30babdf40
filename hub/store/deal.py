"""Where deal registrations rest."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Canonical, Numeric


class DealRegistrationRow(Canonical):
    """`key` is the deal id."""

    partner_id = fields.BigIntField()
    customer_id = fields.BigIntField(null=True)
    account_tax_id = fields.TextField(null=True)
    account_domain = fields.TextField(null=True)
    account_name = fields.TextField(null=True)
    product_group = fields.TextField(db_default="*")
    registered_at = fields.DatetimeField()
    expires_on = fields.DateField(null=True)
    status = fields.TextField()
    amount = Numeric(null=True)
    currency = fields.TextField(null=True)
    linked_deal = fields.TextField(null=True)
    renewal = fields.BooleanField(db_default=False)
    stage = fields.TextField(null=True)
    stage_at = fields.DatetimeField(null=True)

    class Meta:
        table = "deal_registration"
        unique_together = (("source_id", "key"),)
        indexes = (
            Index(fields=("registered_at", "id")),
            Index(fields=("partner_id",)),
            Index(fields=("customer_id",)),
            Index(fields=("raw_id",)),
        )
