"""The types a cell may have: what is accepted, what it becomes, and the code a bad one gets.

Nothing is guessed and nothing is rounded. Day and month are never exchanged, and `1,000` is no number.
"""

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from connectors.sheet.currencies import CURRENCIES

# Longer numbers than any business has; beyond them sums would no longer be exact everywhere.
MOST_DIGITS = 38
LARGEST_INT = 2**31 - 1
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f|]")
DECIMAL = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?")
FULL_WIDTH = str.maketrans("０１２３４５６７８９", "0123456789")
INT = re.compile(r"-?[0-9]+")
DATE = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})|([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})"
    r"|([0-9]{4})([0-9]{2})([0-9]{2})|([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日"
)
MONTH = re.compile(r"([0-9]{4})-([0-9]{2})|([0-9]{4})([0-9]{2})|([0-9]{4})年([0-9]{1,2})月")
DATETIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?|[0-9]{8}[Tt][0-9]{6})"
    r" ?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
YES = frozenset({"true", "1", "yes", "y", "是"})
NO = frozenset({"false", "0", "no", "n", "否"})


class BadCell(Exception):
    """A cell is not what its column holds; the text is a sentence for the person who owns the file."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Kind:
    """A type: the code of a bad value, and how a trimmed, non-empty text is read in a source's time zone.

    `repeats`: values come again often enough to be worth remembering.
    """

    code: str
    read: Callable[[str, tzinfo], Any]
    repeats: bool = True


class Remembered(dict[str, Any]):
    """The values of the texts read so far; bounded, because a file may hold a new one in every row."""

    MOST = 4096

    def __init__(self, read: Callable[[str], Any]) -> None:
        super().__init__()
        self.read = read

    def __missing__(self, text: str) -> Any:
        value = self.read(text)
        if len(self) >= self.MOST:
            self.clear()
        self[text] = value
        return value


def reader(kind: Kind, zone: tzinfo) -> Callable[[str], Any]:
    """Return the function that reads a cell's text, None for an empty one. It raises BadCell."""

    def read(text: str) -> Any:
        trimmed = clean(text)
        return kind.read(trimmed, zone) if trimmed else None

    return Remembered(read).__getitem__ if kind.repeats else read


def clean(text: str) -> str:
    """Return a cell's text in NFC without white space around it, the ideographic space included."""
    return text.strip() if text.isascii() else unicodedata.normalize("NFC", text).strip()


def cell_text(cell: object, kind: Kind) -> str:
    """Return the text of a workbook's cell for a column of this kind. Raises BadCell for an error cell."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return number_text(cell, kind)
    raise BadCell(kind.code, f"The cell holds {shown(cell)} instead of a value.")


def number_text(number: int | float, kind: Kind) -> str:
    # A spreadsheet keeps 0.1 + 0.2 as 0.30000000000000004; twelve digits are what its user sees.
    if kind.code in ("bad_decimal", "bad_rate"):
        return format(Decimal(format(number, ".12g")), "f")
    if number == math.floor(number):
        return str(int(number))
    if kind.code == "bad_code":
        raise BadCell(kind.code, f"{number:.12g} is a fraction; a code is text or a whole number.")
    return format(number, ".12g")


def shown(cell: object) -> str:
    """Return a cell as a person should see it in a message or a list of rejects."""
    text = str(cell.get("error", "")) if isinstance(cell, dict) else str(cell)
    return text[:200].replace("\0", "\ufffd")


def read_code(text: str, _zone: tzinfo) -> str:
    # A dash stands for what there is none of.
    if len(text) > 128 or text == "-" or CONTROL.search(text):
        raise BadCell(
            "bad_code", "A code has 1 to 128 characters, none of them a control character or |, and is more than a dash."
        )
    return text


def read_ref(text: str, zone: tzinfo) -> str:
    try:
        return read_code(text, zone)
    except BadCell as bad:
        raise BadCell("unknown_ref", f"No record can have this key. {bad}") from None


def read_text(text: str, _zone: tzinfo) -> str:
    if len(text) > 10_000 or "\0" in text:
        raise BadCell("too_long", "A text has up to 10,000 characters, none of them NUL.")
    return text


def enum(words: str) -> Kind:
    """Return the kind of a column that holds one of these words."""
    known = {word: word for word in words.split()}

    def read(text: str, _zone: tzinfo) -> str:
        word = known.get(text.lower())
        if word is None:
            raise BadCell("bad_enum", f"Write one of {', '.join(known)}.")
        return word

    return Kind("bad_enum", read)


def read_bool(text: str, _zone: tzinfo) -> bool:
    word = text.lower()
    if word not in YES and word not in NO:
        raise BadCell("bad_bool", "Write true or false (or 1, 0, yes, no, y, n, 是, 否).")
    return word in YES


def integer(least: int | None = None) -> Kind:
    """Return the kind of a whole number, from `least` on."""

    def read(text: str, _zone: tzinfo) -> int:
        if not INT.fullmatch(text):
            raise BadCell("bad_int", "Write a whole number in digits.")
        # Cut first: a text of a million digits is no reason to build the number.
        value = int(text) if len(text) <= MOST_DIGITS else LARGEST_INT + 1
        if abs(value) > LARGEST_INT or (least is not None and value < least):
            raise BadCell("out_of_range", f"Write a number from {-LARGEST_INT if least is None else least} to {LARGEST_INT}.")
        return value

    return Kind("bad_int", read)


def decimal(*, least: int | None = None, above: int | None = None, places: int = 6) -> Kind:
    """Return the kind of an exact number with at most `places` decimals, from `least` on or greater than `above`."""

    def read(text: str, _zone: tzinfo) -> Decimal:
        plain = text.translate(FULL_WIDTH)
        match = DECIMAL.fullmatch(plain)
        if match is None or len(match[2] or "") > places:
            raise BadCell("bad_decimal", f"Write digits and at most one point with up to {places} decimals, nothing else.")
        if len(plain) > MOST_DIGITS:
            raise BadCell("out_of_range", f"A number has at most {MOST_DIGITS} characters.")
        value = Decimal(plain)
        if least is not None and value < least:
            raise BadCell("out_of_range", f"Write a number that is at least {least}.")
        if above is not None and value <= above:
            raise BadCell("out_of_range", f"Write a number greater than {above}.")
        return value or Decimal(0)

    return Kind("bad_decimal", read)


def read_rate(text: str, _zone: tzinfo) -> Decimal:
    percent = text.endswith("%")
    match = DECIMAL.fullmatch(text.removesuffix("%").translate(FULL_WIDTH))
    if match is None or len(match[2] or "") > (4 if percent else 6) or len(match[1]) > 3:
        raise BadCell("bad_rate", "Write a decimal such as 0.13 or a percentage such as 13%.")
    value = Decimal(match[0])
    value = value / 100 if percent else value
    if not 0 <= value < 1:
        raise BadCell("bad_rate", "A rate is at least 0 and below 1, or below 100%.")
    return value or Decimal(0)


def read_currency(text: str, _zone: tzinfo) -> str:
    word = text.upper()
    if word not in CURRENCIES:
        raise BadCell("bad_currency", "Write the three letters of ISO 4217, such as CNY.")
    return word


def read_date(text: str, _zone: tzinfo) -> date:
    match = DATE.fullmatch(text)
    try:
        if match is not None:
            return date(*(int(part) for part in match.groups() if part is not None))
    except ValueError:
        pass
    raise BadCell("bad_date", "Write the date as YYYY-MM-DD, YYYY/M/D, YYYYMMDD or YYYY年M月D日; the year always comes first.")


def read_month(text: str, zone: tzinfo) -> date:
    match = MONTH.fullmatch(text)
    try:
        if match is not None:
            year, month = (int(part) for part in match.groups() if part is not None)
            return date(year, month, 1)
        day = read_date(text, zone)
    except (ValueError, BadCell):
        day = None
    if day is None or day.day != 1:
        raise BadCell("bad_month", "Write the month as YYYY-MM, YYYYMM, YYYY年M月 or the date of its first day.")
    return day


def read_datetime(text: str, zone: tzinfo) -> datetime:
    # A time that a change of clocks makes ambiguous is the earlier of the two: fold stays 0.
    match = DATETIME.fullmatch(text)
    try:
        if match is None:
            day = read_date(text, zone)
            return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        moment = datetime.fromisoformat((match[1] + (match[2] or "")).upper())
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, BadCell):
        raise BadCell(
            "bad_datetime", "Write the time as 2026-03-01T09:00:00+08:00, or as a date for its first moment."
        ) from None


def several(part: Kind) -> Kind:
    """Return the kind of a list: parts of this kind joined by |, sorted, each once."""

    def read(text: str, zone: tzinfo) -> tuple[Any, ...]:
        parts = (clean(one) for one in text.split("|"))
        return tuple(sorted({part.read(one, zone) for one in parts if one}))

    return Kind(part.code, read, repeats=False)


CODE = Kind("bad_code", read_code)
REF = Kind("unknown_ref", read_ref)
TEXT = Kind("too_long", read_text, repeats=False)
BOOL = Kind("bad_bool", read_bool)
NUMBER = decimal()
NOT_NEGATIVE = decimal(least=0)
POSITIVE = decimal(above=0)
RATE = Kind("bad_rate", read_rate)
CURRENCY = Kind("bad_currency", read_currency)
DAY = Kind("bad_date", read_date)
MONTH_KIND = Kind("bad_month", read_month)
MOMENT = Kind("bad_datetime", read_datetime)
