"""Items of Vendure to canonical records."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from connectors import MappingError
from connectors.payload import decode
from connectors.vendure.config import VendureConfig
from connectors.vendure.rows import CustomerAddress, CustomerRow, LevelRow, LineRow, OrderAddress, OrderRow, VariantRow
from hub.records import CanonicalRecord, Customer, InventoryLevel, Location, Order, OrderLine, Product, Region
from hub.records.order import LineStatus

# ISO 4217 currencies whose minor unit is not a hundredth.
MINOR_DIGITS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
# What fits a line number; shops may use identifiers of another kind.
WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
STATUS: Mapping[str, LineStatus] = {"Delivered": "delivered", "Shipped": "shipped", "PartiallyDelivered": "shipped"}


def products(config: VendureConfig, raw: bytes) -> Iterator[CanonicalRecord]:
    """Yield the product of one variant."""
    row = decode(raw, VariantRow)
    yield Product(sku=coded(row.sku, "$.sku"), name=row.name, base_sku=row.sku)


def customers(config: VendureConfig, raw: bytes) -> Iterator[CanonicalRecord]:
    """Yield one customer, and the country of its first address where the settings name no other region."""
    row = decode(raw, CustomerRow)
    address = next(iter(row.addresses or ()), CustomerAddress())
    place = region(config, address.country.code if address.country else None, address.province)
    name = " ".join(part for part in (row.first_name, row.last_name) if part)
    yield Customer(
        code=row.id,
        name=name or None,
        kind="consumer",
        region=place,
        email=row.email_address or None,
        phone=row.phone_number or None,
        tags=tuple(sorted(group.name for group in row.groups)),
    )
    yield from country(config, place)


def inventory(config: VendureConfig, raw: bytes) -> Iterator[CanonicalRecord]:
    """Yield the level of one SKU in one place, and the place."""
    row = decode(raw, LevelRow)
    place = row.stock_location
    yield InventoryLevel(
        location=place.id,
        sku=row.sku,
        as_of=max(part.updated_at for part in row.parts),
        on_hand=Decimal(sum(part.stock_on_hand for part in row.parts)),
        reserved=Decimal(sum(part.stock_allocated for part in row.parts)),
    )
    yield Location(code=place.id, name=place.name, partner=config.partner)


def orders(config: VendureConfig, raw: bytes) -> Iterator[CanonicalRecord]:
    """Yield one order.

    One that was never placed is a cart or a draft and yields nothing. Where several sellers share a shop, an aggregate holds
    what stands in their orders once more.
    """
    row = decode(raw, OrderRow)
    if row.order_placed_at is None or row.type == "Aggregate":
        return
    address = row.shipping_address or OrderAddress()
    place = region(config, address.country_code, address.province)
    yield Order(
        number=coded(row.code, "$.code"),
        kind="sell_out",
        ordered_on=business_day(config, row.order_placed_at),
        placed_at=row.order_placed_at,
        updated_at=row.updated_at,
        currency=row.currency_code,
        lines=tuple(line(row, item, index) for index, item in enumerate(row.lines)),
        seller=config.partner,
        customer=row.customer.id if row.customer else None,
        channel=config.channel,
        ship_to_region=place,
        source_status=row.state,
    )
    yield from country(config, place)


def business_day(config: VendureConfig, placed_at: datetime) -> date:
    """Return the day of an instant where the shop does business."""
    try:
        return placed_at.astimezone(ZoneInfo(config.time_zone)).date()
    except OverflowError as error:
        raise MappingError(f"{placed_at} is outside the calendar.", code="bad_value", field="$.orderPlacedAt") from error


def line(row: OrderRow, item: LineRow, index: int) -> OrderLine:
    """Return one line. Vendure numbers lines by its own ids; a cancelled one keeps what was ordered."""
    cancelled = row.state == "Cancelled" or item.quantity == 0
    status: LineStatus = "cancelled" if cancelled else STATUS.get(row.state, "open")
    return OrderLine(
        number=int(item.id) if WHOLE_NUMBER.fullmatch(item.id) else index + 1,
        sku=coded(item.product_variant.sku, f"$.lines[{index}].productVariant.sku"),
        qty=Decimal(item.quantity or item.order_placed_quantity or 1),
        amount=money(item.prorated_line_price, row.currency_code),
        tax_rate=Decimal(repr(item.tax_rate)) / 100,
        status=status,
    )


def money(minor: int, currency: str) -> Decimal:
    """Return an amount in major units."""
    return Decimal(minor).scaleb(-MINOR_DIGITS.get(currency, 2))


def region(config: VendureConfig, country_code: str | None, province: str | None) -> str | None:
    """Return the region of an address: what the settings call its province or its country, else the country's code."""
    if not country_code:
        return None
    return config.regions.get(f"{country_code}-{province}") or config.regions.get(country_code) or country_code


def country(config: VendureConfig, place: str | None) -> Iterator[Region]:
    """Yield the country an address names by itself; regions the settings name are the masters' to describe."""
    if place is not None and place not in config.regions.values():
        yield Region(code=place, name=place, kind="country")


def coded(code: str, path: str) -> str:
    if not code:
        raise MappingError(f"{path} is empty; give the record one in Vendure.", code="missing", field=path)
    return code


MAPPINGS: Mapping[str, Callable[[VendureConfig, bytes], Iterator[CanonicalRecord]]] = {
    "products": products,
    "customers": customers,
    "inventory": inventory,
    "orders": orders,
}
