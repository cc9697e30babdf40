"""The sheets of a benchmark as they are being written: rows by noun, in the columns of the sheet format."""

import csv
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from benchmarks.conflicts.label import LABELS, Label, write_rows
from connectors.sheet.nouns import NOUNS

Cell = object


class Book:
    """Rows and labels. A row is what the sheet format calls one; what is left out takes the column's default."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Mapping[str, Cell]]] = defaultdict(list)
        self.labels: list[Label] = []

    def add(self, noun: str, **cells: Cell) -> None:
        """Add a row."""
        self.rows[noun].append({name: cell for name, cell in cells.items() if cell is not None})

    def write(self, folder: Path, part: str) -> None:
        """Write every noun as `<noun>-<part>.csv`, with the columns that are used, and the labels."""
        for noun, rows in self.rows.items():
            used = {name for row in rows for name in row}
            columns = [column.name for column in NOUNS[noun].columns if column.name in used]
            with (folder / f"{noun}-{part}.csv").open("w", encoding="utf-8", newline="") as text:
                out = csv.DictWriter(text, columns, restval="")
                out.writeheader()
                out.writerows(rows)
        write_rows(folder / LABELS, self.labels)


def read_sheet(folder: Path, noun: str) -> list[dict[str, str]]:
    """Return the rows of a noun's CSV files."""
    rows: list[dict[str, str]] = []
    for file in sheets(folder, noun):
        with file.open(encoding="utf-8-sig", newline="") as text:
            rows += csv.DictReader(text)
    return rows


def sheets(folder: Path, noun: str) -> list[Path]:
    """Return the CSV files of a noun in the order they are read."""
    return sorted(file for file in folder.glob(f"{noun}*.csv") if file.stem == noun or file.stem.startswith(f"{noun}-"))
