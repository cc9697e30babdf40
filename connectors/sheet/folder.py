"""Which file of a folder holds what: the noun, optionally `-` and anything, then .csv, .xlsx or, for the policy, .toml."""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from connectors.sheet.nouns import NOUNS, POLICY
from connectors.sheet.workbook import UnreadableBook, sheet_names
from hub.errors import SourceDown


class Found(Struct, frozen=True, kw_only=True):
    """One file of a noun. `sheets` are the places of a workbook's sheets to read, None for a text file."""

    path: Path
    sheets: tuple[int, ...] | None = None

    @property
    def name(self) -> str:
        return self.path.name


class Listing(Struct, frozen=True, kw_only=True):
    """A folder as it is now: the files of each noun in byte order of name, the names ignored, the workbooks unreadable."""

    files: Mapping[str, tuple[Found, ...]]
    ignored: tuple[str, ...]
    unreadable: Mapping[str, str]


def listing(folder: Path) -> Listing:
    """List a folder. Raises SourceDown when that is not possible, which never means that the files are gone."""
    try:
        with os.scandir(folder) as entries:
            names = sorted((entry.name for entry in entries if entry.is_file()), key=os.fsencode)
    except OSError as error:
        raise SourceDown(f"The folder {folder} cannot be read: {error.strerror}. Create it or mount it again.") from error
    files: dict[str, list[Found]] = {}
    ignored: list[str] = []
    unreadable: dict[str, str] = {}
    for name in names:
        path = folder / name
        stem, suffix = noun_of(path.stem), path.suffix.lower()
        if not name.isprintable():
            ignored.append(ascii(name))
        elif stem and suffix == (".toml" if stem == POLICY else ".csv"):
            files.setdefault(stem, []).append(Found(path=path))
        elif stem in NOUNS and suffix == ".xlsx":
            files.setdefault(stem, []).append(Found(path=path, sheets=(0,)))
        elif suffix == ".xlsx" and not name.startswith("~$"):
            try:
                sheets = sheets_by_noun(path)
            except UnreadableBook as unread:
                unreadable[name] = str(unread)
                continue
            for noun, places in sheets.items():
                if noun:
                    files.setdefault(noun, []).append(Found(path=path, sheets=tuple(places)))
            ignored += [f"{name}/{sheet}" for sheet in sheets.get("", {}).values()]
        else:
            ignored.append(name)
    return Listing(files={noun: tuple(found) for noun, found in files.items()}, ignored=tuple(ignored), unreadable=unreadable)


def sheets_by_noun(path: Path) -> dict[str, dict[int, str]]:
    """Return a workbook's sheets by the noun they are named after, those of no noun under the empty text."""
    sheets: dict[str, dict[int, str]] = {}
    for place, name in enumerate(sheet_names(path)):
        noun = noun_of(name)
        sheets.setdefault(noun if noun in NOUNS else "", {})[place] = name
    return sheets


def noun_of(stem: str) -> str:
    """Return the noun a file or sheet is named after, else the empty text."""
    noun = stem.partition("-")[0].strip().lower()
    return noun if noun in NOUNS or noun == POLICY else ""
