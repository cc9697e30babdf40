"""Turn the public Iowa liquor sales files into a folder of sheets that `channelhub import` loads.

The state buys from the makers and sells to licensed stores: it becomes a partner of its own, every store a partner below
it, every city a region, and each invoice line a line of an order from the state to a store.

    python examples/iowa_sheets.py SOURCE_DIR TARGET_DIR [--json]

SOURCE_DIR holds stores.csv, products.csv and one or more lines_*.parquet. Needs pyarrow.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet

COUNTRY, STATE, SELLER = "US", "US-IA", "IOWA"
BATCH = 20_000
LINE_DIGITS = 5  # an invoice line is the invoice number and five digits that count its lines
ORDER_HEADER = (
    "order_id", "line_no", "order_kind", "order_date", "seller", "buyer_partner", "ship_to_region", "invoice_ref", "sku",
    "qty", "amount", "currency", "status",
)  # fmt: skip

Row = tuple[object, ...]


def main(arguments: list[str] | None = None) -> int:
    """Write the sheets and tell what was written."""
    parser = argparse.ArgumentParser(description="Turn the public Iowa liquor sales files into a folder of sheets.")
    parser.add_argument("source", type=Path, metavar="SOURCE_DIR", help="holds stores.csv, products.csv, lines_*.parquet")
    parser.add_argument("target", type=Path, metavar="TARGET_DIR", help="where the sheets go; created when missing")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of sentences")
    asked = parser.parse_args(arguments)
    parquets = sorted(asked.source.glob("lines_*.parquet"))
    missing = [name for name in ("stores.csv", "products.csv") if not (asked.source / name).is_file()]
    if missing or not parquets:
        parser.error(f"{asked.source} lacks {', '.join(missing or ['lines_*.parquet'])}")
    summary = write_sheets(asked.source, asked.target, parquets)
    if asked.json:
        print(json.dumps(summary))
    else:
        print(f"{summary['lines']:,} lines, {summary['bottles']:,} bottles, {summary['usd']} USD in {asked.target}")
    return 0


def write_sheets(source: Path, target: Path, parquets: list[Path]) -> dict[str, Any]:
    """Write the four sheets into `target` and return what they hold."""
    target.mkdir(parents=True, exist_ok=True)
    stores = read(source / "stores.csv")
    cities = {store["store_no"]: city(store) for store in stores}
    regions = write(target / "regions.csv", ("code", "parent", "name", "kind"), region_rows(stores))
    partners = write(target / "partners.csv", ("code", "name", "parent", "type", "status", "home_region"), partner_rows(stores))
    products = write(
        target / "products.csv",
        ("sku", "name", "product_group", "brand", "gtin", "unit_cost", "cost_currency", "launched_on"),
        product_rows(read(source / "products.csv")),
    )
    total = {"lines": 0, "bottles": 0, "usd": Decimal(0)}
    write(target / "orders.csv", ORDER_HEADER, order_rows(parquets, cities, total))
    return {"regions": regions, "partners": partners, "products": products, **total, "usd": str(total["usd"])}


def region_rows(stores: Iterable[dict[str, str]]) -> Iterator[Row]:
    yield COUNTRY, "", "United States", "country"
    yield STATE, COUNTRY, "Iowa", "province"
    names = {city(store): store["city"].title() for store in stores}
    for code in sorted(names):
        yield code, STATE, names[code], "city"


def partner_rows(stores: Iterable[dict[str, str]]) -> Iterator[Row]:
    yield SELLER, "State of Iowa", "", "direct", "active", STATE
    for store in stores:
        status = "active" if store["status"] == "A" else "closed"
        yield store["store_no"], store["name"], SELLER, "retailer", status, city(store)


def product_rows(products: Iterable[dict[str, str]]) -> Iterator[Row]:
    for product in products:
        # The source keeps the code as a number and loses the zeros before it.
        gtin = product["upc"].zfill(12) if product["upc"] else ""
        cost = product["bottle_cost_usd"]
        currency = "USD" if cost else ""
        yield (
            product["item_no"], product["description"], product["category"], product["vendor"], gtin, cost, currency,
            product["list_date"],
        )  # fmt: skip


def order_rows(parquets: Iterable[Path], cities: dict[str, str], total: dict[str, Any]) -> Iterator[Row]:
    """Yield the lines and add them up in `total`."""
    for parquet in parquets:
        file = pyarrow.parquet.ParquetFile(parquet)
        for batch in file.iter_batches(batch_size=BATCH):
            for line in batch.to_pylist():
                invoice, number = line["invoice_line"][:-LINE_DIGITS], int(line["invoice_line"][-LINE_DIGITS:])
                store = line["store_no"]
                yield (
                    invoice, number, "sell_in", line["sale_date"], SELLER, store, cities[store], invoice, line["item_no"],
                    line["bottles"], line["sale_usd"], "USD", "delivered",
                )  # fmt: skip
                total["bottles"] += line["bottles"]
                total["usd"] += line["sale_usd"]
            total["lines"] += len(batch)
            print(f"\r{parquet.name}: {total['lines']:,} lines", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)


def city(store: dict[str, str]) -> str:
    """Return the code of a store's city."""
    return f"{STATE}-{store['city']}"


def read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))


def write(file: Path, header: tuple[str, ...], rows: Iterable[Row]) -> int:
    """Write a sheet and return how many rows it has."""
    count = 0
    with file.open("w", encoding="utf-8", newline="") as text:
        out = csv.writer(text)
        out.writerow(header)
        for row in rows:
            out.writerow(row)
            count += 1
    return count


if __name__ == "__main__":
    sys.exit(main())
