"""Offer: a price seen, not a price set."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

PriceKind = Literal["advertised", "in_cart", "logged_in", "coupon"]
Condition = Literal["new", "refurbished", "used", "short_dated"]


class Offer(Struct, frozen=True, kw_only=True):
    """One observation of a public offer: `price` buys `min_qty` of `sku`."""

    listing_id: str
    observed_at: datetime
    seller: str
    channel: str
    sku: str
    price: Decimal
    currency: str
    partner: str | None = None
    region: str | None = None
    min_qty: Decimal = Decimal(1)
    tax_included: bool = False
    tax_rate: Decimal = Decimal(0)
    price_kind: PriceKind = "advertised"
    condition: Condition = "new"
    url: str | None = None
    evidence_hash: str | None = None
    basis: str | None = None
