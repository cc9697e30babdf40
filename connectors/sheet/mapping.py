"""A row's raw payload to canonical records. The one place where the values of a row are judged.

A payload is a JSON object of header and cell. A cell of a workbook may be a number, a boolean, or `{"error": "#N/A"}`.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from connectors.sheet.cells import BadCell, Kind, cell_text, clean, reader, shown
from connectors.sheet.config import SheetConfig
from connectors.sheet.nouns import NOUNS, POLICY, Noun, Values
from connectors.sheet.policy import policy
from hub.errors import MappingError, SettingsError
from hub.records import CanonicalRecord

Cells = dict[str, Any]
MOST_HEADERS = 1000
decode = msgspec.json.Decoder(dict[str, Any]).decode


class Binding(NamedTuple):
    """A column bound to a header: how its cells are read."""

    name: str
    kind: Kind
    read: Callable[[str], Any]

    def value(self, cell: object) -> Any:
        """Read a cell, None for an empty one. Raises BadCell."""
        return self.read(cell) if type(cell) is str else self.read(cell_text(cell, self.kind))


class Fault(NamedTuple):
    """What is wrong with one column of a row."""

    column: str
    code: str
    message: str
    value: str | None = None

    def error(self) -> MappingError:
        """Return the fault as the error that sets the row aside."""
        return MappingError(f"{self.column}: {self.message}", code=self.code, field=self.column, value=self.value)


class Bindings(dict[str, Binding | None]):
    """Headers as files write them, each with its column; None where it is none of the noun's."""

    def __init__(self, columns: Mapping[str, Binding], other_names: Mapping[str, str]) -> None:
        super().__init__()
        self.columns = columns
        self.other_names = {plain_header(header): column for header, column in other_names.items()}

    def __missing__(self, header: str) -> Binding | None:
        plain = plain_header(header)
        binding = self.columns.get(self.other_names.get(plain, plain))
        if len(self) >= MOST_HEADERS:
            self.clear()
        self[header] = binding
        return binding


class Plan:
    """One noun under one configuration, ready to read rows."""

    def __init__(self, config: SheetConfig, noun: Noun) -> None:
        zone = zone_of(config)
        other_names = config.columns.get(noun.name, {})
        columns = {one.name: Binding(one.name, one.kind, reader(one.kind, zone)) for one in noun.columns}
        for header, column in other_names.items():
            if column not in columns:
                raise SettingsError(
                    f"The setting columns.{noun.name} maps {header!r} to {column!r}, which is no column of {noun.name}; "
                    f"there are {', '.join(columns)}."
                )
        self.noun = noun
        self.bindings = Bindings(columns, other_names)
        self.defaults: Values = {one.name: one.default for one in noun.columns}
        self.required = tuple(one.name for one in noun.columns if one.required)
        self.places = {one.name: place for place, one in enumerate(noun.columns)}

    def record(self, cells: Cells) -> CanonicalRecord:
        """Map one row. Raises MappingError for its first bad column, in the order of the headers."""
        values = self.defaults.copy()
        bindings = self.bindings
        try:
            for header, cell in cells.items():
                binding = bindings[header]
                if binding is not None:
                    value = binding.read(cell) if type(cell) is str else binding.value(cell)
                    if value is not None:
                        values[binding.name] = value
        except BadCell:
            raise self.first(cells, self.faults(cells)).error() from None
        for name in self.required:
            if values[name] is None:
                raise self.first(cells, self.faults(cells)).error()
        for condition in self.noun.conditions:
            if not condition.holds(values):
                raise self.first(cells, self.faults(cells)).error()
        return self.noun.make(values)

    def faults(self, cells: Cells) -> list[Fault]:
        """Return everything that is wrong with a row, whatever the order."""
        values, found = self.defaults.copy(), {}
        given: dict[str, str] = {}
        for header, cell in cells.items():
            binding = self.bindings[header]
            if binding is None:
                continue
            given[binding.name] = shown(cell)
            try:
                value = binding.value(cell)
            except BadCell as bad:
                found[binding.name] = Fault(binding.name, bad.code, str(bad), shown(cell))
                continue
            if value is not None:
                values[binding.name] = value
        for name in self.required:
            if values[name] is None and name not in found:
                found[name] = Fault(name, "missing", "A value is required.")
        for condition in self.noun.conditions:
            if not found.keys() & {condition.column, *condition.reads} and not condition.holds(values):
                value = given.get(condition.column) or None
                found[condition.column] = Fault(condition.column, condition.code, condition.message, value)
        return list(found.values())

    def first(self, cells: Cells, faults: Iterable[Fault]) -> Fault:
        """Return the fault of the first column in the order of the headers; a column without header comes last."""
        names = [binding.name for binding in map(self.bindings.__getitem__, cells) if binding is not None]
        order = {name: place for place, name in enumerate(names)}
        return min(faults, key=lambda fault: (order.get(fault.column, len(order)), self.places[fault.column]))


def plain_header(header: str) -> str:
    """Return a header as headers are compared: lower case, spaces and hyphens as `_`."""
    return clean(header).lower().replace(" ", "_").replace("-", "_")


@lru_cache(maxsize=64)
def zone_named(name: str) -> ZoneInfo:
    """Return a time zone. Raises SettingsError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(f"There is no time zone {name!r}; write for example UTC or Asia/Shanghai.") from error


def zone_of(config: SheetConfig) -> ZoneInfo:
    """Return the zone of times without an offset. Raises SettingsError."""
    return zone_named(config.time_zone)


# A configuration is frozen, so that the same object means the same plan; it is held here, so that its id stays its own.
PLANS: dict[tuple[int, str], tuple[SheetConfig, Plan]] = {}
MOST_PLANS = 200


def plan_of(config: SheetConfig, noun: str) -> Plan:
    """Return the plan of a noun. Raises SettingsError when `columns` or `time_zone` cannot be used."""
    held = PLANS.get((id(config), noun))
    if held is not None:
        return held[1]
    plan = Plan(config, NOUNS[noun])
    if len(PLANS) >= MOST_PLANS:
        PLANS.clear()
    PLANS[id(config), noun] = config, plan
    return plan


def normalise(config: SheetConfig, stream: str, raw: bytes) -> tuple[CanonicalRecord, ...]:
    """Map one payload of a stream to its record. Raises MappingError with the exact code and the column."""
    try:
        cells = decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MappingError(f"The payload is no JSON object: {error}.", code="undecodable") from error
    if stream == POLICY:
        return (policy(str(cells.get("toml", ""))),)
    return (plan_of(config, stream).record(cells),)


def key_part(column: str, value: object) -> str:
    """Return a part of an identity key in its canonical form; times are UTC."""
    if column == "alias":
        # Two spellings of one name are one alias.
        return "".join(unicodedata.normalize("NFKC", str(value)).lower().split())
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
