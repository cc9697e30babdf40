"""Delivered files: what a first pass tells, and rows that are read without holding the file."""

from pathlib import Path

import pytest

from connectors.files import BrokenRow, TextFile, csv_rows, look


def rows(path: Path, content: str) -> list[tuple[int, str | list[str]]]:
    path.write_bytes(content.encode())
    with TextFile(path, "utf-8") as file:
        found = [(line, row.text if isinstance(row, BrokenRow) else row) for line, row in csv_rows(file.text, ",")]
        assert file.hash() == look(path).hash
    return found


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"plain", "utf-8"),
        ("上海".encode(), "utf-8"),
        (b"\xef\xbb\xbfplain", "utf-8-sig"),
        ("上海".encode("gb18030"), "gb18030"),
        (b"\xff", None),
        (b"\xef\xbb\xbf\xff", None),
        ("上海".encode()[:-1], None),
    ],
)
def test_the_first_encoding_that_fits_the_whole_file_is_its_own(tmp_path: Path, content: bytes, encoding: str | None) -> None:
    path = tmp_path / "file"
    marked = content.startswith(b"\xef\xbb\xbf")
    path.write_bytes(content if marked else b"x" * 1_048_575 + b"\n" + content)
    seen = look(path, ("utf-8", "gb18030"))
    assert seen.encoding == encoding
    assert seen.size == path.stat().st_size


def test_the_same_content_has_the_same_hash_whatever_its_name(tmp_path: Path) -> None:
    for name, content in (("a", "x\ny\n"), ("b", "x\ny\n"), ("c", "x\nz\n")):
        (tmp_path / name).write_text(content)
    first, second, other = (look(tmp_path / name) for name in "abc")
    assert first == second != other
    assert first.lines == 2


def test_a_row_stands_on_the_line_where_it_starts(tmp_path: Path) -> None:
    content = 'a,b\r\n"x\ny",1\n\n"a ""quoted"" one",2'
    assert rows(tmp_path / "file", content) == [(1, ["a", "b"]), (2, ["x\ny", "1"]), (4, []), (5, ['a "quoted" one', "2"])]


def test_an_open_quote_breaks_its_own_line_only(tmp_path: Path) -> None:
    assert rows(tmp_path / "file", 'a\n"b\nc\nd') == [(1, ["a"]), (2, '"b\n'), (3, ["c"]), (4, ["d"])]
