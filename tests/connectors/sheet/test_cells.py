"""Each type: what it accepts, what it becomes, and the code of a bad value."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from connectors.sheet import cells
from connectors.sheet.cells import BadCell, Kind, cell_text, decimal, enum, integer, reader, several

ENUM = enum("open closed")
INT = integer()
AT_LEAST_ONE = integer(1)
FINE = decimal(above=0, places=10)
CODES = several(cells.CODE)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (cells.CODE, "CN-SH", "CN-SH"),
        (cells.CODE, "　 CN-SH\u00a0", "CN-SH"),
        (cells.CODE, "e\u0301", "é"),
        (cells.CODE, "x" * 128, "x" * 128),
        (cells.CODE, "NULL", "NULL"),
        (cells.TEXT, " 上海甲商贸 ", "上海甲商贸"),
        (cells.TEXT, "", None),
        (cells.TEXT, "　", None),
        (ENUM, "OPEN", "open"),
        (cells.BOOL, "是", True),
        (cells.BOOL, "否", False),
        (cells.BOOL, "Y", True),
        (cells.BOOL, "No", False),
        (cells.BOOL, "1", True),
        (INT, "-7", -7),
        (INT, "007", 7),
        (cells.NUMBER, "-12.500000", Decimal("-12.5")),
        (cells.NUMBER, "１２.５", Decimal("12.5")),
        (cells.NUMBER, "-0", Decimal(0)),
        (FINE, "0.1234567891", Decimal("0.1234567891")),
        (cells.RATE, "0.13", Decimal("0.13")),
        (cells.RATE, "13%", Decimal("0.13")),
        (cells.RATE, "0", Decimal(0)),
        (cells.CURRENCY, "cny", "CNY"),
        (cells.DAY, "2026-03-01", date(2026, 3, 1)),
        (cells.DAY, "2026/3/1", date(2026, 3, 1)),
        (cells.DAY, "20260301", date(2026, 3, 1)),
        (cells.DAY, "2026年3月1日", date(2026, 3, 1)),
        (cells.MONTH_KIND, "2026-03", date(2026, 3, 1)),
        (cells.MONTH_KIND, "202603", date(2026, 3, 1)),
        (cells.MONTH_KIND, "2026年3月", date(2026, 3, 1)),
        (cells.MONTH_KIND, "2026/3/1", date(2026, 3, 1)),
        (cells.MOMENT, "2026-03-01T09:00:00+08:00", datetime(2026, 3, 1, 1, tzinfo=UTC)),
        (cells.MOMENT, "2026-03-01 09:00Z", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        (cells.MOMENT, "2026-03-01T09:00:00.25", datetime(2026, 3, 1, 1, 0, 0, 250_000, tzinfo=UTC)),
        (cells.MOMENT, "2026-03-01", datetime(2026, 2, 28, 16, tzinfo=UTC)),
        (CODES, "b||a | b", ("a", "b")),
    ],
)
def test_a_good_value_becomes_its_canonical_form(kind: Kind, text: str, value: object) -> None:
    assert reader(kind, ZoneInfo("Asia/Shanghai"))(text) == value


@pytest.mark.parametrize(
    ("kind", "code", "texts"),
    [
        (cells.CODE, "bad_code", ["x" * 129, "-", "a|b", "a\tb", "a\0"]),
        (cells.REF, "unknown_ref", ["x" * 129, "a|b"]),
        (cells.TEXT, "too_long", ["x" * 10_001, "a\0b"]),
        (ENUM, "bad_enum", ["opened", "NULL"]),
        (cells.BOOL, "bad_bool", ["ja", "2", "-"]),
        (INT, "bad_int", ["1.0", "１", "1e3", "+1"]),
        (AT_LEAST_ONE, "out_of_range", ["0", "-1", "9" * 12, "9" * 5000]),
        (cells.NUMBER, "bad_decimal", ["1,000", "¥5", "1e3", "1,5", ".5", "5.", "0.1234567", "N/A", "+1", "- 1"]),
        (cells.NUMBER, "out_of_range", ["9" * 39]),
        (cells.NOT_NEGATIVE, "out_of_range", ["-0.01"]),
        (cells.POSITIVE, "out_of_range", ["0", "-1"]),
        (FINE, "bad_decimal", ["0.12345678911"]),
        (cells.RATE, "bad_rate", ["1", "100%", "-0.1", "13 %", "x", "0.1234567", "13.12345%", "9" * 99]),
        (cells.CURRENCY, "bad_currency", ["RMB", "¥", "CN", "XXX"]),
        (cells.DAY, "bad_date", ["01/03/2026", "2026-3-1", "2026-02-30", "01.03.2026", "2026-03-01T00:00:00", "0000-01-01"]),
        (cells.MONTH_KIND, "bad_month", ["2026-13", "2026-03-02", "03/2026", "March"]),
        (cells.MOMENT, "bad_datetime", ["2026-03-01T25:00", "03/01/2026 09:00", "2026-W10-1", "0001-01-01T00:00+14:00", "x"]),
        (CODES, "bad_code", ["a|" + "x" * 129]),
    ],
)
def test_a_bad_value_gets_the_code_of_its_type(kind: Kind, code: str, texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(BadCell) as bad:
            reader(kind, UTC)(text)
        assert bad.value.code == code, text


def test_a_time_that_comes_twice_is_the_earlier_one() -> None:
    read = reader(cells.MOMENT, ZoneInfo("Europe/Berlin"))
    assert read("2026-10-25 02:30") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "kind", "text"),
    [
        (5636, cells.CODE, "5636"),
        (5636.0, cells.CODE, "5636"),
        (0.30000000000000004, cells.NUMBER, "0.3"),
        (1e20, cells.NUMBER, "100000000000000000000"),
        (1e-7, cells.NUMBER, "0.0000001"),
        (20260301, cells.DAY, "20260301"),
        (True, cells.BOOL, "true"),
        (2.5, cells.TEXT, "2.5"),
    ],
)
def test_a_workbooks_number_is_text_to_its_column(cell: object, kind: Kind, text: str) -> None:
    assert cell_text(cell, kind) == text


@pytest.mark.parametrize(("cell", "kind"), [(0.5, cells.CODE), ({"error": "#N/A"}, cells.TEXT), ([], cells.CODE), (None, ENUM)])
def test_a_fraction_is_no_code_and_an_error_is_nothing(cell: object, kind: Kind) -> None:
    with pytest.raises(BadCell) as bad:
        cell_text(cell, kind)
    assert bad.value.code == kind.code


def test_what_is_remembered_stays_bounded() -> None:
    read = reader(cells.CODE, UTC)
    for number in range(10_000):
        assert read(str(number)) == str(number)
    assert len(read.__self__) <= 4096  # type: ignore[attr-defined]
