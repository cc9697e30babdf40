"""Named statements from .sql files: written with `:name`, sent with `$1`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HEADING = re.compile(r"^-- (\w+) --\s*$", re.MULTILINE)
# A colon that belongs to a cast (::text) or to text in quotes is not a parameter.
PARAMETER = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)|'(?:[^']|'')*'|--[^\n]*")


@dataclass(frozen=True)
class Statement:
    """One statement and the order in which it wants its arguments."""

    name: str
    sql: str
    parameters: tuple[str, ...]

    def arguments(self, values: Mapping[str, object]) -> tuple[object, ...]:
        """Return the values in the order of the parameters; one that is missing is a KeyError."""
        return tuple(values[name] for name in self.parameters)


def number(name: str, text: str) -> Statement:
    """Turn `:name` into `$1`, the same name always into the same number."""
    order: dict[str, int] = {}

    def place(match: re.Match[str]) -> str:
        parameter = match.group(1)
        if parameter is None:
            return match.group(0)
        return f"${order.setdefault(parameter, len(order) + 1)}"

    return Statement(name, PARAMETER.sub(place, text).strip().rstrip(";"), tuple(order))


@cache
def read_statements(file: Path) -> Mapping[str, Statement]:
    """Return the statements of a file by name. Each stands under a line `-- name --`."""
    parts = HEADING.split(file.read_text(encoding="utf-8"))
    return {name: number(name, text) for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def statement(noun: str, name: str) -> Statement:
    """Return one statement of `hub/store/sql/<noun>.sql`."""
    return read_statements(Path(__file__).parent / "sql" / f"{noun}.sql")[name]


def prepared(noun: str, name: str, **values: object) -> tuple[Any, ...]:
    """Return a statement and its arguments, as a connection takes them."""
    one = statement(noun, name)
    return (one.sql, *one.arguments(values))
