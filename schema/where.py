"""What lists can be asked: the conditions on one value, and the order of a list."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, TypeVar

import strawberry

from schema.compiler.catalog import KEY, Figure, Related, Where
from schema.context import Role
from schema.scalars import ConflictClass, CurrencyCode, RegionCode

T = TypeVar("T")
V = TypeVar("V")


def asked(description: str, name: str | None = None) -> Any:
    """Declare an optional field of an input."""
    return strawberry.field(description=description, name=name, default=strawberry.UNSET)


def given(value: V | None) -> V | None:
    """Return what an optional field of an input holds; None when it was left out."""
    return None if value is strawberry.UNSET else value


def where(
    sql: str | Figure | tuple[str, ...],
    description: str,
    *,
    cast: str = "text",
    to: str | None = None,
    through: tuple[str, str] | None = None,
    unfolded: str | None = None,
    roles: tuple[Role, ...] = (),
) -> Any:
    """Declare what a field of a filter asks about: a column, or a condition with `{value}` in it."""
    about = Where(sql, cast, to, through, unfolded, roles)
    return strawberry.field(description=description, metadata={KEY: about}, default=strawberry.UNSET)


def related(to: str, join: str, description: str, *, several: bool = False) -> Any:
    """Declare a field of a filter that asks about related rows: `join` is that of the field that shows them."""
    return strawberry.field(description=description, metadata={KEY: Related(to, join, several)}, default=strawberry.UNSET)


@strawberry.input(
    description="Conditions on a text. All given conditions must hold. Comparison is by code point unless said otherwise."
)
class StringFilter:
    eq: str | None = asked("Equal.")
    ne: str | None = asked("Not equal. Rows without a value do not match.")
    in_: list[str] | None = asked("Equal to one of at most 500.", "in")
    starts_with: str | None = asked("Starts with.")
    contains: str | None = asked("Contains, without regard to case; 2 characters at least.")
    is_null: bool | None = asked("Whether there is no value.")


@strawberry.input(name="IDFilter", description="Conditions on an id.")
class IDFilter:
    eq: strawberry.ID | None = asked("Equal.")
    in_: list[strawberry.ID] | None = asked("Equal to one of at most 500.", "in")
    is_null: bool | None = asked("Whether there is no value.")


@strawberry.input(description="Conditions on a whole number.")
class IntFilter:
    eq: int | None = asked("Equal.")
    in_: list[int] | None = asked("Equal to one of at most 500.", "in")
    gte: int | None = asked("At least.")
    lt: int | None = asked("Less than.")


@strawberry.input(description="Conditions on a decimal number or on points.")
class DecimalFilter:
    eq: Decimal | None = asked("Equal.")
    gte: Decimal | None = asked("At least.")
    lt: Decimal | None = asked("Less than.")
    is_null: bool | None = asked("Whether there is no value.")


@strawberry.input(description="Conditions on an instant. Half-open: `gte` and `lt` together make a period.")
class DateTimeFilter:
    gte: datetime | None = asked("At or after.")
    lt: datetime | None = asked("Before.")
    is_null: bool | None = asked("Whether there is no value.")


@strawberry.input(description="Conditions on a day. Half-open: `gte` and `lt` together make a period.")
class DateFilter:
    eq: date | None = asked("On this day.")
    gte: date | None = asked("On or after.")
    lt: date | None = asked("Before.")
    is_null: bool | None = asked("Whether there is no value.")


@strawberry.input(description="Conditions on money. Only amounts in `currency` match; nothing is converted.")
class MoneyFilter:
    currency: CurrencyCode = strawberry.field(description="Currency.")
    gte: Decimal | None = asked("At least, in major units.")
    lt: Decimal | None = asked("Less than, in major units.")


@strawberry.input(description="Conditions on a region.")
class RegionFilter:
    eq: RegionCode | None = asked("Exactly this region.")
    within: RegionCode | None = asked("This region or any below it.")
    is_null: bool | None = asked("Whether there is no region.")


@strawberry.input(description="Conditions on one of a few words.")
class Choice(Generic[T]):
    eq: T | None = asked("Equal.")
    in_: list[T] | None = asked("Equal to one of these.", "in")
    not_in: list[T] | None = asked("Equal to none of these.")


@strawberry.input(description="Conditions on a list. Only what the caller may see is in it.")
class Several(Generic[T]):
    some: T | None = asked("At least one is such.")
    none: T | None = asked("None is such.")


@strawberry.input(description="Conditions on ConflictClass.")
class ConflictClassFilter(Choice[ConflictClass]):
    pass


@strawberry.enum(description="Direction of a sort key.")
class SortDirection(Enum):
    ASC = strawberry.enum_value("asc", description="Smallest, oldest or A first.")
    DESC = strawberry.enum_value("desc", description="Largest, newest or Z first.")


@strawberry.enum(description="Where rows without a value go.")
class NullsOrder(Enum):
    FIRST = strawberry.enum_value("first", description="Before all others.")
    LAST = strawberry.enum_value("last", description="After all others.")


@strawberry.input(description="One sort key. At most 3 keys.")
class SortKey(Generic[T]):
    field: T = strawberry.field(description="Key.")
    direction: SortDirection = strawberry.field(description="Direction.", default=SortDirection.ASC)
    nulls: NullsOrder = strawberry.field(description="Where rows without a value go.", default=NullsOrder.LAST)
