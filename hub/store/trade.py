"""What detection reads of orders: a narrow row for each line that counts, kept by the detector from the marks of changes.

A line counts when neither it nor its order is deleted or cancelled and not all of it came back. Rules look here for lines by
article, seller, buyer, place and day; what only few lines are asked for stays with the order.
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from hub.store.base import Numeric, Row


class TradeLineRow(Model):
    """One order line that counts.

    `units` and `net_units` (less what came back) count base units. `unit_net` is the price of one base unit, net of tax, in
    the base currency on the day, unknown without a rate; `value` is that of the net units, to two decimals. `facts` is a hash
    over all that rules can see of the line, so that a line that is as it was is not judged again.
    """

    line_id = fields.BigIntField(primary_key=True, generated=False)
    order_id = fields.BigIntField()
    kind = fields.TextField()
    partner_id = fields.BigIntField(null=True)
    buyer_partner_id = fields.BigIntField(null=True)
    customer_id = fields.BigIntField(null=True)
    region_id = fields.BigIntField(null=True)
    channel = fields.TextField()
    invoice_ref = fields.TextField(null=True)
    day = fields.DateField()
    product_id = fields.BigIntField()
    base_id = fields.BigIntField()
    product_group = fields.TextField()
    units = Numeric()
    net_units = Numeric()
    unit_net = Numeric(null=True)
    value = Numeric(null=True)
    facts = fields.BigIntField(db_default=0)

    class Meta:
        table = "trade_line"
        indexes = (
            Index(fields=("order_id",)),
            Index(fields=("base_id", "day")),
            Index(fields=("partner_id", "product_group", "day")),
            Index(fields=("region_id", "product_group", "day")),
            Index(fields=("buyer_partner_id", "base_id", "day")),
        )


class TradeMonthRow(Row):
    """What a partner sold in a month: the value of its sell-out lines, and how many of them have a known value."""

    partner_id = fields.BigIntField()
    month = fields.DateField()
    value = Numeric()
    priced = fields.BigIntField()

    class Meta:
        table = "trade_month"
        unique_together = (("partner_id", "month"),)


class TradeSpanRow(Row):
    """Between which prices the sell-out lines of a base article in a month lie: never narrower than they do, at times wider."""

    base_id = fields.BigIntField()
    month = fields.DateField()
    lowest = Numeric()
    highest = Numeric()

    class Meta:
        table = "trade_span"
        unique_together = (("base_id", "month"),)
