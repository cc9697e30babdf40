"""PricePolicy (价格政策): a price the brand states for a base article."""

from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct

PriceKind = Literal["factory", "wholesale", "retail", "map", "msrp"]


class PricePolicy(Struct, frozen=True, kw_only=True):
    """A net price per base unit on [valid_from, valid_to), from `min_units` base units per line."""

    policy_id: str
    kind: PriceKind
    sku: str
    unit_price: Decimal
    currency: str
    valid_from: date
    region: str | None = None
    channel: str | None = None
    min_units: Decimal = Decimal(0)
    valid_to: date | None = None
