"""Rows as Tryton sends them, as far as they are read.

Stamps arrive without a zone and are UTC. An amount is a wrapped decimal, but a quantity is a plain float: it is read by
its decimal text. What a relation leads to stands under the relation's name with a dot behind it.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

Year = Annotated[int, Meta(ge=2, le=9_998)]  # a zone may move an instant into the year beside it
Part = Annotated[int, Meta(ge=0, le=999_999)]
LineId = Annotated[int, Meta(ge=1, le=2_147_483_647)]
MOST = Decimal(10) ** 15


class Stamp(Struct, frozen=True):
    """An instant as Tryton wraps it."""

    year: Year
    month: Part
    day: Part
    hour: Part
    minute: Part
    second: Part
    microsecond: Part

    def __post_init__(self) -> None:
        self.instant()

    def instant(self) -> datetime:
        return datetime(self.year, self.month, self.day, self.hour, self.minute, self.second, self.microsecond, UTC)


class Day(Struct, frozen=True):
    """A day as Tryton wraps it."""

    year: Year
    month: Part
    day: Part

    def __post_init__(self) -> None:
        self.date()

    def date(self) -> date:
        return date(self.year, self.month, self.day)


class Amount(Struct, frozen=True):
    """A decimal as Tryton wraps it."""

    decimal: Decimal

    def __post_init__(self) -> None:
        ordinary(self.decimal)


class Coded(Struct, frozen=True):
    """A related record of which only the code matters."""

    id: int
    code: str | None


class Address(Struct, frozen=True):
    """Where something is. Countries and subdivisions carry ISO 3166 codes."""

    country: Coded | None = field(name="country.")
    subdivision: Coded | None = field(name="subdivision.")


class Identifier(Struct, frozen=True):
    """A product's number in a public scheme."""

    type: str | None
    code: str | None


class ProductRow(Struct, frozen=True):
    """A variant. Its name and code already include those of its template."""

    code: str | None
    name: str
    identifiers: tuple[Identifier, ...] = field(name="identifiers.")


class PartyAddress(Address, frozen=True):
    """One of a party's addresses."""

    active: bool | int  # a database without booleans sends 0 and 1


class PartyRow(Struct, frozen=True):
    """Anyone the company deals with."""

    id: int
    name: str | None
    email: str | None
    phone: str | None
    website: str | None
    tax_identifier: Coded | None = field(name="tax_identifier.")
    addresses: tuple[PartyAddress, ...] = field(name="addresses.")


class StockRow(Struct, frozen=True):
    """What a record of the stock stream is about."""

    kind: Literal["warehouse", "level"]


class WarehouseRow(Struct, frozen=True):
    """A place that holds stock."""

    id: int
    code: str | None
    name: str
    address: Address | None = field(name="address.")


class LevelRow(Struct, frozen=True):
    """What one warehouse held of one product when it was asked."""

    code: str | None
    quantity: Decimal
    warehouse: Coded = field(name="warehouse.")
    read_at: datetime

    def __post_init__(self) -> None:
        ordinary(self.quantity)


class Unit(Struct, frozen=True):
    """A unit of measure; `factor` of them make the base unit of its category."""

    id: int
    factor: Decimal

    def __post_init__(self) -> None:
        if ordinary(self.factor) <= 0:
            raise ValueError(f"{self.factor} is no factor of a unit")


class SoldProduct(Struct, frozen=True):
    """The product of a sale line."""

    code: str | None
    default_uom: Unit = field(name="default_uom.")


class SaleLine(Struct, frozen=True):
    """A line of a sale; titles, comments and subtotals have no product."""

    id: LineId
    quantity: Decimal | None
    amount: Amount | None
    product: SoldProduct | None = field(name="product.")
    unit: Unit | None = field(name="unit.")

    def __post_init__(self) -> None:
        ordinary(self.quantity or Decimal(0))


class SaleRow(Struct, frozen=True):
    """A sale with its lines. The number comes with the quotation, the date with the confirmation."""

    number: str | None
    state: Literal["draft", "quotation", "confirmed", "processing", "done", "cancelled"]
    shipment_state: str | None
    party: int
    sale_date: Day | None
    create_date: Stamp
    write_date: Stamp | None
    currency: Coded = field(name="currency.")
    shipment_address: Address | None = field(name="shipment_address.")
    warehouse: Coded | None = field(name="warehouse.")
    lines: tuple[SaleLine, ...] = field(name="lines.")


def ordinary(number: Decimal) -> Decimal:
    """Return a number that can be reckoned with; a decimal may also be endless or none at all."""
    if not number.is_finite() or abs(number) >= MOST:
        raise ValueError(f"{number} is no quantity or amount")
    return number
