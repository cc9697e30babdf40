"""Items of the Admin API as they arrive. Money is whole minor units."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

Instant = Annotated[datetime, Meta(tz=True)]
Percent = Annotated[float, Meta(ge=0, le=1_000)]


class VariantRow(Struct, kw_only=True, rename="camel"):
    id: str
    sku: str
    name: str
    updated_at: Instant


class Country(Struct, kw_only=True):
    code: str | None = None


class CustomerAddress(Struct, kw_only=True):
    province: str | None = None
    country: Country | None = None


class Group(Struct, kw_only=True):
    name: str


class CustomerRow(Struct, kw_only=True, rename="camel"):
    id: str
    first_name: str | None
    last_name: str | None
    email_address: str | None
    phone_number: str | None = None
    updated_at: Instant
    groups: list[Group] = []
    addresses: list[CustomerAddress] | None = None


class StockLocation(Struct, kw_only=True):
    id: str
    name: str


class PartRow(Struct, kw_only=True, rename="camel"):
    id: str
    updated_at: Instant
    stock_on_hand: int
    stock_allocated: int


class LevelRow(Struct, kw_only=True, rename="camel"):
    """What a place holds of one SKU: a part for each variant that carries it."""

    sku: str
    stock_location: StockLocation
    parts: Annotated[list[PartRow], Meta(min_length=1)]


class Customer(Struct, kw_only=True):
    id: str


class OrderAddress(Struct, kw_only=True, rename="camel"):
    country_code: str | None = None
    province: str | None = None


class Sku(Struct, kw_only=True):
    sku: str


class LineRow(Struct, kw_only=True, rename="camel"):
    """`prorated_line_price` is net, after all discounts, for `quantity`; cancelling takes the quantity to zero."""

    id: str
    quantity: int
    order_placed_quantity: int
    tax_rate: Percent
    prorated_line_price: int
    product_variant: Sku


class OrderRow(Struct, kw_only=True, rename="camel"):
    id: str
    code: str
    type: str = "Regular"
    state: str
    active: bool
    order_placed_at: Instant | None
    updated_at: Instant
    currency_code: str
    customer: Customer | None
    shipping_address: OrderAddress | None
    lines: list[LineRow]
