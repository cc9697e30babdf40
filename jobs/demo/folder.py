"""Write the world as a folder of spreadsheets in the format of docs/sheets.md; the same world gives the same bytes.

Files are as people send them: some CSV in UTF-8, one in gb18030 with Chinese headers, one workbook, one line that cannot
be read.
"""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from hub.records import Order
from jobs.demo.atlas import DEALER
from jobs.demo.world import World

CHINESE_HEADERS = {
    "客户编码": "code",
    "客户名称": "name",
    "类型": "kind",
    "行业": "segment",
    "地区": "region",
    "重点客户": "key_account",
}
BAD_ORDER = "MIDWEST-1200"
WORKBOOKS = ("us-baystate",)
NOT_IN_SHEETS = {"email", "phone", "reserved"}
STAMP = (2026, 1, 1, 0, 0, 0)  # a workbook's archive carries times; ours must not differ from run to run

POLICY = """\
version = 1
effective_from = {since}
base_currency = "USD"
timezone = "UTC"

[alerts]
quiet = "00:00-00:00"

[jurisdiction]
regions = {{ US = "US", CN = "CN", EU = "EEA" }}

[channels]
trade = "trade"
amazon = "consumer"
ebay = "consumer"
tmall = "consumer"
jd = "consumer"
pdd = "consumer"
otto = "consumer"

[thresholds.cross_region_sale]
border_units = 12
min_units = 12
min_share = 0.01

[thresholds.below_policy_offer]
tol = 0.01
tol_recommended = 0.10
"""

ORDER_COLUMNS = (
    "order_id", "order_kind", "order_date", "seller", "buyer_partner", "customer", "channel", "invoice_ref", "initiated",
    "drop_ship_for", "ship_to_region", "ship_to_location", "line_no", "sku", "qty", "amount", "currency", "tax_included",
    "tax_rate", "status", "return_of_order", "return_of_line",
)  # fmt: skip


def source(folder: Path) -> str:
    """Return the `[[source]]` that reads the folder, less its schedule."""
    columns = ", ".join(f'"{header}" = "{column}"' for header, column in CHINESE_HEADERS.items())
    return f"""\
name = "brand"
title = "Hubco's own sheets"
connector = "sheet"
settings.folder = {json.dumps(str(folder))}
settings.columns = {{ customers = {{ {columns} }} }}"""


def write_folder(world: World, folder: Path) -> None:
    """Write all files; the folder is made when it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.toml").write_text(POLICY.format(since=world.prices[0].valid_from), encoding="utf-8")
    for noun, records in (
        ("regions", world.regions),
        ("partners", world.partners),
        ("partner_aliases", world.aliases),
        ("products", world.products),
        ("locations", world.locations),
        ("fx_rates", world.rates),
        ("territory_grants", world.grants),
        ("price_policies", world.prices),
        ("promotions", world.promotions),
        ("offers", world.offers),
        ("inventory_levels", world.levels),
    ):
        write_csv(folder / f"{noun}.csv", *table(records))
    write_customers(world, folder)
    write_orders(world, folder)


def write_customers(world: World, folder: Path) -> None:
    """Write the customers: those in China as a gb18030 file with Chinese headers."""
    columns = tuple(CHINESE_HEADERS.values())
    chinese = [asdict(customer) for customer in world.customers if (customer.region or "").startswith("CN")]
    others = [customer for customer in world.customers if not (customer.region or "").startswith("CN")]
    write_csv(folder / "customers.csv", *table(others))
    rows = ([text(customer[column]) for column in columns] + [text(customer["partner"])] for customer in chinese)
    write_csv(folder / "customers-cn.csv", (*CHINESE_HEADERS, "partner"), rows, encoding="gb18030")


def write_orders(world: World, folder: Path) -> None:
    """Write the orders one file per sender, each line a row."""
    files: dict[str, list[Order]] = {}
    for order in sorted(world.orders_of("brand"), key=lambda order: (order.ordered_on, order.number)):
        files.setdefault(DEALER[order.seller].delivers_in if order.seller else "brand", []).append(order)
    for sender, orders in sorted(files.items()):
        rows = [row for order in orders for row in order_rows(order)]
        if sender == "us-midwest":
            rows.append(bad_row(rows[0]))
        if sender in WORKBOOKS:
            write_workbook(folder / f"orders-{sender}.xlsx", ORDER_COLUMNS, rows)
        else:
            write_csv(folder / f"orders-{sender}.csv", ORDER_COLUMNS, rows)


def order_rows(order: Order) -> Iterator[list[str]]:
    """Yield an order's rows, the header repeated on each."""
    head = [
        order.number, order.kind, order.ordered_on, order.seller, order.buyer_partner, order.customer, order.channel,
        order.invoice_ref, order.initiated, order.drop_ship_for, order.ship_to_region, order.ship_to_location,
    ]  # fmt: skip
    for sold in order.lines:
        came_back = sold.return_of or (None, None)
        cells = [
            *head, sold.number, sold.sku, sold.qty, sold.amount, order.currency, sold.tax_included, sold.tax_rate,
            sold.status, *came_back,
        ]  # fmt: skip
        yield [text(cell) for cell in cells]


def bad_row(row: Sequence[str]) -> list[str]:
    """Return an order whose quantity was typed with a thousands separator."""
    cells = list(row)
    cells[ORDER_COLUMNS.index("order_id")] = BAD_ORDER
    cells[ORDER_COLUMNS.index("line_no")] = "1"
    cells[ORDER_COLUMNS.index("qty")] = "1,200"
    return cells


def table(records: Sequence[Struct]) -> tuple[tuple[str, ...], Iterator[list[str]]]:
    """Return the columns of records whose fields are named as in the sheet, and their rows."""
    columns = type(records[0]).__struct_fields__
    sheet = tuple(column for column in columns if column not in NOT_IN_SHEETS)
    return sheet, ([text(getattr(record, column)) for column in sheet] for record in records)


WRITERS: dict[type, Callable[[Any], str]] = {
    str: str,
    bool: lambda value: "true" if value else "false",
    Decimal: lambda value: format(value, "f"),
    date: date.isoformat,
    datetime: lambda value: value.strftime("%Y-%m-%dT%H:%M:%SZ"),
    tuple: "|".join,
    type(None): lambda value: "",
}


def text(value: object) -> str:
    """Return a cell's text."""
    return WRITERS.get(type(value), str)(value)


def write_csv(file: Path, columns: Sequence[str], rows: Iterable[Sequence[str]], *, encoding: str = "utf-8") -> None:
    """Write a CSV file as the sheet format wants it."""
    with file.open("w", encoding=encoding, newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def write_workbook(file: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a workbook of one sheet, the same bytes for the same rows."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    book.properties.created = book.properties.modified = datetime(*STAMP)
    sheet = book.create_sheet("orders")
    sheet.append(list(columns))
    for row in rows:
        sheet.append([cell or None for cell in row])
    draft = io.BytesIO()
    book.save(draft)
    with zipfile.ZipFile(draft) as made, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as clean:
        for name in made.namelist():
            part = made.read(name)
            clean.writestr(zipfile.ZipInfo(name, STAMP), unstamped(part) if name == "docProps/core.xml" else part)


def unstamped(properties: bytes) -> bytes:
    """Return a workbook's properties with the time of saving replaced by ours."""
    return re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2026-01-01T00:00:00Z", properties)
