"""The scalars of the API: exact decimals and instants as text, codes as names.

Compiled reads make the same texts in the database (`hub_decimal`, `hub_instant`, `hub_duration`); what stands here reads
arguments and writes the few values that Python makes.
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from schema.errors import bad_input

BigInt = NewType("BigInt", int)
CurrencyCode = NewType("CurrencyCode", str)
RegionCode = NewType("RegionCode", str)
UnitCode = NewType("UnitCode", str)
RuleId = NewType("RuleId", str)
ConflictClass = NewType("ConflictClass", str)
Cursor = NewType("Cursor", str)

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
NUMBER = re.compile(r"-?\d{1,60}(\.\d{1,30})?")
WHOLE = re.compile(r"-?\d{1,19}")
LENGTH = re.compile(r"P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
CURRENCY = re.compile(r"[A-Z]{3}")
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def refuse(kind: str, example: str) -> GraphQLError:
    """Return the error of a value that is not what the scalar allows."""
    return bad_input(f"A {kind} is written like {example}.")


def matched(pattern: re.Pattern[str], value: Any, kind: str, example: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise refuse(kind, example)
    return value


def parse_instant(value: Any) -> datetime:
    text = matched(INSTANT, value, "DateTime", "2026-03-01T08:30:00Z")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise refuse("DateTime", "2026-03-01T08:30:00Z") from None


def parse_day(value: Any) -> date:
    try:
        return date.fromisoformat(matched(DAY, value, "Date", "2026-03-01"))
    except ValueError:
        raise refuse("Date", "2026-03-01") from None


def parse_number(value: Any) -> Decimal:
    return Decimal(matched(NUMBER, value, "Decimal", '"1234.50"'))


def parse_whole(value: Any) -> int:
    number = int(matched(WHOLE, value, "BigInt", '"52428800000"'))
    if not -(2**63) <= number < 2**63:
        raise refuse("BigInt", '"52428800000"')
    return number


def parse_length(value: Any) -> timedelta:
    found = LENGTH.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise refuse("Duration", "PT2H30M")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    try:
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        raise refuse("Duration", "PT2H30M") from None


def parse_text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 1024 or "\x00" in value:
        raise bad_input("A code is a text of 1 to 1,024 characters.")
    return value


def instant_text(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def number_text(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def length_text(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    if seconds == 0:
        return "PT0S"
    days, rest = divmod(abs(seconds), 86400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    clock = "".join(f"{amount}{unit}" for amount, unit in ((hours, "H"), (minutes, "M"), (left, "S")) if amount)
    return f"{'-' if seconds < 0 else ''}P{f'{days}D' if days else ''}{f'T{clock}' if clock else ''}"


def code(name: str, description: str) -> ScalarDefinition:
    return strawberry.scalar(name=name, description=description, serialize=str, parse_value=parse_text)


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant, RFC 3339 text in UTC with up to microseconds, always ending in `Z`: "
        "`2026-03-01T08:30:00.250000Z`.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time.html",
        serialize=instant_text,
        parse_value=parse_instant,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A calendar day without a time zone, ISO 8601 text: `2026-03-01`.",
        specified_by_url="https://scalars.graphql.org/andimarek/local-date.html",
        serialize=date.isoformat,
        parse_value=parse_day,
    ),
    timedelta: strawberry.scalar(
        name="Duration",
        description="A length of time, ISO 8601 text in days, hours, minutes and seconds only: `PT2H30M`.",
        serialize=length_text,
        parse_value=parse_length,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description="An exact decimal number as text, without exponent: `1234.50`. Never a JSON number.",
        serialize=number_text,
        parse_value=parse_number,
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number that may exceed 32 bits, as text: `52428800000`.",
        serialize=str,
        parse_value=parse_whole,
    ),
    CurrencyCode: strawberry.scalar(
        name="CurrencyCode",
        description="ISO 4217 currency code in capitals: `CNY`.",
        serialize=str,
        parse_value=lambda value: matched(CURRENCY, value, "CurrencyCode", '"CNY"'),
    ),
    RegionCode: code(
        "RegionCode",
        "Region code: ISO 3166-1 alpha-2 for a country (`CN`), ISO 3166-2 for a subdivision (`CN-31`), or a code the "
        "installation loaded below it.",
    ),
    UnitCode: code(
        "UnitCode",
        "Unit of measure, UN/ECE Recommendation 20 code: `EA` each, `CS` case, `PF` pallet, `KGM` kilogram.",
    ),
    RuleId: strawberry.scalar(
        name="RuleId",
        description="Name of a detection rule in snake case: `cross_region_sale`. A scalar, not an enum, because rules can be "
        "added by plug-ins.",
        serialize=str,
        parse_value=lambda value: matched(NAME, value, "RuleId", '"cross_region_sale"'),
    ),
    ConflictClass: strawberry.scalar(
        name="ConflictClass",
        description="How the records look, as the rule names it in snake case: `suspected`, `natural`, `passive_info`, "
        "`pack_suspect`. A scalar, because classes come with their rules. Intent is never an output; it can only be a "
        "person's verdict on a case.",
        serialize=str,
        parse_value=lambda value: matched(NAME, value, "ConflictClass", '"suspected"'),
    ),
    Cursor: strawberry.scalar(
        name="Cursor",
        description="Opaque position in a connection. Valid only with the same order and the same filter it was issued for.",
        serialize=str,
        parse_value=parse_text,
    ),
}
