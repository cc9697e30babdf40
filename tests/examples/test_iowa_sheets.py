"""The Iowa example turns its files into sheets that load line for line."""

import json
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from connectors.sheet.config import SheetConfig
from connectors.sheet.mapping import normalise
from connectors.sheet.nouns import STREAMS
from connectors.sheet.reading import Reading
from hub.records import CanonicalRecord, Order, Partner
from hub.records.message import Record, Reject

SCRIPT = Path(__file__).parents[2] / "examples" / "iowa_sheets.py"


def source(folder: Path) -> Path:
    """Write three lines of two invoices in the shape of the public files."""
    folder.mkdir()
    folder.joinpath("stores.csv").write_text(
        "store_no,name,status,address,city,state,zip,latitude,longitude,report_date\n"
        "10003,TOP SHELF,A,412 HIGHWAY 1,IOWA CITY,IA,52246,41.6,-91.5,2022-11-01\n"
        "2190,CENTRAL CITY,I,1460 2ND AVE,DES MOINES,IA,50314,41.6,-93.6,2022-11-01\n"
    )
    folder.joinpath("products.csv").write_text(
        "item_no,category,description,vendor_no,vendor,bottle_ml,pack,inner_pack,age,proof,list_date,upc,scc,"
        "bottle_cost_usd,case_cost_usd,bottle_retail_usd,report_date\n"
        "11788,CANADIAN WHISKIES,BLACK VELVET,260,HEAVEN HILL,1750,6,1,3,80,1994-07-26,80686003182,1,10.45,62.70,15.68,\n"
    )
    lines = {
        "invoice_line": ["INV-33167900001", "INV-33167900002", "INV-33168000001"],
        "store_no": ["10003", "10003", "2190"],
        "item_no": ["11788"] * 3,
        "bottles": pyarrow.array([6, 12, 1], pyarrow.int32()),
        "sale_usd": pyarrow.array([Decimal("94.08"), Decimal("188.16"), Decimal("15.68")], pyarrow.decimal128(12, 2)),
        "sale_date": [date(2021, 1, 4)] * 2 + [date(2021, 1, 5)],
    }
    pyarrow.parquet.write_table(pyarrow.table(lines), folder / "lines_2021q1.parquet")
    return folder


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False)


def test_every_line_becomes_an_order_line(tmp_path: Path) -> None:
    done = run(str(source(tmp_path / "iowa")), str(tmp_path / "sheets"), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "regions": 4, "partners": 3, "products": 1, "lines": 3, "bottles": 19, "usd": "297.92",
    }  # fmt: skip
    config = SheetConfig(folder=str(tmp_path / "sheets"))
    records: list[CanonicalRecord] = []
    for stream in STREAMS:
        for message in Reading(config, stream, {}).messages():
            assert not isinstance(message, Reject)
            if isinstance(message, Record):
                records += normalise(config, stream, message.raw)
    orders = [one for one in records if isinstance(one, Order)]
    assert [(one.number, one.lines[0].number, one.buyer_partner, one.lines[0].amount) for one in orders] == [
        ("INV-331679", 1, "10003", Decimal("94.08")),
        ("INV-331679", 2, "10003", Decimal("188.16")),
        ("INV-331680", 1, "2190", Decimal("15.68")),
    ]
    assert {one.code: (one.type, one.status) for one in records if isinstance(one, Partner)} == {
        "IOWA": ("direct", "active"), "10003": ("retailer", "active"), "2190": ("retailer", "closed"),
    }  # fmt: skip


def test_it_says_what_it_writes(tmp_path: Path) -> None:
    done = run(str(source(tmp_path / "iowa")), str(tmp_path / "sheets"))
    assert done.stdout.startswith("3 lines, 19 bottles, 297.92 USD")
    assert "lines_2021q1.parquet: 3 lines" in done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["{tmp}", "{tmp}"]])
def test_it_explains_itself(tmp_path: Path, arguments: list[str]) -> None:
    done = run(*(argument.format(tmp=tmp_path) for argument in arguments))
    assert "SOURCE_DIR" in done.stdout + done.stderr
    assert done.returncode == (0 if arguments == ["--help"] else 2)
