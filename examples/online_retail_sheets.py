"""Turn the public Online Retail file into a folder of sheets that `channelhub import` loads.

The shop becomes the one partner, every country a region, every known customer a customer there. Invoices become its sales;
those whose number begins with C are cancellations and become returns. Corrections of stock, which are no trade, are left out.

    python examples/online_retail_sheets.py SOURCE_FILE TARGET_DIR [--json]

SOURCE_FILE is online_retail.parquet. Needs pyarrow.
"""

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet

WORLD, SELLER, GROUP, CURRENCY = "WORLD", "SHOP", "GIFTS", "GBP"
BATCH = 20_000
CANCELLED = "C"
ORDER_HEADER = (
    "order_id", "line_no", "order_kind", "order_date", "seller", "customer", "channel", "ship_to_region", "invoice_ref", "sku",
    "qty", "amount", "currency", "status",
)  # fmt: skip

Row = tuple[object, ...]


def main(arguments: list[str] | None = None) -> int:
    """Write the sheets and tell what was written."""
    parser = argparse.ArgumentParser(description="Turn the public Online Retail file into a folder of sheets.")
    parser.add_argument("source", type=Path, metavar="SOURCE_FILE", help="online_retail.parquet")
    parser.add_argument("target", type=Path, metavar="TARGET_DIR", help="where the sheets go; created when missing")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of sentences")
    asked = parser.parse_args(arguments)
    if not asked.source.is_file():
        parser.error(f"{asked.source} is not a file")
    summary = write_sheets(asked.source, asked.target)
    if asked.json:
        print(json.dumps(summary))
    else:
        print(f"{summary['lines']:,} lines, {summary['returns']:,} of them returns, {summary['gbp']} GBP in {asked.target}")
    return 0


def write_sheets(source: Path, target: Path) -> dict[str, Any]:
    """Write the five sheets into `target` and return what they hold; `gbp` is sales less returns."""
    target.mkdir(parents=True, exist_ok=True)
    seen = Seen()
    write(target / "orders.csv", ORDER_HEADER, seen.order_rows(source))
    countries = sorted(seen.countries)
    write(
        target / "regions.csv",
        ("code", "parent", "kind"),
        [(WORLD, "", "world"), *((one, WORLD, "country") for one in countries)],
    )
    write(target / "partners.csv", ("code", "name", "type", "channel_kind"), [(SELLER, "Online shop", "direct", "digital")])
    write(target / "customers.csv", ("code", "region"), sorted(seen.customers.items()))
    write(
        target / "products.csv",
        ("sku", "name", "product_group"),
        ((sku, name, GROUP) for sku, name in sorted(seen.products.items())),
    )
    return {
        "regions": len(countries) + 1, "customers": len(seen.customers), "products": len(seen.products), **seen.total,
        "gbp": str(seen.gbp),
    }  # fmt: skip


class Seen:
    """What the lines have told so far. The first line of an invoice says whose it is and when."""

    def __init__(self) -> None:
        self.countries: set[str] = set()
        self.customers: dict[str, str] = {}
        self.products: dict[str, str] = {}
        self.headers: dict[str, tuple[str, str, str]] = {}
        self.lines: Counter[str] = Counter()
        self.total = {"lines": 0, "returns": 0, "left_out": 0}
        self.gbp = Decimal(0)

    def order_rows(self, source: Path) -> Iterator[Row]:
        """Yield the lines and add them up."""
        for batch in pyarrow.parquet.ParquetFile(source).iter_batches(batch_size=BATCH):
            for line in batch.to_pylist():
                row = self.order_row(line)
                if row is None:
                    self.total["left_out"] += 1
                else:
                    yield row
            print(f"\r{source.name}: {self.total['lines']:,} lines", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)

    def order_row(self, line: dict[str, Any]) -> Row | None:
        """Return a line as a row; None for what is no trade."""
        invoice, quantity, price = line["InvoiceNo"], line["Quantity"], Decimal(str(line["UnitPrice"]))
        back = invoice.startswith(CANCELLED)
        if price < 0 or quantity == 0 or (quantity < 0) != back:
            return None
        number = line["CustomerID"]
        # A gap comes as null or as not a number.
        customer = "" if number is None or number != number else str(int(number))
        header = self.headers.setdefault(invoice, (line["InvoiceDate"][:10], customer, line["Country"]))
        day, customer, country = header
        self.countries.add(country)
        if customer:
            self.customers.setdefault(customer, country)
        sku = line["StockCode"].strip()
        self.products[sku] = self.products.get(sku) or (line["Description"] or "").strip()
        self.lines[invoice] += 1
        self.total["lines"] += 1
        self.total["returns"] += back
        amount = abs(quantity) * price
        self.gbp += -amount if back else amount
        return (
            invoice, self.lines[invoice], "return" if back else "sell_out", day, SELLER, customer, "online", country, invoice,
            sku, abs(quantity), f"{amount:f}", CURRENCY, "delivered",
        )  # fmt: skip


def write(file: Path, header: tuple[str, ...], rows: Iterable[Row]) -> None:
    """Write a sheet."""
    with file.open("w", encoding="utf-8", newline="") as text:
        out = csv.writer(text)
        out.writerow(header)
        out.writerows(rows)


if __name__ == "__main__":
    sys.exit(main())
