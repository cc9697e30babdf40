"""Files of sheets that were sent: kept in the hub's own folder as they came, and laid out as a folder of sheets to be read.

Nothing is believed of a file that came from outside: names are those of plain files of one folder, an archive holds sheets
alone, and no more is unpacked than was announced and allowed.
"""

import os
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from secrets import token_hex
from typing import IO

CHUNK = 1 << 20
LARGEST = 256 << 20
LARGEST_UNPACKED = 1 << 30
MOST_FILES = 500
LONGEST_NAME = 200
TABLES = frozenset({".csv", ".xlsx", ".toml"})
ARCHIVE = ".zip"
SENT = TABLES | {ARCHIVE}
NESTED = frozenset({".zip", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".tar", ".7z", ".rar", ".jar"})
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
# What the desktops of some add to every archive.
UNASKED = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
WORKBOOK = "[Content_Types].xml"


class Unfit(Exception):
    """A file is not taken. `code` says why, `name` which file of an archive it is about."""

    def __init__(self, code: str, name: str = "") -> None:
        super().__init__(f"{name}: {code}" if name else code)
        self.code = code
        self.name = name


@dataclass(frozen=True)
class Shelf:
    """The files of one hub. What is named by an upload's id is complete; all else is on its way."""

    root: Path

    @classmethod
    def of(cls, home: Path) -> "Shelf":
        """Return the shelf in a hub's folder."""
        return cls(home.absolute() / "uploads")

    def file(self, upload_id: int) -> Path:
        """Return where a file is once it has come."""
        return self.root / f"{upload_id}"

    def folder(self, upload_id: int) -> Path:
        """Return where the sheets of a file are once they are laid out."""
        return self.root / f"{upload_id}.sheets"

    def begin(self, upload_id: int) -> Path:
        """Return where to write a file while it comes; nobody else writes there."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.root / f"{upload_id}.{token_hex(8)}.part"

    def keep(self, part: Path, upload_id: int) -> None:
        """Let what has come be the file, and last."""
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(self.file(upload_id))
        lasting(self.root)

    def lay_out(self, upload_id: int, name: str) -> None:
        """Lay the sheets of a file out. Raises Unfit, and then nothing is laid out; done twice, it comes out the same."""
        whole = self.folder(upload_id)
        if whole.exists():
            return
        part = self.root / f"{upload_id}.{token_hex(8)}.sheets.part"
        part.mkdir()
        try:
            if suffix_of(name) == ARCHIVE:
                unpack(self.file(upload_id), part)
            else:
                check_content(self.file(upload_id), name)
                shutil.copyfile(self.file(upload_id), part / name)
            lasting(part)
            part.rename(whole)
            lasting(self.root)
        except OSError:
            # Somebody who did the same was faster.
            if not whole.exists():
                raise
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def ids(self) -> set[int]:
        """Return the uploads of which there is anything."""
        return {upload_of(path) for path in self.entries()}

    def clear(self, ids: set[int]) -> None:
        """Remove everything that belongs to these uploads."""
        for path in self.entries():
            if upload_of(path) not in ids:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def entries(self) -> list[Path]:
        """Return what lies on the shelf."""
        if not self.root.is_dir():
            return []
        return [path for path in self.root.iterdir() if path.name.partition(".")[0].isdecimal()]


def upload_of(path: Path) -> int:
    """Return the upload an entry of the shelf belongs to."""
    return int(path.name.partition(".")[0])


def lasting(folder: Path) -> None:
    """See that what a folder holds outlives the machine's fall."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check_name(name: str, kinds: frozenset[str] = TABLES) -> None:
    """Refuse a name that is not that of a plain file of these kinds. Raises Unfit."""
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable() or set(name) & set('/\\:*?"<>|') or name.startswith("."):
        raise Unfit("unsafe_name", name[:LONGEST_NAME])
    if suffix_of(name) not in kinds:
        raise Unfit("nested_archive" if suffix_of(name) in NESTED else "wrong_kind", name)


def suffix_of(name: str) -> str:
    """Return what kind of file a name says it is."""
    return PurePosixPath(name).suffix.lower()


def check_content(file: Path, name: str) -> None:
    """Refuse a file that is not of the kind its name says. Raises Unfit."""
    if suffix_of(name) != ".xlsx":
        with file.open("rb") as text:
            if b"\0" in text.read(CHUNK):
                raise Unfit("wrong_kind", name)
        return
    with opened(file, name) as book:
        if WORKBOOK not in book.namelist():
            raise Unfit("wrong_kind", name)
        if sum(one.file_size for one in book.infolist()) > LARGEST_UNPACKED:
            raise Unfit("too_large", name)


def opened(file: Path, name: str) -> zipfile.ZipFile:
    """Open an archive. Raises Unfit."""
    try:
        return zipfile.ZipFile(file)
    except BROKEN as error:
        raise Unfit("unreadable", name) from error


def unpack(file: Path, folder: Path) -> None:
    """Write the sheets of an archive into a folder. Raises Unfit."""
    with opened(file, "") as archive:
        for name, member in members(archive).items():
            with (folder / name).open("xb") as output:
                for chunk in content(archive, member):
                    output.write(chunk)
                output.flush()
                os.fsync(output.fileno())
            check_content(folder / name, name)


def members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the files of an archive by name, those of its one folder where everything is in one. Raises Unfit."""
    listed = archive.infolist()
    # Before anything is done with them: a directory of millions costs nothing to write.
    if len(listed) > 2 * MOST_FILES:
        raise Unfit("too_many_files")
    files = [one for one in listed if not one.orig_filename.endswith("/") and not one.orig_filename.startswith(UNASKED[0])]
    files = [one for one in files if PurePosixPath(one.orig_filename).name not in UNASKED]
    if not files:
        raise Unfit("empty")
    if len(files) > MOST_FILES:
        raise Unfit("too_many_files")
    if sum(one.file_size for one in files) > LARGEST_UNPACKED:
        raise Unfit("too_large")
    tops = {one.orig_filename.partition("/")[0] if "/" in one.orig_filename else None for one in files}
    top = f"{tops.pop()}/" if len(tops) == 1 and None not in tops else ""
    found: dict[str, zipfile.ZipInfo] = {}
    for one in files:
        check_member(one)
        name = one.orig_filename.removeprefix(top)
        check_name(name)
        if name.casefold() in {other.casefold() for other in found}:
            raise Unfit("name_twice", name)
        found[name] = one
    return found


def check_member(one: zipfile.ZipInfo) -> None:
    """Refuse what is no plain file of this folder. Raises Unfit."""
    name = one.orig_filename
    steps = name.replace("\\", "/").split("/")
    if steps[0] == "" or ".." in steps or ":" in steps[0] or "\0" in name:
        raise Unfit("unsafe_name", name[:LONGEST_NAME].replace("\0", "\ufffd"))
    if stat.S_IFMT(one.external_attr >> 16) not in (0, stat.S_IFREG):
        raise Unfit("not_a_file", name)
    if one.flag_bits & 1:
        raise Unfit("encrypted", name)


def content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the bytes of a member: never more than it announced, and a member that was not honest is refused. Raises Unfit."""
    try:
        source: IO[bytes] = archive.open(member)
        with source:
            while chunk := source.read(CHUNK):
                yield chunk
    except BROKEN as error:
        raise Unfit("unreadable", member.orig_filename) from error
