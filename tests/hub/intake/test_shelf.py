"""What is sent is laid out as plain files of one folder, or not at all."""

import stat
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.intake import shelf as kept
from hub.intake.shelf import TABLES, Shelf, Unfit, check_name

ORDERS = b"order_id,line_no\nO1,1\n"


def sent(folder: Path, body: bytes) -> Shelf:
    """Return a shelf with one file that has come."""
    shelf = Shelf.of(folder)
    part = shelf.begin(7)
    part.write_bytes(body)
    shelf.keep(part, 7)
    return shelf


def archive(folder: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Shelf:
    """Return a shelf with an archive that has come."""
    path = folder / "made.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, body in members:
            made.writestr(name, body)
    return sent(folder, path.read_bytes())


def refused(shelf: Shelf, name: str = "sheets.zip") -> str:
    """Return the code with which a file is refused; nothing is laid out then."""
    with pytest.raises(Unfit) as error:
        shelf.lay_out(7, name)
    assert [path.name for path in shelf.root.iterdir()] == ["7"]
    return error.value.code


def laid_out(shelf: Shelf) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in shelf.folder(7).iterdir()}


def entry(name: str, mode: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def test_a_sheet_is_laid_out_under_its_name_and_once_more_the_same(tmp_path: Path) -> None:
    shelf = sent(tmp_path, ORDERS)
    for _ in range(2):
        shelf.lay_out(7, "orders.csv")
    assert laid_out(shelf) == {"orders.csv": ORDERS}


def test_an_archive_is_laid_out_with_or_without_its_one_folder(tmp_path: Path) -> None:
    for number, top in enumerate(("", "month/")):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        shelf = archive(
            folder, (f"{top}orders.csv", ORDERS), (f"{top}policy.toml", b"version = 1"), ("__MACOSX/._orders.csv", b"\0")
        )
        shelf.lay_out(7, "sheets.zip")
        assert laid_out(shelf) == {"orders.csv": ORDERS, "policy.toml": b"version = 1"}


@pytest.mark.parametrize(
    ("member", "code"),
    [
        (entry("../orders.csv"), "unsafe_name"),
        (entry("/etc/orders.csv"), "unsafe_name"),
        (entry("C:\\orders.csv"), "unsafe_name"),
        (entry("a\\..\\orders.csv"), "unsafe_name"),
        (entry("a/b/orders.csv"), "unsafe_name"),
        (entry(".orders.csv"), "unsafe_name"),
        (entry("orders.csv", stat.S_IFLNK | 0o777), "not_a_file"),
        (entry("orders.csv", stat.S_IFIFO | 0o600), "not_a_file"),
        (entry("inner.zip"), "nested_archive"),
        (entry("orders.exe"), "wrong_kind"),
    ],
)
def test_what_is_no_plain_sheet_keeps_the_whole_archive_out(tmp_path: Path, member: zipfile.ZipInfo, code: str) -> None:
    assert refused(archive(tmp_path, ("partners.csv", ORDERS), (member, ORDERS))) == code


def test_an_archive_in_disguise_is_none_of_the_sheets(tmp_path: Path) -> None:
    inner = tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w") as made:
        made.writestr("orders.csv", ORDERS)
    assert refused(archive(tmp_path, ("orders.csv", inner.read_bytes()))) == "wrong_kind"
    assert refused(sent(tmp_path, inner.read_bytes()), "orders.xlsx") == "wrong_kind"
    assert refused(sent(tmp_path, ORDERS), "orders.xlsx") == "unreadable"
    assert refused(sent(tmp_path, ORDERS), "sheets.zip") == "unreadable"


def test_names_that_differ_in_case_alone_are_one_name(tmp_path: Path) -> None:
    assert refused(archive(tmp_path, ("orders.csv", ORDERS), ("Orders.csv", ORDERS))) == "name_twice"


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "LARGEST_UNPACKED", 1_000)
    assert refused(archive(tmp_path, ("orders.csv", b"x" * 600), ("offers.csv", b"x" * 600))) == "too_large"
    monkeypatch.setattr(kept, "MOST_FILES", 2)
    assert refused(archive(tmp_path, *((f"orders-{n}.csv", b"x") for n in range(3)))) == "too_many_files"
    assert refused(archive(tmp_path, *((f"a/{n}/", b"") for n in range(5)))) == "too_many_files"
    assert refused(archive(tmp_path, ("a/", b""))) == "empty"


def test_an_archive_that_understates_what_is_in_it_is_refused(tmp_path: Path) -> None:
    shelf = archive(tmp_path, ("orders.csv", b"y" * 100_000))
    body = shelf.file(7).read_bytes()
    size = (100_000).to_bytes(4, "little")
    assert body.count(size) == 2
    assert refused(sent(tmp_path, body.replace(size, (10).to_bytes(4, "little")))) == "unreadable"


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    shelf = archive(tmp_path, ("orders.csv", ORDERS * 1_000))
    body = bytearray(shelf.file(7).read_bytes())
    body[60] ^= 0xFF
    assert refused(sent(tmp_path, bytes(body))) == "unreadable"


PIECES = st.sampled_from(["..", ".", "a", "orders.csv", "/", "\\", ":", "\0", "é", "~", "offers.csv", "x.zip", "\n"])


@given(
    st.lists(
        st.lists(PIECES, min_size=1, max_size=5).map("".join),
        min_size=1,
        max_size=3,
        unique_by=lambda name: name.partition("\0")[0],
    )
)
def test_whatever_the_names_nothing_is_written_outside(names: list[str]) -> None:
    with TemporaryDirectory() as made:
        root = Path(made)
        folder = root / "home"
        folder.mkdir()
        shelf = archive(folder, *((entry(name), b"z") for name in names))
        try:
            shelf.lay_out(7, "sheets.zip")
        except Unfit:
            assert [path.name for path in shelf.root.iterdir()] == ["7"]
        else:
            for path in shelf.folder(7).iterdir():
                assert path.is_file()
                assert not path.is_symlink()
                check_name(path.name, TABLES)
        assert [path.name for path in root.iterdir()] == ["home"]
        assert sorted(path.name for path in folder.iterdir()) == ["made.zip", "uploads"]


def test_what_is_not_needed_is_removed_and_the_rest_stays(tmp_path: Path) -> None:
    shelf = sent(tmp_path, ORDERS)
    shelf.lay_out(7, "orders.csv")
    shelf.begin(8).write_bytes(b"half")
    shelf.begin(9).write_bytes(b"half")
    assert shelf.ids() == {7, 8, 9}
    shelf.clear({7, 9})
    assert [path.name.partition(".")[0] for path in shelf.root.iterdir()] == ["8"]
