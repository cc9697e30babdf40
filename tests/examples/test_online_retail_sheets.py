"""The Online Retail example turns its file into sheets that load line for line."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow
import pyarrow.parquet

from connectors.sheet.config import SheetConfig
from connectors.sheet.mapping import normalise
from connectors.sheet.nouns import STREAMS
from connectors.sheet.reading import Reading
from hub.records import CanonicalRecord, Customer, Order
from hub.records.message import Record, Reject

SCRIPT = Path(__file__).parents[2] / "examples" / "online_retail_sheets.py"


def source(folder: Path) -> Path:
    """Write a sale of two lines, a cancellation, and two lines that are no trade."""
    file = folder / "online_retail.parquet"
    lines = {
        "InvoiceNo": ["536365", "536365", "C536379", "536589", "A563186"],
        "StockCode": ["85123A", "71053", "85123A", "21777", "B"],
        "Description": ["WHITE HEART", "LANTERN", None, None, "Adjust bad debt"],
        "Quantity": [6, 8, -1, -10, 1],
        "InvoiceDate": ["2022-12-01 08:26:00"] * 2 + ["2022-12-02 09:41:00"] * 3,
        "UnitPrice": [2.55, 3.39, 2.55, 0.0, -11062.06],
        "CustomerID": [17850.0, 17850.0, None, None, None],
        "Country": ["United Kingdom", "United Kingdom", "France", "United Kingdom", "United Kingdom"],
    }
    pyarrow.parquet.write_table(pyarrow.table(lines), file)
    return file


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False)


def test_every_line_of_trade_becomes_an_order_line(tmp_path: Path) -> None:
    done = run(str(source(tmp_path)), str(tmp_path / "sheets"), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "regions": 3, "customers": 1, "products": 2, "lines": 3, "returns": 1, "left_out": 2, "gbp": "39.87",
    }  # fmt: skip
    config = SheetConfig(folder=str(tmp_path / "sheets"))
    records: list[CanonicalRecord] = []
    for stream in STREAMS:
        for message in Reading(config, stream, {}).messages():
            assert not isinstance(message, Reject)
            if isinstance(message, Record):
                records += normalise(config, stream, message.raw)
    orders = [one for one in records if isinstance(one, Order)]
    assert [(one.number, one.kind, one.ship_to_region, one.lines[0].amount) for one in orders] == [
        ("536365", "sell_out", "United Kingdom", Decimal("15.30")),
        ("536365", "sell_out", "United Kingdom", Decimal("27.12")),
        ("C536379", "return", "France", Decimal("2.55")),
    ]
    assert [(one.code, one.region) for one in records if isinstance(one, Customer)] == [("17850", "United Kingdom")]


def test_it_says_what_it_writes_and_what_it_lacks(tmp_path: Path) -> None:
    assert run(str(source(tmp_path)), str(tmp_path / "sheets")).stdout.startswith("3 lines, 1 of them returns, 39.87 GBP")
    missing = run(str(tmp_path / "nothing"), str(tmp_path))
    assert (missing.returncode, "SOURCE_FILE" in missing.stderr) == (2, True)
