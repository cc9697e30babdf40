"""Where partners and their aliases rest."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Canonical, Golden, Numeric


class PartnerRow(Golden):
    name = fields.TextField()
    parent_id = fields.BigIntField(null=True)
    type = fields.TextField(db_default="distributor")
    model = fields.TextField(db_default="buy_sell")
    channel_kind = fields.TextField(db_default="traditional")
    tier = fields.TextField(null=True)
    level = fields.IntField(db_default=0)
    status = fields.TextField(db_default="active")
    lifecycle = fields.TextField(db_default="development")
    home_region_id = fields.BigIntField(null=True)
    tax_id = fields.TextField(null=True)
    domain = fields.TextField(null=True)
    credit_limit = Numeric(null=True)
    credit_currency = fields.TextField(null=True)
    joined_on = fields.DateField(null=True)
    left_on = fields.DateField(null=True)
    legal_name = fields.TextField(null=True)
    manager = fields.TextField(null=True)

    class Meta:
        table = "partner"
        unique_together = (("code",),)
        indexes = (Index(fields=("parent_id",)), Index(fields=("home_region_id",)), Index(fields=("tax_id",)))


class PartnerAliasRow(Canonical):
    """`alias_key` is the alias after NFKC, lower-casing and removal of white space."""

    alias = fields.TextField()
    alias_key = fields.TextField()
    channel = fields.TextField(db_default="*")
    partner_id = fields.BigIntField(null=True)
    status = fields.TextField(db_default="confirmed")

    class Meta:
        table = "partner_alias"
        unique_together = (("source_id", "key"),)
        indexes = (Index(fields=("alias_key", "channel")), Index(fields=("partner_id",)), Index(fields=("raw_id",)))
