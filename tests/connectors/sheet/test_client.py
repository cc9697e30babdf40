"""A folder of sheets, read: which rows come, where they stood, what is set aside, and what the next read does."""

import csv
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from connectors.base import Context
from connectors.http import Http
from connectors.registry import connector
from connectors.sheet.client import SheetConnector
from connectors.sheet.config import SheetConfig
from connectors.sheet.mapping import normalise
from connectors.sheet.nouns import NOUNS, STREAMS
from connectors.sheet.reading import Reading
from hub.errors import MappingError, SourceDown
from hub.records import Order, Product
from hub.records.message import Checkpoint, Message, Place, Record, Reject, State, SyncMode, Tombstone, Window
from hub.records.source import Stream, StreamModel

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Read:
    """What one read yielded."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self.messages = list(messages)
        self.records = [one for one in self.messages if isinstance(one, Record)]
        self.rejects = [one for one in self.messages if isinstance(one, Reject)]
        self.tombstones = [one for one in self.messages if isinstance(one, Tombstone)]
        self.checkpoints = [one for one in self.messages if isinstance(one, Checkpoint)]
        self.last = self.checkpoints[-1]
        self.settled = tuple(name for one in self.checkpoints for name in one.settled)
        self.notes = " ".join(one.note for one in self.checkpoints if one.note)

    @property
    def keys(self) -> list[tuple[str, ...]]:
        return [one.key for one in self.records]

    @property
    def raws(self) -> list[Any]:
        return [json.loads(one.raw) for one in self.records]

    @property
    def faults(self) -> list[tuple[str, int | None, str | None]]:
        return [(one.code, one.place.line if one.place else None, one.field) for one in self.rejects]


class Folder:
    """A folder, its settings, and the state each stream was left in."""

    def __init__(self, path: Path, **settings: Any) -> None:
        self.path = path
        self.context = Context(
            source="east",
            config=SheetConfig(folder=str(path), **settings),
            http=cast(Http, None),
            now=lambda: NOW,
            log=lambda *_, **__: None,
        )

    def has(self, name: str, content: str | bytes) -> None:
        self.path.joinpath(name).write_bytes(content.encode() if isinstance(content, str) else content)

    def has_book(self, name: str, sheets: Mapping[str, Iterable[Iterable[Any]]], *, mac: bool = False) -> None:
        book = openpyxl.Workbook()
        if mac:
            book.epoch = CALENDAR_MAC_1904
        book.remove(book.worksheets[0])
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(list(row))
            for cells in sheet.iter_rows():
                for cell in cells:
                    if cell.value == "#N/A":
                        cell.data_type = "e"
        book.save(self.path / name)

    async def read(self, stream: str, state: State | None = None, mode: SyncMode = SyncMode.INCREMENTAL) -> Read:
        window = Window(lower=None, upper=NOW, mode=mode)
        return Read([one async for one in SheetConnector().read(self.context, stream_named(stream), state or {}, window)])


def stream_named(name: str) -> Stream:
    return Stream(name=name, model=StreamModel.CUSTOM, primary_key=())


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


REGIONS = "code,parent,name\nCN,,China\nCN-SH,CN,上海\n"
ORDERS = "order_id,line_no,order_kind,order_date,buyer_partner,sku,qty,amount,currency\n"


def order_lines(count: int, *, start: int = 1) -> str:
    return "".join(f"O{number},1,sell_in,2026-03-01,A,P1,1,{number},CNY\n" for number in range(start, start + count))


# What a folder is


async def test_the_manifest_lists_every_noun_in_the_order_of_loading_with_its_key() -> None:
    manifest = connector("sheet").manifest
    assert manifest is not None
    assert tuple(manifest.streams) == STREAMS
    assert {name: entry.primary_key for name, entry in manifest.streams.items() if name in NOUNS} == {
        name: noun.key for name, noun in NOUNS.items()
    }
    assert set(manifest.settings) == set(SheetConfig.__struct_fields__)
    assert isinstance(connector("sheet").load(), SheetConnector)


async def test_a_folder_tells_its_nouns_twice_the_same(folder: Folder) -> None:
    folder.has("regions.csv", REGIONS)
    folder.has("orders-2026-03.csv", ORDERS)
    folder.has("policy.toml", "version = 1")
    folder.has_book("all.xlsx", {"offers": [["listing_id"]], "Notes": [["x"]]})
    client = SheetConnector()
    assert (await client.check(folder.context)).missing == ()
    catalog = await client.discover(folder.context)
    assert catalog.streams == ("policy", "regions", "orders", "offers")
    assert catalog == await client.discover(folder.context)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "holds no sheet"),
        ({"time_zone": "Mars/Base"}, "no time zone 'Mars/Base'"),
        ({"columns": {"order": {"x": "qty"}}}, "names 'order', which is no noun"),
        ({"columns": {"orders": {"x": "quantity"}}}, "'quantity', which is no column of orders"),
        ({"snapshot": ("orders.csv",)}, "names 'orders.csv', which is no noun"),
    ],
)
async def test_check_says_what_has_to_be_done(tmp_path: Path, settings: dict[str, Any], sentence: str) -> None:
    (missing,) = (await SheetConnector().check(Folder(tmp_path, **settings).context)).missing
    assert sentence in missing


async def test_a_folder_that_is_not_there_is_a_source_that_is_down(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "none")
    (missing,) = (await SheetConnector().check(folder.context)).missing
    assert "cannot be read" in missing
    with pytest.raises(SourceDown):
        await folder.read("regions")


async def test_other_names_are_ignored_and_listed_once(folder: Folder) -> None:
    folder.has("regions.csv", REGIONS)
    folder.has("notes.txt", "x")
    folder.has("regionsmap.csv", "x")
    folder.has("~$orders.xlsx", "x")
    folder.path.joinpath("orders-old.csv").mkdir()
    folder.has_book("book.xlsx", {"regions": [["code"], ["EU"]], "Sheet2": []})
    read = await folder.read("policy")
    assert read.notes == "ignored, being named after no noun: book.xlsx/Sheet2, notes.txt, regionsmap.csv, ~$orders.xlsx."
    assert (await folder.read("policy", read.last.state)).notes == ""
    assert (await folder.read("regions")).keys == [("EU",), ("CN",), ("CN-SH",)]


# Rows


async def test_a_row_keeps_its_headers_and_cells_as_the_file_had_them(folder: Folder) -> None:
    folder.has(
        "regions.csv", ' Code ,Parent,name,Colour,updated_at\r\nCN,,"中\r\n国",red,2026-03-01\r\n\r\n, ,　,,\r\nEU,,,,\r\n'
    )
    read = await folder.read("regions")
    first, second = read.records
    assert read.raws == [{"Code": "CN", "name": "中\r\n国", "Colour": "red", "updated_at": "2026-03-01"}, {"Code": "EU"}]
    assert first.place == Place(file="regions.csv", line=2)
    assert second.place == Place(file="regions.csv", line=6)
    assert (first.version, second.version) == ("2026-03-01T00:00:00.000000+00:00", None)
    assert read.notes == "regions.csv has columns that are not known: Colour."
    assert read.settled == ("regions.csv",)
    assert read.last.complete
    assert not read.last.snapshot


async def test_keys_are_canonical(tmp_path: Path) -> None:
    folder = Folder(tmp_path, time_zone="Asia/Shanghai")
    folder.has("orders.csv", ORDERS + "O1,,sell_in,2026-03-01,A,P1,1,1,CNY\nO1,02,sell_in,2026/3/1,A,P1,1,1,cny\n")
    folder.has("fx_rates.csv", "date,currency,rate\n2026年3月1日,usd,7\n")
    folder.has("offers.csv", "listing_id,observed_at,seller,channel,sku,price,currency\nL,2026-03-01 09:00,s,tmall,P1,1,CNY\n")
    folder.has("partner_aliases.csv", "alias,partner\n Shop　Ａ ,A\n")
    folder.has("inventory_months.csv", "partner,sku,month,opening,closing,sell_in,sell_out\nA,P1,202603,1,1,0,0\n")
    assert (await folder.read("orders")).keys == [("O1", "1"), ("O1", "2")]
    assert (await folder.read("fx_rates")).keys == [("2026-03-01", "USD")]
    assert (await folder.read("offers")).keys == [("L", "2026-03-01T01:00:00+00:00")]
    assert (await folder.read("partner_aliases")).keys == [("*", "shopa")]
    assert (await folder.read("inventory_months")).keys == [("A", "P1", "2026-03-01")]


async def test_a_withdrawn_row_needs_nothing_but_its_key(folder: Folder) -> None:
    folder.has("orders.csv", ORDERS.replace("\n", ",deleted,updated_at\n") + "O1,2,,,,,,,,是,2026-03-01\n,,,,,,,,,yes,\n")
    read = await folder.read("orders")
    assert [(one.key, one.version) for one in read.tombstones] == [(("O1", "2"), "2026-03-01T00:00:00.000000+00:00")]
    assert read.faults == [("missing", 3, "order_id")]


async def test_bad_rows_are_set_aside_and_the_others_are_read(folder: Folder) -> None:
    folder.has("regions.csv", 'code,name\nCN,a\nEU\nUS,b,c\na|b,d\n,e\nUK,"f\nJP,g\n"KR"x,h\nAU,i\n')
    read = await folder.read("regions")
    assert read.keys == [("CN",), ("JP",), ("AU",)]
    assert read.faults == [
        ("bad_width", 3, None),
        ("bad_width", 4, None),
        ("bad_code", 5, "code"),
        ("missing", 6, "code"),
        ("bad_width", 7, None),
        ("bad_width", 9, None),
    ]
    assert read.rejects[2].place == Place(file="regions.csv", line=5, column="code")
    assert read.rejects[2].value == "a|b"
    assert read.records[1].place == Place(file="regions.csv", line=8)


async def test_the_same_key_twice_is_yielded_twice(folder: Folder) -> None:
    folder.has("regions.csv", "code,name\nCN,a\nCN,b\n")
    assert [raw["name"] for raw in (await folder.read("regions")).raws] == ["a", "b"]


async def test_a_semicolon_may_stand_between_cells(tmp_path: Path) -> None:
    folder = Folder(tmp_path, delimiter=";")
    folder.has("regions.csv", "code;name\nCN;a,b\n")
    assert (await folder.read("regions")).raws == [{"code": "CN", "name": "a,b"}]


async def test_a_line_without_end_is_one_bad_row(folder: Folder) -> None:
    folder.has("regions.csv", "code,name\nCN," + "x" * 2_200_000 + "\nEU,y\nUS," + "z" * 140_000 + "\nUK,\n")
    read = await folder.read("regions")
    assert read.keys == [("EU",), ("UK",)]
    assert read.faults == [("bad_width", 2, None), ("bad_width", 4, None)]
    assert all(len(reject.raw) < 20_000 for reject in read.rejects)


# Rules that need more than one row


async def test_every_row_on_a_cycle_is_set_aside_and_what_hangs_on_it_is_not(folder: Folder) -> None:
    folder.has("regions.csv", "code,parent\nA,B\nB,C\nC,A\nD,A\nE,E\nF,\nG,F\n")
    read = await folder.read("regions")
    assert read.keys == [("D",), ("F",), ("G",)]
    assert read.faults == [("cycle", 2, "parent"), ("cycle", 3, "parent"), ("cycle", 4, "parent"), ("cycle", 6, "parent")]
    assert read.rejects[0].key == ("A",)


async def test_partners_may_form_no_cycle_either(folder: Folder) -> None:
    folder.has("partners.csv", "code,name,parent\nA,a,B\nB,b,A\n")
    assert (await folder.read("partners")).faults == [("cycle", 2, "parent"), ("cycle", 3, "parent")]


async def test_a_row_that_says_something_else_of_its_order_is_set_aside(folder: Folder) -> None:
    folder.has(
        "orders.csv",
        ORDERS
        + "O1,1,sell_in,2026-03-01,A,P1,1,1,CNY\nO1,2,SELL_IN,2026/3/1,A,P2,1,1,cny\nO2,1,sell_in,2026-03-01,A,P1,1,1,CNY\n"
        "O1,3,sell_in,2026-03-02,A,P3,1,1,CNY\nO1,4,sell_in,2026-03-01,A,P3,1,1,USD\nO1,5,sell_in,2026-03-01,,P3,1,1,CNY\n"
        "O1,6,sell_in,2026-03-02,A,P3,x,1,CNY\n",
    )
    read = await folder.read("orders")
    assert read.keys == [("O1", "1"), ("O1", "2"), ("O2", "1")]
    assert read.faults == [
        ("header_conflict", 5, "order_date"),
        ("header_conflict", 6, "currency"),
        ("header_conflict", 7, "buyer_partner"),
        ("header_conflict", 8, "order_date"),
    ]
    assert (read.rejects[0].key, read.rejects[0].value) == (("O1", "3"), "2026-03-02")


async def test_orders_that_lie_far_apart_are_compared_too(folder: Folder) -> None:
    again = "O1,2,sell_in,2026-03-01,A,P2,1,1,CNY\nO2,2,sell_in,2026-03-02,A,P2,1,1,CNY\n"
    folder.has("orders.csv", ORDERS + order_lines(9000) + again)
    read = await folder.read("orders")
    assert len(read.records) == 9001
    assert read.faults == [("header_conflict", 9003, "order_id")]


async def test_the_articles_of_one_base_share_its_group(folder: Folder) -> None:
    folder.has(
        "products.csv",
        "sku,base_sku,units_per_pack,product_group,gtin\nP1-6,P1,6,Y,\nP1,,1,X,6900001000011\nP1-12,P1,12,X,6900001000013\n"
        "P1-24,P1-12,24,X,\nP9-2,P9,2,X,\nP9-3,P9,3,Y,\n",
    )
    read = await folder.read("products")
    assert read.keys == [("P1",), ("P1-12",), ("P9-2",)]
    assert read.faults == [("header_conflict", 2, "product_group"), ("not_base_sku", 5, "base_sku"),
                           ("header_conflict", 7, "product_group")]  # fmt: skip
    assert "check digit of 1 gtin" in read.notes


async def test_the_base_currency_is_worth_one_of_itself(folder: Folder) -> None:
    folder.has("policy.toml", 'version = 1\neffective_from = 2026-01-01\nbase_currency = "CNY"\n')
    folder.has("fx_rates.csv", "date,currency,rate\n2026-03-01,CNY,1.1\n2026-03-01,USD,7.1\n2026-03-02,CNY,1.0\n")
    read = await folder.read("fx_rates")
    assert read.faults == [("out_of_range", 2, "rate")]
    assert len(read.records) == 2


# Whole files


@pytest.mark.parametrize(
    ("content", "code", "column"),
    [
        (b"", "missing_column", None),
        (b"\n\n", "missing_column", None),
        (b"name\nx\n", "missing_column", "code"),
        (b"code,name,Code\nCN,a,b\n", "missing_column", "code"),
        (b"\xff\xfec\x00o\x00d\x00e\x00", "encoding", None),
        (b"\xef\xbb\xbfcode\n\xff\n", "encoding", None),
        ("名称\n上海\n".encode("gb18030"), "encoding", None),
    ],
)
async def test_a_file_that_cannot_be_used_is_set_aside_whole_and_tried_again(
    folder: Folder, content: bytes, code: str, column: str | None
) -> None:
    folder.has("regions-a.csv", content)
    folder.has("regions-b.csv", REGIONS)
    read = await folder.read("regions")
    (reject,) = read.rejects
    assert (reject.code, reject.place) == (code, Place(file="regions-a.csv", column=column))
    assert read.keys == [("CN",), ("CN-SH",)]
    assert read.settled == ("regions-b.csv",)
    assert [one.code for one in (await folder.read("regions", read.last.state)).rejects] == [code]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_the_encoding_is_found(folder: Folder, encoding: str) -> None:
    folder.has("regions.csv", REGIONS.encode(encoding))
    assert [raw["name"] for raw in (await folder.read("regions")).raws] == ["China", "上海"]


@pytest.mark.parametrize(("encoding", "good"), [("gb18030", "gb18030"), ("utf-8", "utf-8-sig"), ("utf-8-sig", "utf-8")])
async def test_a_given_encoding_is_not_guessed(tmp_path: Path, encoding: Any, good: str) -> None:
    folder = Folder(tmp_path, encoding=encoding)
    folder.has("regions.csv", REGIONS.encode(good))
    assert [raw["name"] for raw in (await folder.read("regions")).raws] == ["China", "上海"]
    folder.has("regions.csv", b"code\n\xff\n")
    assert (await folder.read("regions")).faults == [("encoding", None, None)]


async def test_a_policy_is_taken_whole_or_not_at_all(folder: Folder) -> None:
    text = 'version = 3\neffective_from = 2026-01-01\nbase_currency = "CNY"\n'
    folder.has("policy.toml", text)
    folder.has("policy-next.toml", text + "[thresholds.oversell]\nmax_age = 3\n")
    read = await folder.read("policy")
    assert read.keys == [("3",)]
    assert read.raws == [{"toml": text}]
    (reject,) = read.rejects
    assert (reject.code, reject.field) == ("bad_enum", "thresholds.oversell.max_age")
    assert reject.place == Place(file="policy-next.toml", column="thresholds.oversell.max_age")


# Reading again


async def test_what_was_read_is_not_read_again_until_it_changes(folder: Folder) -> None:
    folder.has("regions.csv", REGIONS)
    folder.has("regions-b.csv", "code\nEU\n")
    read = await folder.read("regions")
    assert read.keys == [("EU",), ("CN",), ("CN-SH",)]
    again = await folder.read("regions", read.last.state)
    assert (again.keys, again.settled, again.last.complete) == ([], (), True)
    folder.has("regions-b.csv", "code\nEU\nUS\n")
    changed = await folder.read("regions", again.last.state)
    assert (changed.keys, changed.settled) == ([("EU",), ("US",)], ("regions-b.csv",))
    everything = await folder.read("regions", changed.last.state, SyncMode.RECONCILE)
    assert len(everything.keys) == 4


async def test_a_broken_read_goes_on_in_the_middle_of_the_file(folder: Folder) -> None:
    folder.has("orders.csv", ORDERS + order_lines(12_000))
    whole = await folder.read("orders")
    assert [one.done for one in whole.checkpoints] == [5000, 10_000, 12_000, 12_000]
    middle = whole.checkpoints[1].state
    assert isinstance(middle["open"], dict)
    assert middle["open"]["row"] == 10_000
    rest = await folder.read("orders", middle)
    assert rest.keys == whole.keys[10_000:]
    assert rest.settled == ()
    assert rest.last.state == whole.last.state


async def test_a_file_that_changed_meanwhile_is_read_from_the_start(folder: Folder) -> None:
    folder.has("orders.csv", ORDERS + order_lines(6000))
    middle = (await folder.read("orders")).checkpoints[0].state
    folder.has("orders.csv", ORDERS + order_lines(5500, start=2))
    rest = await folder.read("orders", middle)
    assert len(rest.keys) == 5500
    assert rest.settled == ("orders.csv",)


async def test_a_line_after_the_break_is_compared_with_those_before_it(folder: Folder) -> None:
    folder.has("orders.csv", ORDERS + order_lines(5000) + "O1,2,sell_in,2026-03-02,A,P1,1,1,CNY\n")
    middle = (await folder.read("orders")).checkpoints[0].state
    assert [one.code for one in (await folder.read("orders", middle)).rejects] == ["header_conflict"]


async def test_a_file_that_changes_while_it_is_read_is_not_done(folder: Folder) -> None:
    folder.has("regions.csv", "code\n" + "".join(f"R{number}\n" for number in range(1200)))
    window = Window(lower=None, upper=NOW, mode=SyncMode.INCREMENTAL)
    messages: list[Message] = []
    async for message in SheetConnector().read(folder.context, stream_named("regions"), {}, window):
        if not messages:
            with folder.path.joinpath("regions.csv").open("a") as file:
                file.write("LATE\n")
        messages.append(message)
    read = Read(messages)
    assert read.last.state == {}
    assert read.settled == ()
    assert "changed or went away" in read.notes
    assert ("LATE",) in (await folder.read("regions", read.last.state)).keys


# Snapshots


async def test_a_snapshot_is_read_whole_when_a_file_changed_or_went_away(tmp_path: Path) -> None:
    folder = Folder(tmp_path, snapshot=("regions",))
    folder.has("regions.csv", REGIONS)
    folder.has("regions-b.csv", "code\nEU\n")
    first = await folder.read("regions")
    assert first.last.snapshot
    again = await folder.read("regions", first.last.state)
    assert (again.keys, again.last.snapshot) == ([], False)
    folder.has("regions-b.csv", "code\nUS\n")
    changed = await folder.read("regions", again.last.state)
    assert (changed.keys, changed.last.snapshot) == ([("US",), ("CN",), ("CN-SH",)], True)
    folder.path.joinpath("regions-b.csv").unlink()
    gone = await folder.read("regions", changed.last.state)
    assert (gone.keys, gone.last.snapshot) == ([("CN",), ("CN-SH",)], True)
    assert list(gone.last.state) == ["files"]
    folder.path.joinpath("regions.csv").unlink()
    nothing = await folder.read("regions", gone.last.state)
    assert (nothing.keys, nothing.last.snapshot) == ([], True)
    assert not (await folder.read("regions", nothing.last.state)).last.snapshot
    assert (await SheetConnector().discover(folder.context)).streams == ("regions",)


@pytest.mark.parametrize("bad", ["name\nx\n", "code,name\nUS\n"])
async def test_a_snapshot_with_something_set_aside_withdraws_nothing(tmp_path: Path, bad: str) -> None:
    folder = Folder(tmp_path, snapshot=("regions",))
    folder.has("regions.csv", REGIONS)
    first = await folder.read("regions")
    folder.has("regions-b.csv", bad)
    read = await folder.read("regions", first.last.state)
    assert not read.last.snapshot
    assert read.last.state == first.last.state
    folder.path.joinpath("regions-b.csv").unlink()
    folder.has("regions-c.csv", "code\nUS\n")
    assert (await folder.read("regions", read.last.state)).last.snapshot


async def test_a_broken_snapshot_starts_anew(tmp_path: Path) -> None:
    folder = Folder(tmp_path, snapshot=("orders",))
    folder.has("orders.csv", ORDERS + order_lines(6000))
    whole = await folder.read("orders")
    assert whole.checkpoints[0].state == {}
    assert (await folder.read("orders", whole.checkpoints[0].state)).keys == whole.keys


# Workbooks


@pytest.mark.parametrize("mac", [False, True])
async def test_a_workbooks_cells_are_numbers_texts_and_dates(folder: Folder, mac: bool) -> None:
    header = ["sku", "units_per_pack", "unit_cost", "cost_currency", "launched_on", "updated_at", "base_sku"]
    row: list[Any] = [5636, 12, 0.1 + 0.2, "CNY", date(2025, 10, 1), datetime(2026, 3, 1, 9, 30), "5636B"]
    folder.has_book("products.xlsx", {"Whatever": [header, row, [None] * 7], "Second": [["x"]]}, mac=mac)
    read = await folder.read("products")
    assert [one.place for one in read.records] == [Place(file="products.xlsx", sheet="Whatever", line=2)]
    assert read.keys == [("5636",)]
    assert read.records[0].version == "2026-03-01T09:30:00.000000+00:00"
    (product,) = SheetConnector().normalise(folder.context.config, stream_named("products"), read.records[0].raw)
    assert isinstance(product, Product)
    assert (product.sku, product.units_per_pack, product.unit_cost) == ("5636", Decimal(12), Decimal("0.3"))
    assert product.launched_on == date(2025, 10, 1)


async def test_a_cell_in_error_is_bad_and_never_empty(folder: Folder) -> None:
    rows: list[list[Any]] = [
        ["code", "name", "parent"],
        ["CN", "#N/A", None],
        ["#N/A", "x", None],
        ["EU", "y", None],
        ["US", None, "#N/A"],
    ]
    folder.has_book("regions.xlsx", {"regions": rows})
    read = await folder.read("regions")
    assert read.raws[0] == {"code": "CN", "name": {"error": "#N/A"}}
    assert read.faults == [("bad_code", 3, "code")]
    assert read.rejects[0].value == "#N/A"
    for raw, code in ((read.records[0].raw, "too_long"), (read.records[2].raw, "unknown_ref")):
        with pytest.raises(MappingError) as error:
            SheetConnector().normalise(folder.context.config, stream_named("regions"), raw)
        assert (error.value.code, error.value.value) == (code, "#N/A")


async def test_a_formula_is_read_as_its_stored_result(folder: Folder) -> None:
    folder.has_book("regions.xlsx", {"regions": [["code", "name"], ["CN", "=1+1"], ["EU", "=1/0"]]})
    with zipfile.ZipFile(folder.path / "regions.xlsx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    sheet = re.sub(rb'<c r="B2"[^>]*><f>1\+1</f><v ?/></c>', b'<c r="B2"><f>1+1</f><v>2</v></c>', sheet)
    sheet = re.sub(rb'<c r="B3"[^>]*><f>1/0</f><v ?/></c>', b'<c r="B3" t="e"><f>1/0</f><v>#DIV/0!</v></c>', sheet)
    parts["xl/worksheets/sheet1.xml"] = sheet
    with zipfile.ZipFile(folder.path / "regions.xlsx", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert [raw["name"] for raw in (await folder.read("regions")).raws] == [2, {"error": "#DIV/0!"}]


async def test_a_workbook_of_another_name_is_read_sheet_by_sheet(folder: Folder) -> None:
    folder.has_book(
        "master data.xlsx",
        {"Regions": [["code"], ["CN"]], "partners": [["code", "name"], ["A", "a"]], "regions-eu": [["code"], ["EU"]]},
    )
    read = await folder.read("regions")
    assert read.keys == [("CN",), ("EU",)]
    assert [one.place and one.place.sheet for one in read.records] == ["Regions", "regions-eu"]
    assert (await folder.read("partners")).keys == [("A",)]
    assert (await folder.read("regions", read.last.state)).keys == []


async def test_a_workbooks_width_is_that_of_its_header(folder: Folder) -> None:
    rows: list[list[Any]] = [["code", "name"], ["CN"], ["EU", "x", None, "stray"], [None], ["US", "y"]]
    folder.has_book("regions.xlsx", {"regions": rows})
    read = await folder.read("regions")
    assert read.keys == [("CN",), ("US",)]
    assert read.faults == [("bad_width", 3, None)]
    assert read.records[1].place == Place(file="regions.xlsx", sheet="regions", line=5)


async def test_a_stray_cell_at_the_far_end_of_a_sheet_is_no_reason_to_run_out_of_memory(folder: Folder) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"] = "code"
    book.worksheets[0]["XFD1048576"] = "stray"
    book.save(folder.path / "regions.xlsx")
    (reject,) = (await folder.read("regions")).rejects
    assert reject.code == "encoding"
    assert "reaches to row 1048576 and column 16384" in reject.message


async def test_an_empty_sheet_has_no_header(folder: Folder) -> None:
    folder.has_book("regions.xlsx", {"regions": []})
    assert (await folder.read("regions")).faults == [("missing_column", None, None)]


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut off"])
async def test_what_is_no_workbook_is_set_aside(folder: Folder, content: bytes) -> None:
    folder.has("regions.xlsx", content)
    folder.has("other.xlsx", content)
    assert (await folder.read("regions")).faults == [("encoding", None, None)]
    (reject,) = (await folder.read("policy")).rejects
    assert (reject.code, reject.place) == ("encoding", Place(file="other.xlsx"))
    (missing,) = [one for one in (await SheetConnector().check(folder.context)).missing if "other.xlsx" in one]
    assert "no XLSX workbook" in missing


async def test_a_workbook_that_lost_a_part_is_set_aside(folder: Folder) -> None:
    folder.has_book("regions.xlsx", {"regions": [["code"], ["CN"]]})
    whole = folder.path.joinpath("regions.xlsx").read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive, zipfile.ZipFile(folder.path / "regions.xlsx", "w") as less:
        for name in archive.namelist():
            if not name.startswith("xl/worksheets"):
                less.writestr(name, archive.read(name))
    assert (await folder.read("regions")).faults == [("encoding", None, None)]


# Whatever arrives


CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", "　", "1", "-1", "0", "13%", "是", "2026-03-01", "2026年3月1日", "1,000", "x" * 200, "a|b", '"', "#N/A"]
    ),
)
GOOD = {"order_id": "O1", "order_kind": "sell_out", "order_date": "2026-03-01", "seller": "A", "customer": "C",
        "line_no": "1", "sku": "P1", "qty": "4", "amount": "10", "currency": "CNY", "tax_rate": "13%",
        "serials": "S1|S2", "status": "open", "requested_date": "2026-03-01"}  # fmt: skip


def one_row(row: Mapping[str, str]) -> Read:
    """Read a file of one row, in memory of a folder that is gone afterwards."""
    with TemporaryDirectory() as path, Path(path, "orders.csv").open("w+", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(row)
        writer.writerow(row.values())
        file.flush()
        return Read(Reading(SheetConfig(folder=path), "orders", {}).messages())


def order_or_fault(raw: bytes) -> Order | MappingError:
    try:
        (order,) = normalise(SheetConfig(folder="."), "orders", raw)
    except MappingError as error:
        return error
    assert isinstance(order, Order)
    return order


@given(column=st.sampled_from(sorted(GOOD)), cell=CELLS)
@settings(max_examples=150, deadline=None)
def test_a_changed_cell_gives_one_record_or_one_coded_fault(column: str, cell: str) -> None:
    read = one_row({**GOOD, column: cell})
    assert len(read.records) + len(read.rejects) == 1
    for record in read.records:
        outcome = order_or_fault(record.raw)
        if isinstance(outcome, MappingError):
            assert outcome.code
            assert outcome.field == column
        else:
            assert record.key == (outcome.number, str(outcome.lines[0].number))
    for reject in read.rejects:
        assert reject.code
        assert reject.field == column


@given(
    number=st.decimals(min_value="0.000001", max_value="999999999", places=6),
    day=st.dates(min_value=date(1970, 1, 1)),
    code=st.text(
        st.characters(codec="utf-8", categories=["L", "N", "P", "S"], exclude_characters="|"), min_size=1, max_size=128
    ),
)
@settings(max_examples=60, deadline=None)
def test_a_good_row_comes_back_as_it_was_meant(number: Decimal, day: date, code: str) -> None:
    (record,) = one_row(
        {**GOOD, "order_id": code, "qty": f"{number:f}", "order_date": day.strftime("%Y/%m/%d").zfill(10)}
    ).records
    (order,) = normalise(SheetConfig(folder="."), "orders", record.raw)
    assert isinstance(order, Order)
    assert (order.number, order.lines[0].qty, order.ordered_on) == (unicodedata.normalize("NFC", code), number, day)


@given(content=st.binary(max_size=300), name=st.sampled_from(["regions.csv", "regions.xlsx", "policy.toml", "any.xlsx"]))
@settings(max_examples=80, deadline=None)
def test_any_bytes_are_read_without_a_crash(content: bytes, name: str) -> None:
    with TemporaryDirectory() as path:
        Path(path, name).write_bytes(content)
        for stream in ("policy", "regions"):
            read = Read(Reading(SheetConfig(folder=path), stream, {}).messages())
            assert read.last.complete
            for record in read.records:
                with suppress(MappingError):
                    normalise(SheetConfig(folder=path), stream, record.raw)


@given(lines=st.lists(st.sampled_from(["CN,a", "a|b,c", '"CN', 'x"', "", ",", '"a\nb",c', "x" * 300, "CN,a,b", "\0,\0", "\r"])))
@settings(max_examples=80, deadline=None)
def test_any_rows_are_read_each_once(lines: list[str]) -> None:
    with TemporaryDirectory() as path:
        Path(path, "regions.csv").write_bytes("\n".join(["code,name", *lines]).encode())
        read = Read(Reading(SheetConfig(folder=path), "regions", {}).messages())
    places = [one.place for one in read.records] + [one.place for one in read.rejects]
    placed = [place.line for place in places if place is not None]
    assert len(placed) == len(set(placed))
    assert read.settled == ("regions.csv",)


@given(cut=st.integers(min_value=0, max_value=5000), flip=st.integers(min_value=0, max_value=255))
@settings(max_examples=60, deadline=None)
def test_a_damaged_workbook_is_read_without_a_crash(cut: int, flip: int) -> None:
    whole = bytearray(BOOK)
    whole[cut % len(whole)] ^= flip
    with TemporaryDirectory() as path:
        Path(path, "regions.xlsx").write_bytes(bytes(whole))
        Path(path, "any.xlsx").write_bytes(bytes(whole))
        assert Read(Reading(SheetConfig(folder=path), "regions", {}).messages()).last.complete


def book() -> bytes:
    made = openpyxl.Workbook()
    for row in (["code", "name"], ["CN", 1.5], ["EU", date(2026, 3, 1)]):
        made.worksheets[0].append(row)
    made.worksheets[0].title = "regions"
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


BOOK = book()
