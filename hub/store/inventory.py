"""Where stock levels, months and reservations rest."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Canonical, Numeric


class InventoryLevelRow(Canonical):
    """One count. `is_latest` marks the newest count of its source, place and product."""

    location_id = fields.BigIntField()
    product_id = fields.BigIntField()
    as_of = fields.DatetimeField()
    on_hand = Numeric()
    in_transit = Numeric()
    safety_stock = Numeric()
    reserved = Numeric(null=True)
    is_latest = fields.BooleanField(db_default=True)

    class Meta:
        table = "inventory_level"
        unique_together = (("source_id", "key"),)
        indexes = (
            Index(fields=("location_id", "product_id", "as_of")),
            Index(fields=("product_id",)),
            Index(fields=("as_of", "id")),
            Index(fields=("raw_id",)),
        )


class InventoryMonthRow(Canonical):
    partner_id = fields.BigIntField()
    product_id = fields.BigIntField()
    month = fields.DateField()
    opening = Numeric()
    closing = Numeric()
    sell_in = Numeric()
    sell_out = Numeric()
    returns = Numeric()
    returns_out = Numeric()
    transfers_in = Numeric()
    transfers_out = Numeric()
    adjustments = Numeric()

    class Meta:
        table = "inventory_month"
        unique_together = (("source_id", "key"),)
        indexes = (Index(fields=("partner_id", "product_id", "month")), Index(fields=("raw_id",)))


class ReservationRow(Canonical):
    location_id = fields.BigIntField()
    product_id = fields.BigIntField()
    qty = Numeric()
    channel = fields.TextField(db_default="trade")
    order_ref = fields.TextField(null=True)
    status = fields.TextField(db_default="open")
    reserved_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)

    class Meta:
        table = "reservation"
        unique_together = (("source_id", "key"),)
        indexes = (Index(fields=("location_id", "product_id")), Index(fields=("raw_id",)))
