"""Order and its lines. A return is an order of its own whose lines name the lines that came back."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

OrderKind = Literal["sell_in", "sell_out", "return", "transfer"]
Initiated = Literal["active", "passive", "unknown"]
LineStatus = Literal["open", "shipped", "delivered", "cancelled"]


class OrderLine(Struct, frozen=True, kw_only=True, gc=False):
    """One product on an order.

    `qty` counts the SKU and is always positive; `amount` is the line total after all discounts, without freight, in the
    order's currency. `return_of` names (order number, line number) of the line that came back, in the same source.
    """

    number: int
    sku: str
    qty: Decimal
    amount: Decimal
    tax_included: bool = False
    tax_rate: Decimal = Decimal(0)
    status: LineStatus = "open"
    return_of: tuple[str, int] | None = None
    serials: tuple[str, ...] = ()
    lot: str | None = None
    qty_shipped: Decimal | None = None
    qty_delivered: Decimal | None = None
    requested_on: date | None = None
    promised_on: date | None = None
    shipped_on: date | None = None
    delivered_on: date | None = None
    cost_amount: Decimal | None = None
    cost_currency: str | None = None


class Order(Struct, frozen=True, kw_only=True, gc=False):
    """One sale by one seller, or one return.

    `ordered_on` is the business day: the day for prices, grants and rates. `placed_at` is the instant where the source has
    one. `seller` None is the brand itself. `ship_to_region` is the destination the territory rules use.
    """

    number: str
    kind: OrderKind
    ordered_on: date
    currency: str
    lines: tuple[OrderLine, ...]
    placed_at: datetime | None = None
    placed_at_text: str | None = None
    updated_at: datetime | None = None
    seller: str | None = None
    buyer_partner: str | None = None
    customer: str | None = None
    channel: str = "trade"
    invoice_ref: str | None = None
    initiated: Initiated = "unknown"
    drop_ship_for: str | None = None
    deal_ref: str | None = None
    promo_ref: str | None = None
    ship_from_region: str | None = None
    ship_to_region: str | None = None
    ship_to_location: str | None = None
    bill_to_region: str | None = None
    location: str | None = None
    source_status: str | None = None
