"""Where serial events rest."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Canonical, Numeric


class SerialEventRow(Canonical):
    serial = fields.TextField()
    product_id = fields.BigIntField()
    event = fields.TextField()
    partner_id = fields.BigIntField(null=True)
    region_id = fields.BigIntField(null=True)
    happened_at = fields.DatetimeField()
    accuracy_km = Numeric(null=True)
    lot = fields.TextField(null=True)
    invoice_ref = fields.TextField(null=True)
    photo_hash = fields.TextField(null=True)

    class Meta:
        table = "serial_event"
        unique_together = (("source_id", "key"),)
        indexes = (
            Index(fields=("serial", "happened_at")),
            Index(fields=("product_id", "lot")),
            Index(fields=("region_id",)),
            Index(fields=("raw_id",)),
        )
