"""Promotion (促销): a time in which lower prices are agreed."""

from datetime import date
from decimal import Decimal

from msgspec import Struct


class Promotion(Struct, frozen=True, kw_only=True):
    """Runs on [valid_from, valid_to); an absent scope is any. `floor_price` is net per base unit."""

    promotion_id: str
    name: str
    valid_from: date
    valid_to: date
    sku: str | None = None
    product_group: str | None = None
    region: str | None = None
    channel: str | None = None
    partner: str | None = None
    floor_price: Decimal | None = None
    currency: str | None = None
