"""One table of a noun: its header, and each row as a message with its place."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from connectors.files import BrokenRow
from connectors.sheet.across_rows import NoneToJudge
from connectors.sheet.cells import BadCell, shown
from connectors.sheet.mapping import Binding, Cells, Fault, Plan, key_part
from hub.records.message import Key, Place, Record, Reject, Tombstone

RowMessage = Record | Tombstone | Reject
Row = Sequence[Any] | BrokenRow
encode = msgspec.json.Encoder().encode


class UnusableFile(Exception):
    """A whole file is set aside; `code` says why exactly, `column` which one is missing."""

    def __init__(self, code: str, message: str, column: str | None = None, value: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.column = column
        self.value = value


class Table:
    """A table whose header fits its noun. Raises UnusableFile when it does not.

    Empty cells stay out of the payload, except those of columns that may be required: the place of an empty one decides
    which fault of a row comes first.
    """

    def __init__(self, plan: Plan, header: Row | None, *, file: str, sheet: str | None = None) -> None:
        if header is None or isinstance(header, BrokenRow) or is_empty(header):
            raise UnusableFile("missing_column", "The first row holds no header.")
        texts = ["" if isinstance(cell, dict) else str(cell).strip() for cell in header]
        while sheet is not None and not texts[-1]:
            texts.pop()  # a sheet is as wide as its widest row
        self.plan = plan
        self.file = file
        self.sheet = sheet
        self.bindings = [plan.bindings[text] if text else None for text in texts]
        self.headers = distinct(texts)
        self.columns: dict[str, tuple[int, Binding]] = {}
        for place, binding in enumerate(self.bindings):
            if binding is not None:
                if binding.name in self.columns:
                    raise UnusableFile("missing_column", f"The column {binding.name} stands twice; remove one.", binding.name)
                self.columns[binding.name] = place, binding
        for name in plan.required:
            if name not in self.columns:
                raise UnusableFile("missing_column", f"The required column {name} is missing.", name)
        self.unknown = tuple(text for text, binding in zip(texts, self.bindings, strict=True) if binding is None and text)
        kept = {*plan.required, *(condition.column for condition in plan.noun.conditions)}
        self.kept = [binding is not None and binding.name in kept for binding in self.bindings]
        self.keys = [(name, self.columns.get(name), plan.defaults[name]) for name in plan.noun.key]
        self.deleted = self.columns.get("deleted")
        self.updated = self.columns.get("updated_at")
        self.judge_by(NoneToJudge())

    def judge_by(self, across: NoneToJudge) -> None:
        """Set what judges the rows in view of the others of the file."""
        self.across = across
        self.judged = [self.columns[name][0] for name in across.columns if name in self.columns]
        self.fine: list[Any] | None = None

    def message(self, line: int, row: Row) -> RowMessage | None:
        """Return what a row is, None for an empty one. Raises nothing."""
        if isinstance(row, BrokenRow):
            raw = encode({"text": row.text})
            return self.reject(raw, line, Fault("", "bad_width", f"The row cannot be divided into cells: {row.reason}."))
        if is_empty(row):
            return None
        row = self.fitted(row)
        if len(row) != len(self.headers):
            message = f"The row has {len(row)} cells, the header {len(self.headers)}."
            return self.reject(encode({"cells": [shown(cell) for cell in row]}), line, Fault("", "bad_width", message))
        cells = self.cells(row)
        raw = encode(cells)
        deleted = self.is_deleted(row)
        key = self.key(row)
        version = self.version(row)
        if key is None:
            return self.reject(raw, line, self.key_fault(cells, deleted=deleted))
        if deleted:
            return Tombstone(key=key, version=version)
        if self.judged and (fault := self.across_fault(row)) is not None:
            return self.reject(raw, line, self.plan.first(cells, [fault, *self.plan.faults(cells)]), key)
        return Record(key=key, raw=raw, version=version, place=Place(file=self.file, sheet=self.sheet, line=line))

    def fitted(self, row: Sequence[Any]) -> Sequence[Any]:
        """Return a workbook's row at the header's width: its rows are as wide as the sheet's widest one."""
        width = len(self.headers)
        if self.sheet is None or len(row) == width:
            return row
        if len(row) < width:
            return [*row, *[""] * (width - len(row))]
        return row[:width] if all(map(is_blank, row[width:])) else row

    def cells(self, row: Sequence[Any]) -> Cells:
        cells = zip(self.headers, row, self.kept, strict=True)
        if self.sheet is None:  # all text, and many: without a call per cell
            return {header: cell for header, cell, kept in cells if kept or (cell and not cell.isspace())}
        return {header: cell for header, cell, kept in cells if kept or not is_blank(cell)}

    def across_fault(self, row: Sequence[Any]) -> Fault | None:
        """Judge a row in view of the others. The lines of an order follow one another: what was fine a row ago still is."""
        judged = [row[place] for place in self.judged]
        if judged == self.fine:
            return None
        fault = self.across.fault(self.values(row, self.across.columns))
        self.fine = judged if fault is None else None
        return fault

    def is_deleted(self, row: Sequence[Any]) -> bool:
        """Tell whether a row was withdrawn; what cannot be read is found when the row is mapped."""
        if self.deleted is None:
            return False
        place, binding = self.deleted
        try:
            return bool(binding.value(row[place]))
        except BadCell:
            return False

    def version(self, row: Sequence[Any]) -> str | None:
        if self.updated is None:
            return None
        place, binding = self.updated
        try:
            moment = binding.value(row[place])
        except BadCell:
            return None
        # Always six decimals: versions are compared as text.
        return None if moment is None else str(moment.isoformat(timespec="microseconds"))

    def key(self, row: Sequence[Any]) -> Key | None:
        """Return the identity of a row, None when a part of it is empty or bad."""
        parts = []
        for name, column, default in self.keys:
            try:
                value = None if column is None else column[1].value(row[column[0]])
            except BadCell:
                return None
            if value is None:
                value = default
            if value is None:
                return None
            parts.append(key_part(name, value))
        return tuple(parts)

    def key_fault(self, cells: Cells, *, deleted: bool) -> Fault:
        """Return what is wrong with a row without identity; of a withdrawn row only its key counts."""
        faults = self.plan.faults(cells)
        if deleted:
            faults = [fault for fault in faults if fault.column in self.plan.noun.key]
        return self.plan.first(cells, faults)

    def values(self, row: Sequence[Any], names: Iterable[str]) -> dict[str, Any]:
        """Return the values of some columns, without those that cannot be read."""
        values = {}
        for name in names:
            column = self.columns.get(name)
            try:
                value = None if column is None else column[1].value(row[column[0]])
            except BadCell:
                continue
            values[name] = self.plan.defaults[name] if value is None else value
        return values

    def learnt(self, rows: Iterable[tuple[int, Row]], names: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yield the values of some columns of every row that counts."""
        for _, row in rows:
            if not isinstance(row, BrokenRow):
                row = self.fitted(row)
                if len(row) == len(self.headers) and not self.is_deleted(row):
                    yield self.values(row, names)

    def reject(self, raw: bytes, line: int, fault: Fault, key: Key | None = None) -> Reject:
        column = fault.column or None
        return Reject(
            raw=raw,
            code=fault.code,
            message=f"{column}: {fault.message}" if column else fault.message,
            key=key,
            field=column,
            value=None if fault.value is None else shown(fault.value),
            place=Place(file=self.file, sheet=self.sheet, line=line, column=column),
        )


def is_empty(row: Row) -> bool:
    """Tell whether a row holds nothing."""
    return not isinstance(row, BrokenRow) and all(map(is_blank, row))


def is_blank(cell: object) -> bool:
    """Tell whether a cell is empty or holds white space alone."""
    return isinstance(cell, str) and (not cell or cell.isspace())


def distinct(texts: Sequence[str]) -> list[str]:
    """Return headers that can be told apart: an empty or repeated unknown one is named by its place as well."""
    names: list[str] = []
    taken: set[str] = set()
    for place, text in enumerate(texts, 1):
        name = text if text and text not in taken else f"{text or 'column'} ({place})"
        while name in taken:
            name += "'"
        taken.add(name)
        names.append(name)
    return names
