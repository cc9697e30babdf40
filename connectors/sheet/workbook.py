"""XLSX workbooks: sheets and their cells, as numbers, texts, dates and errors.

The reader shows a cell in error as an empty one. An empty cell means a default, an error must not: errors are looked up
in the sheet's own XML.
"""

import math
import re
import zipfile
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from html import unescape
from pathlib import Path
from typing import IO, Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

CHUNK = 1 << 20
LARGEST = 1 << 30  # unpacked; a small file may claim to be an enormous one
SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^>]*>")
RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^>]*>")
FILLED_CELL = re.compile(rb"<(?:\w+:)?c\s(?:[^>]*\s)?r=[\"']([A-Za-z]*)([0-9]+)[\"'][^>]*(?<!/)>")
ERROR_CELL = re.compile(rb"<(?:\w+:)?c\s[^>]*\bt=[\"']e[\"'][^>]*>")
ERROR_VALUE = re.compile(rb"[^<]*(?:<(?:\w+:)?f\b[^>]*(?:/>|>[^<]*</(?:\w+:)?f>))?[^<]*<(?:\w+:)?v[^>]*>([^<]*)<")
LONGEST_CELL = 1 << 16
# The reader holds the whole rectangle up to the last filled cell: one stray cell at the far end of a sheet would take
# tens of gigabytes, and not getting them would end the process.
MOST_CELLS = 10_000_000

Cell = str | int | float | bool | dict[str, str]


class UnreadableBook(Exception):
    """The workbook cannot be opened; the text says why."""


class Sheet:
    """One sheet. Rows can be read more than once."""

    def __init__(self, name: str, sheet: CalamineSheet, errors: Mapping[tuple[int, int], str]) -> None:
        self.name = name
        self.sheet = sheet
        self.errors = errors
        self.height = sheet.height

    def rows(self) -> Generator[tuple[int, list[Cell]], None, None]:
        """Yield each row with its line, from 1."""
        offset = self.sheet.start[1] if self.sheet.start else 0
        in_error = {row for row, _ in self.errors}
        for row, values in enumerate(self.sheet.iter_rows()):
            cells: list[Cell] = [""] * offset
            cells += [cell(value) for value in values]
            if row in in_error:
                for (at, column), text in self.errors.items():
                    if at == row and column < len(cells):
                        cells[column] = {"error": text}
            yield row + 1, cells


def cell(value: Any) -> Cell:
    """Return a cell as JSON can hold it; a date is ISO text."""
    if isinstance(value, str | bool):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return {"error": str(value)}
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, int):
        return value
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def sheet_names(path: Path) -> tuple[str, ...]:
    """Return the names of a workbook's sheets without reading them. Raises UnreadableBook."""
    with opened(path) as archive:
        return tuple(name for name, _ in parts(archive))


def open_sheets(path: Path, places: Iterable[int]) -> tuple[Sheet, ...]:
    """Open the sheets at these places. Raises UnreadableBook."""
    with opened(path) as archive:
        listed = parts(archive)
        if not listed:
            raise UnreadableBook("The workbook holds no sheet.")
        wanted = [(place, *listed[place]) for place in places]
        errors = {place: error_cells(archive, part) for place, _, part in wanted}
    try:
        book = CalamineWorkbook.from_path(str(path))
        return tuple(Sheet(name, book.get_sheet_by_index(place), errors[place]) for place, name, _ in wanted)
    except (CalamineError, OSError, ValueError, IndexError) as error:
        raise UnreadableBook(f"The workbook cannot be read: {error}.") from error
    except BaseException as error:
        # The reader is native code; where it gives up on a damaged file it raises no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise UnreadableBook("The workbook cannot be read: it is damaged.") from error


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a workbook's archive. Raises UnreadableBook when it is none, or would unpack to more than a gibibyte."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise UnreadableBook(f"The file is no XLSX workbook: {error}.") from error
    with archive:
        if sum(part.file_size for part in archive.infolist()) > LARGEST:
            raise UnreadableBook("The workbook unpacks to more than one gibibyte; send it as CSV.")
        yield archive


def part(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    try:
        return archive.open(name)
    except (KeyError, zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        raise UnreadableBook(f"The workbook cannot be read: {error}.") from error


def content(file: IO[bytes], size: int) -> bytes:
    try:
        return file.read(size)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, zlib.error) as error:
        raise UnreadableBook(f"The workbook is damaged: {error}.") from error


def parts(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    """Return each sheet's name and the name of its part, in the workbook's order."""
    with part(archive, "xl/workbook.xml") as file:
        book = content(file, CHUNK)
    with part(archive, "xl/_rels/workbook.xml.rels") as file:
        relations = content(file, CHUNK)
    targets = {attribute(tag, b"Id"): attribute(tag, b"Target") for tag in RELATION.findall(relations)}
    listed = []
    for tag in SHEET.findall(book):
        target = targets.get(attribute(tag, rb"\w+:id"), "")
        listed.append((attribute(tag, b"name"), target[1:] if target.startswith("/") else f"xl/{target}"))
    return listed


def attribute(tag: bytes, name: bytes) -> str:
    match = re.search(rb"\s" + name + rb"=(?:\"([^\"]*)\"|'([^']*)')", tag)
    value = b"" if match is None else match[1] if match[1] is not None else match[2]
    return unescape(value.decode("utf-8", "replace"))


def error_cells(archive: zipfile.ZipFile, name: str) -> dict[tuple[int, int], str]:
    """Return the text of each cell in error by its (row, column), both from 0. Raises UnreadableBook for a vast sheet."""
    found: dict[tuple[int, int], str] = {}
    columns: set[bytes] = set()
    rows: set[bytes] = set()
    last_row = last_column = 0
    tail = b""
    with part(archive, name) as file:
        while chunk := content(file, CHUNK):
            text = tail + chunk
            if b't="e"' in text or b"t='e'" in text:
                for match in ERROR_CELL.finditer(text):
                    value = ERROR_VALUE.match(text, match.end())
                    place = position(attribute(match[0], b"r"))
                    # Cut by the end of the chunk, it is whole in the next text.
                    found[place] = unescape(value[1].decode("utf-8", "replace")) if value else found.get(place, "#ERROR")
            rows.clear()
            for column, row in FILLED_CELL.findall(text):
                columns.add(column)
                rows.add(row)
            last_row = max([last_row, *(int(row[:8]) for row in rows)])
            last_column = max([last_column, *map(column_number, columns)])
            if last_row * last_column > MOST_CELLS:
                raise UnreadableBook(
                    f"The sheet reaches to row {last_row} and column {last_column}, more than {MOST_CELLS:,} cells; "
                    "clear the cells beyond the table, or send it as CSV."
                )
            tail = text[-LONGEST_CELL:]
    return found


def column_number(letters: bytes) -> int:
    """Return the number of a column, from 1; beyond what a sheet can have it is only large."""
    number = 0
    for letter in letters[:4].upper():
        number = number * 26 + letter - 64
    return number


def position(reference: str) -> tuple[int, int]:
    """Return (row, column) of a reference such as B6. Raises UnreadableBook."""
    match = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7})", reference)
    if match is None:
        raise UnreadableBook("The workbook holds a cell in error without saying where; save it anew.")
    return int(match[2]) - 1, column_number(match[1].encode()) - 1
