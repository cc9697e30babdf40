"""One read of one stream of a folder: which files are due, where the last read stopped, and each row as a message.

A file counts as read only in the checkpoint after its last row. Until then the state names it as open, with the number of
rows that are done, so that a broken run goes on in the middle of a large file while it stays the same.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

from msgspec import Struct, convert, to_builtins

from connectors.files import Look, TextFile, csv_rows, look
from connectors.sheet.across_rows import BaseCurrency, NoneToJudge, OrderHeaders, ProductGroups, Tree
from connectors.sheet.config import SheetConfig
from connectors.sheet.folder import Found, listing
from connectors.sheet.mapping import Plan, plan_of
from connectors.sheet.nouns import NOUNS, ORDER_HEADER, POLICY, STREAMS
from connectors.sheet.policy import policy
from connectors.sheet.table import Row, Table, UnusableFile, encode, is_empty
from connectors.sheet.workbook import Sheet, UnreadableBook, open_sheets
from hub.errors import MappingError
from hub.records.message import Checkpoint, Json, Message, Place, Record, Reject, State

BATCH = 5000
GUESSES = ("utf-8", "gb18030")
MOST_NAMED = 20
MOST_POLICY = 1 << 20


class Mark(Struct, frozen=True):
    """A file as it was when it had been read to its end."""

    size: int
    hash: str


class Open(Struct, frozen=True):
    """The file in the middle of which the last read stopped, after `row` rows."""

    file: str
    hash: str
    row: int


class Bookmark(Struct, frozen=True, omit_defaults=True):
    """The state of one stream. `ignored` are the names that were reported as no noun's."""

    files: Mapping[str, Mark] = {}
    open: Open | None = None
    ignored: tuple[str, ...] = ()

    def state(self) -> dict[str, Json]:
        """Return the bookmark as it is stored."""
        stored: dict[str, Json] = to_builtins(self)
        return stored


class Reading:
    """One read. A stream of `snapshot` reads all its files when one of them changed or went away, in one go or anew."""

    def __init__(self, config: SheetConfig, stream: str, state: State) -> None:
        self.config = config
        self.stream = stream
        self.before = convert(state, Bookmark)
        self.folder = Path(config.folder)
        self.is_snapshot = stream in config.snapshot
        self.marks: dict[str, Mark] = {}
        self.ignored = self.before.ignored
        self.whole = True
        self.done = 0
        self.expected = 0
        self.notes: list[str] = []

    def messages(self) -> Iterator[Message]:
        """Yield the rows of the files that are due, and the checkpoints between them."""
        found = listing(self.folder)
        if self.stream == STREAMS[0]:
            # What belongs to no noun is told once, with the stream that is read first.
            for name, reason in found.unreadable.items():
                yield whole_file(name, UnusableFile("encoding", reason))
            self.report_ignored(found.ignored)
        files = found.files.get(self.stream, ())
        looks = {file.name: self.look(file) for file in files}
        self.marks = {name: mark for name, mark in self.before.files.items() if name in looks}
        due = tuple(file for file in files if mark_of(looks[file.name]) != self.marks.get(file.name))
        complete = self.is_snapshot and (bool(due) or len(self.marks) < len(self.before.files))
        if complete:
            due = files
        self.expected = sum(seen.lines for file in due if isinstance(seen := looks[file.name], Look))
        for file in due:
            self.marks.pop(file.name, None)
            yield from self.file(file, looks[file.name])
        complete = complete and self.whole
        yield self.checkpoint(
            Bookmark(self.marks if complete or not self.is_snapshot or not due else self.before.files, ignored=self.ignored),
            complete=True,
            snapshot=complete,
        )

    def look(self, file: Found) -> Look | OSError:
        encodings = () if file.sheets else GUESSES if self.config.encoding is None else (self.config.encoding,)
        try:
            # A mark of UTF-8 at the start is no part of the first header.
            return look(file.path, ["utf-8-sig" if name == "utf-8" else name for name in encodings])
        except OSError as error:
            return error

    def file(self, file: Found, seen: Look | OSError) -> Iterator[Message]:
        """Yield one file's rows. A file that cannot be used gives one reject, and the others are read."""
        try:
            if isinstance(seen, OSError):
                raise UnusableFile("encoding", f"The file cannot be read: {seen.strerror}.")
            if file.sheets is None and seen.encoding is None:
                wanted = self.config.encoding or "UTF-8 nor GB 18030"
                raise UnusableFile("encoding", f"The file is not {wanted}; save it as UTF-8.")
            yield from self.policy(file, seen) if self.stream == POLICY else self.rows(file, seen)
        except UnusableFile as unusable:
            self.whole = False
            yield whole_file(file.name, unusable)
            yield self.checkpoint(self.between())
        except (OSError, UnicodeDecodeError) as error:
            self.whole = False
            self.notes.append(f"{file.name} changed or went away while it was read ({error}); the next sync reads it again.")

    def policy(self, file: Found, seen: Look) -> Iterator[Message]:
        if seen.size > MOST_POLICY:
            raise UnusableFile("undecodable", "A policy has at most one mebibyte.")
        text = file.path.read_text(encoding=seen.encoding)
        try:
            version = policy(text).version
        except MappingError as error:
            raise UnusableFile(error.code, str(error), error.field, error.value) from error
        yield Record(key=(str(version),), raw=encode({"toml": text}), place=Place(file=file.name))
        self.marks[file.name] = Mark(seen.size, seen.hash)
        yield self.checkpoint(self.between(), settled=(file.name,))

    def rows(self, file: Found, seen: Look) -> Iterator[Message]:
        parts = self.parts(file, seen)
        across = self.across(parts)
        for part in parts:
            part.table.judge_by(across)
            if part.table.unknown:
                self.notes.append(f"{file.name} has columns that are not known: {few(part.table.unknown)}.")
        skip = self.resume_after(file, seen)
        row = sent = 0
        for part in parts:
            for line, cells in part.rows():
                row += 1
                message = part.table.message(line, cells)
                if row <= skip or message is None:
                    continue
                if isinstance(message, Reject) and message.key is None:
                    # Its key is not known, so nobody can tell which key did not come.
                    self.whole = False
                yield message
                sent += 1
                if sent % BATCH == 0:
                    opened = self.between(Open(file.name, seen.hash, row))
                    yield self.checkpoint(opened, rows=row)
        if any(part.hash(file.path) != seen.hash for part in parts):
            raise OSError("its content is not what it was")
        self.done += row
        self.marks[file.name] = Mark(seen.size, seen.hash)
        # After a resumption the rejects of the first rows belong to an earlier read: nothing may be concluded from
        # their absence.
        yield self.checkpoint(self.between(), settled=() if skip else (file.name,))

    def parts(self, file: Found, seen: Look) -> list["Part"]:
        """Open the tables of a file: the file itself, or sheets of a workbook. Raises UnusableFile."""
        plan = plan_of(self.config, self.stream)
        if file.sheets is None:
            text = CsvFile(file.path, seen.encoding or "utf-8", self.config.delimiter)
            try:
                return [Part(text, plan, file.name)]
            except UnusableFile as unusable:
                if seen.encoding == "gb18030" and self.config.encoding is None:
                    raise UnusableFile("encoding", f"The file is not UTF-8, and read as GB 18030: {unusable}") from unusable
                raise
        try:
            return [Part(sheet, plan, file.name, sheet.name) for sheet in open_sheets(file.path, file.sheets)]
        except UnreadableBook as error:
            raise UnusableFile("encoding", str(error)) from error

    def across(self, parts: list["Part"]) -> NoneToJudge:
        """Return what judges rows in view of the others of the file; it has read the file where it has to."""
        if self.stream == "orders":
            return OrderHeaders(ORDER_HEADER)
        across: NoneToJudge = NoneToJudge()
        if NOUNS[self.stream].parent:
            across = Tree()
        elif self.stream == "products":
            across = ProductGroups()
        elif self.stream == "fx_rates":
            across = BaseCurrency(self.base_currencies())
        across.learn(chain.from_iterable(part.table.learnt(part.rows(), across.columns) for part in parts if across.columns))
        if across.warning:
            self.notes.append(f"{parts[0].table.file}: {across.warning}")
        return across

    def base_currencies(self) -> frozenset[str]:
        """Return the base currencies of the policies in the folder; a policy that is set aside has none."""
        found = set()
        for file in listing(self.folder).files.get(POLICY, ()):
            try:
                found.add(policy(file.path.read_text(encoding="utf-8-sig")).base_currency)
            except (MappingError, OSError, UnicodeDecodeError):
                continue
        return frozenset(found)

    def resume_after(self, file: Found, seen: Look) -> int:
        """Return how many rows of the file are done."""
        at = self.before.open
        same = at is not None and at.file == file.name and at.hash == seen.hash and not self.is_snapshot
        return at.row if at is not None and same else 0

    def report_ignored(self, names: tuple[str, ...]) -> None:
        new = [name for name in names if name not in self.before.ignored]
        if new:
            self.notes.append(f"ignored, being named after no noun: {few(new)}.")
        self.ignored = names

    def between(self, opened: Open | None = None) -> Bookmark:
        """Return the bookmark in the middle of a read. In a snapshot it stays where it was: a broken one starts anew."""
        return self.before if self.is_snapshot else Bookmark(dict(self.marks), opened, self.ignored)

    def checkpoint(self, at: Bookmark, *, rows: int = 0, **more: Any) -> Checkpoint:
        done = self.done + rows
        note, self.notes = " ".join(self.notes), []
        return Checkpoint(
            state=at.state(), done=done, expected=max(done, self.expected), note=note.replace("\0", "\ufffd") or None, **more
        )


class CsvFile:
    """A CSV file whose rows can be read more than once. `read` is the hash of what was read last."""

    def __init__(self, path: Path, encoding: str, delimiter: str) -> None:
        self.path = path
        self.encoding = encoding
        self.delimiter = delimiter
        self.read = ""

    def rows(self) -> Generator[tuple[int, Row], None, None]:
        with TextFile(self.path, self.encoding) as file:
            yield from csv_rows(file.text, self.delimiter)
            self.read = file.hash()


class Part:
    """A table of a file with its rows; the header is the first row that is not empty. Raises UnusableFile."""

    def __init__(self, source: CsvFile | Sheet, plan: Plan, file: str, sheet: str | None = None) -> None:
        self.source = source
        with closing(source.rows()) as rows:
            self.header_line, header = next(((line, row) for line, row in rows if not is_empty(row)), (0, None))
        self.table = Table(plan, header, file=file, sheet=sheet)

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Yield each row below the header with its line."""
        for line, row in self.source.rows():
            if line > self.header_line:
                yield line, row

    def hash(self, path: Path) -> str:
        """Return the hash of the file as it was when its rows were read."""
        return self.source.read if isinstance(self.source, CsvFile) else look(path).hash


def mark_of(seen: Look | OSError) -> Mark | OSError:
    return Mark(seen.size, seen.hash) if isinstance(seen, Look) else seen


def whole_file(name: str, unusable: UnusableFile) -> Reject:
    """Return the reject that stands for a whole file."""
    return Reject(
        raw=encode({"file": name}),
        code=unusable.code,
        message=str(unusable),
        field=unusable.column,
        value=unusable.value,
        place=Place(file=name, column=unusable.column),
    )


def few(names: tuple[str, ...] | list[str]) -> str:
    """Return names in a sentence, the first twenty of them."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(name[:80] for name in names[:MOST_NAMED]) + more
