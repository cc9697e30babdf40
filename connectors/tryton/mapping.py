"""Rows of Tryton to canonical records."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from connectors import MappingError
from connectors.payload import decode
from connectors.tryton.config import TrytonConfig
from connectors.tryton.rows import Address, Coded, LevelRow, PartyRow, ProductRow, SaleLine, SaleRow, StockRow, WarehouseRow
from hub.records import CanonicalRecord, Customer, InventoryLevel, Location, Order, OrderLine, Product, Region
from hub.records.order import LineStatus, OrderKind

SIX_PLACES = Decimal("0.000001")


def products(config: TrytonConfig, raw: bytes) -> Iterator[CanonicalRecord]:
    """Yield the product of one variant."""
    row = decode(raw, ProductRow)
    sku = coded(row.code, "$.code")
    gtin = next((known.code for known in row.identifiers if known.type == "ean"), None)
    yield Product(sku=sku, name=row.name, base_sku=sku, gtin=gtin)


def customers(config: TrytonConfig, raw: bytes) -> Iterator[CanonicalRecord]:
    """Yield the customer of one party; it is where its first address in use is, and names that place."""
    row = decode(raw, PartyRow)
    address = next((address for address in row.addresses if address.active), None)
    yield Customer(
        code=str(row.id),
        name=row.name or None,
        region=region(config, address),
        tax_id=row.tax_identifier.code if row.tax_identifier else None,
        domain=domain(row.website),
        email=row.email or None,
        phone=row.phone or None,
    )
    yield from places(config, address)


def inventory(config: TrytonConfig, raw: bytes) -> Iterator[CanonicalRecord]:
    """Yield the place of a warehouse, or the level of one product in it."""
    if decode(raw, StockRow).kind == "warehouse":
        yield from warehouse(config, decode(raw, WarehouseRow))
    else:
        row = decode(raw, LevelRow)
        sku = coded(row.code, "$.code")
        yield InventoryLevel(location=code_of(row.warehouse), sku=sku, as_of=row.read_at, on_hand=row.quantity)


def warehouse(config: TrytonConfig, row: WarehouseRow) -> Iterator[CanonicalRecord]:
    yield Location(code=code_of(row), name=row.name, partner=config.partner, region=region(config, row.address))
    yield from places(config, row.address)


def orders(config: TrytonConfig, raw: bytes) -> Iterator[CanonicalRecord]:
    """Yield the order of one sale, and the return of what it takes back.

    Drafts and quotations are not sales yet. Tryton sells and takes back in one document, by the sign of the quantity.
    """
    row = decode(raw, SaleRow)
    if row.number is None or row.state in ("draft", "quotation"):
        return
    lines = [(sign, made) for index, line in enumerate(row.lines) for sign, made in sold(row, line, index)]
    out = tuple(made for sign, made in lines if sign > 0)
    back = tuple(made for sign, made in lines if sign < 0)
    if out or not back:
        yield order(config, row, "sell_out", row.number, out)
    if back:
        yield order(config, row, "return", f"{row.number}-return" if out else row.number, back)
    yield from places(config, row.shipment_address)


def order(config: TrytonConfig, row: SaleRow, kind: OrderKind, number: str, lines: tuple[OrderLine, ...]) -> Order:
    return Order(
        number=number,
        kind=kind,
        ordered_on=business_day(config, row),
        currency=coded(row.currency.code, "$.currency..code"),
        lines=lines,
        updated_at=(row.write_date or row.create_date).instant(),
        seller=config.partner,
        customer=str(row.party),
        channel=config.channel,
        ship_to_region=region(config, row.shipment_address),
        location=code_of(row.warehouse) if row.warehouse else None,
        source_status=row.state,
    )


def business_day(config: TrytonConfig, row: SaleRow) -> date:
    """Return the sale's own day; a sale cancelled before it was confirmed has none, and takes that of its creation."""
    if row.sale_date is not None:
        return row.sale_date.date()
    return row.create_date.instant().astimezone(ZoneInfo(config.time_zone)).date()


def sold(row: SaleRow, line: SaleLine, index: int) -> Iterator[tuple[int, OrderLine]]:
    """Yield a line of goods with its direction: 1 is sold, -1 is taken back. A line without product or quantity is none.

    The line's own id is its number, for it stays when lines before it come and go.
    """
    if line.product is None or not line.quantity or line.amount is None:
        return
    sku = coded(line.product.code, f"$.lines.[{index}].product..code")
    amount, sign = line.amount.decimal, 1 if line.quantity > 0 else -1
    yield (
        sign,
        OrderLine(number=line.id, sku=sku, qty=abs(in_stock_unit(line, index)), amount=sign * amount, status=status(row)),
    )


def in_stock_unit(line: SaleLine, index: int) -> Decimal:
    """Return the quantity in the product's default unit, which is what the SKU counts."""
    assert line.quantity is not None
    assert line.product is not None
    unit = line.product.default_uom
    if line.unit is None or line.unit.id == unit.id:
        return line.quantity
    try:
        return (line.quantity * line.unit.factor / unit.factor).quantize(SIX_PLACES)
    except InvalidOperation as error:
        field = f"$.lines.[{index}].quantity"
        raise MappingError(
            f"{field} is too much to be counted in the product's unit.", code="bad_value", field=field
        ) from error


def status(row: SaleRow) -> LineStatus:
    if row.state == "cancelled":
        return "cancelled"
    return "shipped" if row.shipment_state == "sent" else "open"


def region(config: TrytonConfig, address: Address | None) -> str | None:
    """Return the region of an address: what the settings call its subdivision or its country, else the finer code itself."""
    subdivision, country = codes(address)
    return named(config, address) or subdivision or country


def named(config: TrytonConfig, address: Address | None) -> str | None:
    return next((config.regions[code] for code in codes(address) if code is not None and code in config.regions), None)


def places(config: TrytonConfig, address: Address | None) -> Iterator[Region]:
    """Yield what an address names by its own codes; regions the settings name are the masters' to describe."""
    subdivision, country = codes(address)
    if country is None or named(config, address) is not None:
        return
    if subdivision is not None:
        yield Region(code=subdivision, name=subdivision, kind="province", parent=country)
    yield Region(code=country, name=country, kind="country")


def codes(address: Address | None) -> tuple[str | None, str | None]:
    """Return the codes of an address's subdivision and country; without its country a subdivision is nowhere."""
    if address is None or address.country is None or not address.country.code:
        return None, None
    return (address.subdivision.code or None) if address.subdivision else None, address.country.code


def code_of(warehouse: Coded | WarehouseRow) -> str:
    """Return a warehouse's code, or its id where it was given none."""
    return warehouse.code or str(warehouse.id)


def coded(code: str | None, path: str) -> str:
    if not code:
        raise MappingError(f"{path} is empty; give the record a code in Tryton.", code="missing", field=path)
    return code


def domain(website: str | None) -> str | None:
    """Return the host of a web address, which people write with or without its scheme."""
    host = re.sub(r"^\w+://", "", website or "").split("/")[0].lower()
    return host.removeprefix("www.") or None


MAPPINGS: Mapping[str, Callable[[TrytonConfig, bytes], Iterator[CanonicalRecord]]] = {
    "products": products,
    "customers": customers,
    "inventory": inventory,
    "orders": orders,
}
