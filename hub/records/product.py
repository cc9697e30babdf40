"""Product (产品): a stock-keeping unit, and how many base units it holds."""

from datetime import date
from decimal import Decimal

from msgspec import Struct


class Product(Struct, frozen=True, kw_only=True):
    """A sellable article. A base article names itself as `base_sku` and has one unit per pack."""

    sku: str
    name: str
    base_sku: str
    units_per_pack: Decimal = Decimal(1)
    product_group: str = "-"
    brand: str | None = None
    gtin: str | None = None
    unit_cost: Decimal | None = None
    cost_currency: str | None = None
    launched_on: date | None = None
