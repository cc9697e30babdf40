"""Delivered files: what is in them, how they are written, and their rows, without ever holding a file in memory."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path

from msgspec import Struct

CHUNK = 1 << 20
# A line is one row of text; what is longer is not a table, and would have to be held whole.
LONGEST_LINE = 1 << 20


class Look(Struct, frozen=True):
    """What a first pass over a file tells. `encoding` is None where none of those tried fits the whole file."""

    size: int
    hash: str
    lines: int
    encoding: str | None = None


class BrokenRow(Struct, frozen=True):
    """A line that cannot be divided into cells; reading goes on with the next one."""

    text: str
    reason: str


def look(path: Path, encodings: Iterable[str] = ()) -> Look:
    """Read a file once and tell its size and hash, and the first of the encodings that decodes all of it.

    A file that starts with the mark of UTF-8 is UTF-8 or nothing.
    """
    tried = tuple(encodings)
    digest = blake2b(digest_size=16)
    size = lines = 0
    with path.open("rb") as file:
        if file.read(3) == codecs.BOM_UTF8 and tried:
            tried = ("utf-8-sig",)
        file.seek(0)
        first = codecs.getincrementaldecoder(tried[0])() if tried else None
        for chunk in iter(lambda: file.read(CHUNK), b""):
            digest.update(chunk)
            size += len(chunk)
            lines += chunk.count(b"\n")
            if first is not None and not decodes(first, chunk):
                first = None
    found = tried[0] if first is not None and decodes(first, b"", final=True) else None
    if found is None:
        found = next((encoding for encoding in tried[1:] if decodes_all(path, encoding)), None)
    return Look(size, digest.hexdigest(), lines, found)


def decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def decodes_all(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        return all(decodes(decoder, chunk) for chunk in iter(lambda: file.read(CHUNK), b"")) and decodes(
            decoder, b"", final=True
        )


class Hashed(io.RawIOBase):
    """A file that hashes what is read of it, so that a change between two passes is noticed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.file = path.open("rb", buffering=0)
        self.digest = blake2b(digest_size=16)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        count = self.file.readinto(buffer) or 0
        self.digest.update(memoryview(buffer)[:count])
        return count

    def close(self) -> None:
        self.file.close()
        super().close()


class TextFile:
    """A text file read line by line. `hash()` is that of the bytes once all lines were read."""

    def __init__(self, path: Path, encoding: str) -> None:
        self.bytes = Hashed(path)
        self.text = io.TextIOWrapper(io.BufferedReader(self.bytes, 1 << 16), encoding, newline="")

    def __enter__(self) -> "TextFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.text.close()

    def hash(self) -> str:
        return self.bytes.digest.hexdigest()


class Lines:
    """Lines that can be given back, and those taken since `taken` was last cleared."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.readline = text.readline
        self.again: list[str] = []
        self.taken: list[str] = []

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        line = self.again.pop() if self.again else self.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.taken.append(line)
        if len(line) == LONGEST_LINE and line[-1] != "\n":
            self.skip_line()
            raise csv.Error(f"the line is longer than {LONGEST_LINE} characters")
        return line

    def skip_line(self) -> None:
        while (rest := self.readline(LONGEST_LINE)) and rest[-1] != "\n":
            pass


def csv_rows(text: io.TextIOWrapper, delimiter: str) -> Iterator[tuple[int, list[str] | BrokenRow]]:
    """Yield each row with the physical line it starts on, from 1. A blank line is a row without cells.

    A quote that is never closed breaks its own line only: the lines after it are read anew.
    """
    lines = Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 1
    while True:
        lines.taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            broken, *after = lines.taken
            lines.again.extend(reversed(after))
            yield line, BrokenRow(broken[:10_000], str(error))
            line += 1
            continue
        yield line, cells
        line += len(lines.taken)
