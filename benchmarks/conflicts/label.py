"""What was planted and what was found, as files that any system can read and write."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

CONFLICT = "conflict"
ANY = "*"
LABELS = "labels.jsonl"

Row = TypeVar("Row")


class Label(Struct, frozen=True, kw_only=True):
    """What must come of something planted.

    `key` is the grain of the rule; a part `*` stands for anything. `kind` is `conflict` or the name of what it looks like.
    `expected` is the class, or null where nothing may be found.
    """

    rule: str
    key: tuple[str, ...]
    kind: str
    expected: str | None
    recipe: str

    def fits(self, key: tuple[str, ...]) -> bool:
        """Say whether a finding of that key is about what was planted."""
        return len(key) == len(self.key) and all(part in (ANY, own) for part, own in zip(self.key, key, strict=True))


class Found(Struct, frozen=True, kw_only=True):
    """One finding. `full` says that it may be acted on; without it, it is information for a reader."""

    rule: str
    key: tuple[str, ...]
    classification: str = msgspec.field(name="class", default="")
    full: bool = True


def write_rows(file: Path, rows: Iterable[Struct]) -> None:
    """Write one JSON object a line."""
    with file.open("wb") as out:
        out.writelines(msgspec.json.encode(row) + b"\n" for row in rows)


def read_rows(file: Path, kind: type[Row]) -> list[Row]:
    """Return the objects of a file. One that is not there, or a line that is none of the kind, ends the command."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SystemExit(f"{file} cannot be read: {error.strerror}. A folder is made by `generate`.") from error
    rows: list[Row] = []
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            try:
                rows.append(msgspec.json.decode(line, type=kind))
            except msgspec.MsgspecError as error:
                raise SystemExit(f"{file}, line {number}: {error}") from error
    return rows
