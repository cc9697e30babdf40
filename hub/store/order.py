"""Where orders and their lines rest."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import ArrayField, Canonical, Numeric, empty_array


class OrderRow(Canonical):
    """`partner_id` is the seller, null for the brand; `key` is the order number.

    Places the source left out are filled from the customer and the location; `given` names the columns the source gave,
    so that a later change of the customer or location reaches only the others. `state`, `total` and `line_count` follow
    from the lines.
    """

    kind = fields.TextField()
    state = fields.TextField(db_default="open")
    source_status = fields.TextField(null=True)
    ordered_on = fields.DateField()
    placed_at = fields.DatetimeField()
    placed_at_text = fields.TextField(null=True)
    partner_id = fields.BigIntField(null=True)
    buyer_partner_id = fields.BigIntField(null=True)
    customer_id = fields.BigIntField(null=True)
    channel = fields.TextField(db_default="trade")
    invoice_ref = fields.TextField(null=True)
    initiated = fields.TextField(db_default="unknown")
    drop_ship_for_id = fields.BigIntField(null=True)
    deal_ref = fields.TextField(null=True)
    promo_ref = fields.TextField(null=True)
    ship_from_region_id = fields.BigIntField(null=True)
    ship_to_region_id = fields.BigIntField(null=True)
    ship_to_location_id = fields.BigIntField(null=True)
    bill_to_region_id = fields.BigIntField(null=True)
    location_id = fields.BigIntField(null=True)
    given = ArrayField("text", db_default=empty_array("text"))
    currency = fields.TextField()
    total = Numeric()
    net_total = Numeric()
    line_count = fields.IntField(db_default=0)

    class Meta:
        table = "sales_order"
        unique_together = (("source_id", "key"),)
        indexes = (
            Index(fields=("placed_at", "id")),
            Index(fields=("ordered_on",)),
            Index(fields=("partner_id", "ordered_on")),
            Index(fields=("partner_id", "placed_at", "id")),
            Index(fields=("partner_id", "ship_to_region_id", "ordered_on")),
            Index(fields=("ship_to_region_id", "ordered_on")),
            Index(fields=("ship_to_location_id",)),
            Index(fields=("customer_id", "partner_id")),
            Index(fields=("buyer_partner_id", "ordered_on")),
            Index(fields=("location_id",)),
            Index(fields=("raw_id",)),
        )


class OrderLineRow(Canonical):
    """`key` is `<order number>|<line number>`. `return_of_order` and `return_of_line` stand in the same source."""

    order_id = fields.BigIntField()
    number = fields.IntField()
    product_id = fields.BigIntField()
    sku = fields.TextField()
    qty = Numeric()
    amount = Numeric()
    tax_included = fields.BooleanField(db_default=False)
    tax_rate = Numeric()
    status = fields.TextField(db_default="open")
    return_of_order = fields.TextField(null=True)
    return_of_line = fields.IntField(null=True)
    serials = ArrayField("text", db_default=empty_array("text"))
    lot = fields.TextField(null=True)
    qty_shipped = Numeric(null=True)
    qty_delivered = Numeric(null=True)
    requested_on = fields.DateField(null=True)
    promised_on = fields.DateField(null=True)
    shipped_on = fields.DateField(null=True)
    delivered_on = fields.DateField(null=True)
    cost_amount = Numeric(null=True)
    cost_currency = fields.TextField(null=True)

    class Meta:
        table = "order_line"
        unique_together = (("order_id", "number"),)
        indexes = (
            Index(fields=("product_id", "order_id")),
            Index(fields=("source_id", "return_of_order", "return_of_line")),
            Index(fields=("raw_id",)),
        )
