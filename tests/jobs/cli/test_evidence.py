"""From a finding down to the line of the file, and its frozen evidence in a file."""

import json
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.jobs.cli.test_commands import told

if TYPE_CHECKING:
    from tests.jobs.cli.conftest import Run

FILES = {
    "policy.toml": 'version = 3\neffective_from = 2026-01-01\nbase_currency = "CNY"\ntimezone = "Asia/Shanghai"\n'
    '[jurisdiction.regions]\nCN = "CN"\n',
    "regions.csv": "code,parent,kind\nCN,,country\nCN-SH,CN,province\nCN-GD,CN,province\n",
    # A name of two lines: what follows it stands one physical line further down.
    "partners.csv": 'code,name,home_region\nSH-A,"Alpha\nShanghai",CN-SH\nGD-B,<b>Beta & Sons</b>,CN-GD\n',
    "products.csv": "sku,product_group\nP1,X\n",
    "territory_grants.csv": "grant_id,partner,region,product_group,exclusivity,valid_from\n"
    "G1,SH-A,CN-SH,X,exclusive,2026-01-01\nG2,GD-B,CN-GD,X,exclusive,2026-01-01\n",
    "orders.csv": "order_id,order_kind,order_date,seller,ship_to_region,line_no,sku,qty,amount,currency,note\n"
    'O0,sell_out,2026-03-01,GD-B,CN-GD,1,P1,5,500,CNY,"two\nlines"\n'
    "O1,sell_out,2026-03-01,GD-B,CN-SH,1,P1,40,2800,CNY,\n",
}


@pytest.fixture
def key(hub: "Run", tmp_path: Path) -> str:
    """The key of the one finding in a folder of sheets."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    assert hub("import", str(folder), "--strict").returncode == 0
    assert hub("detect", "--at", "2026-03-31T12:00:00Z").returncode == 0
    (line,) = (line for line in hub("why", "1").stdout.splitlines() if line.endswith("please review"))
    return line.split()[0]


def finding(hub: "Run", key: str) -> dict[str, Any]:
    (found,) = json.loads(hub("why", key, "--json").stdout)
    return dict(found)


def test_why_leads_down_to_the_physical_line(hub: "Run", key: str) -> None:
    records = {record["code"]: record for record in finding(hub, key)["records"]}
    # Line 3 of the file is the second half of the first row.
    assert records["sale_line"]["place"] == {"file": "orders.csv", "line": 4}
    assert records["holder_grant"]["place"] == {"file": "territory_grants.csv", "line": 2}
    assert (records["sale_line"]["raw"]["stream"], records["sale_line"]["raw"]["key"]) == ("orders", "O1|1")
    said = [line.strip() for line in hub("why", key).stdout.splitlines()]
    assert "rule cross_region_sale, version 1" in said
    assert "policy version 3, profile CN, data as of 2026-03-31T12:00:00.000000Z" in said
    assert "no_destination: none_found (CN-SH)" in said
    assert "sale_line: order_line O1|1 of import" in said
    assert "holder_grant: territory_grant G1 of import, revision 1" in said
    assert "unit_net = 2800 × 1 ÷ (1 × 40) = 70" in said
    assert "payload O1|1 of orders, orders.csv, line 4" in said


def test_evidence_is_printed_as_the_very_text(hub: "Run", key: str, tmp_path: Path) -> None:
    text = hub("evidence", key).stdout
    done = hub("evidence", key, "--out", "bundle.json")
    assert done.stdout == f"Evidence {sha256(text.encode()).hexdigest()} is in bundle.json.\n"
    assert (tmp_path / "bundle.json").read_bytes() == text.encode()
    assert json.loads(text)["findings"] == [finding(hub, key)]
    assert hub("evidence", sha256(text.encode()).hexdigest()).stdout == text


def test_a_case_is_printed_as_a_page(hub: "Run", key: str, tmp_path: Path) -> None:
    assert hub("evidence", "1", "--format", "html", "--locale", "zh", "--out", "case.html").returncode == 0
    page = (tmp_path / "case.html").read_text(encoding="utf-8")
    assert page.startswith('<!DOCTYPE html>\n<html lang="zh-CN">')
    assert "疑似跨区域销售" in page
    assert "orders.csv, 4" in page
    assert sha256(hub("evidence", "1").stdout.encode()).hexdigest() in page
    assert key in page


def test_what_is_not_there_is_said_in_a_sentence(hub: "Run") -> None:
    for command in ("why", "evidence"):
        assert told(hub(command, "0123")) == "There is no finding with the key 0123, and no case with findings of that number."
