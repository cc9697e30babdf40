"""The sales around the plants: ordinary trade that is made up, or what a folder of sheets holds."""

import shutil
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from benchmarks.conflicts.book import read_sheet, sheets
from benchmarks.conflicts.ground import order_rows
from benchmarks.conflicts.maker import Maker, month
from connectors.sheet.nouns import NOUNS

ARTICLES, GROUPS, MONTHS, CUSTOMERS = 40, 5, 9, 12
# Grants for more grounds than these would say little more.
GROUNDS = 5_000


def take(maker: Maker, sales: Path, folder: Path) -> int:
    """Copy the sheets of a folder beside the plants, and grant its sellers what they sell; return the number of order lines."""
    for noun in NOUNS:
        for file in sheets(sales, noun):
            shutil.copyfile(file, folder / f"{noun}-base{file.stem.removeprefix(noun)}.csv")
    groups = {row["sku"]: row.get("product_group") or "-" for row in read_sheet(sales, "products")}
    regions = {row["code"]: row.get("region", "") for row in read_sheet(sales, "customers")}
    grounds: Counter[tuple[str, str, str]] = Counter()
    lines = 0
    for row in order_rows(sales):
        lines += 1
        region = row.get("ship_to_region") or regions.get(row.get("customer") or "", "")
        if row["order_kind"] == "sell_out" and row.get("seller") and region:
            grounds[region, groups.get(row["sku"], "-"), row["seller"]] += 1
    grant(maker, dict(grounds.most_common(GROUNDS)))
    return lines


def grant(maker: Maker, grounds: Mapping[tuple[str, str, str], int]) -> None:
    """Give everybody what they sell: alone where nobody else does."""
    sellers = Counter((region, group) for region, group, _ in grounds)
    for region, group, seller in sorted(grounds):
        alone = sellers[region, group] == 1
        maker.grant(seller, region, group, "exclusive" if alone else "non_exclusive", valid_from="2000-01-01", valid_to=None)


def make_up(maker: Maker, orders: int) -> int:
    """Write ordinary trade: everybody sells at home, at fair prices, and buys what it sells. Returns the number of lines."""
    chance, ground, book = maker.chance, maker.ground, maker.book
    articles = [maker.article(12, price=20 * (2 + number % 9)) for number in range(ARTICLES)]
    for article in articles:
        maker.priced(article, "wholesale", article.price)
        maker.priced(article, "map", article.price * 15 // 10)
        for place in ground.places:
            maker.grant(place.partner, place.code, article.group)
    for place in ground.places:
        for number in range(CUSTOMERS):
            book.add("customers", code=f"{place.partner}-C{number}", region=place.code, segment="retail")
    for number in range(orders):
        place = ground.places[number % len(ground.places)]
        day = ground.day(1 + number % MONTHS, chance.randint(1, 28))
        first = maker.name("BO")
        for line in range(1, 3):
            article = chance.choice(articles)
            units = chance.randint(1, 30)
            price = article.price * chance.randint(100, 115) / 100
            maker.sale(
                place.partner, place.code, article.sku, units, f"{units * price:.2f}", day, order_id=first, line_no=line,
                invoice_ref=f"I{first}", customer=f"{place.partner}-C{number % CUSTOMERS}",
            )  # fmt: skip
    for place in ground.places:
        for article in chance.sample(articles, 2):
            stocked(maker, place.partner, article.sku, article.price)
        listed = chance.choice(articles)
        for back in (1, 2):
            maker.offer(place, listed, listed.price * 16 // 10, *(ground.day(back, day) for day in (3, 10, 17, 24)))
    return 2 * orders


def stocked(maker: Maker, partner: str, sku: str, price: int) -> None:
    """Let a partner buy about as much as it sells of an article, month by month."""
    stock = 100
    for back in range(MONTHS, 0, -1):
        bought, sold = maker.chance.randint(45, 55), maker.chance.randint(45, 55)
        day = maker.ground.day(back, 5) + timedelta(days=maker.chance.randrange(10))
        maker.purchase(partner, sku, bought, bought * price, day)
        maker.book.add(
            "inventory_months", partner=partner, sku=sku, month=month(day), opening=stock, sell_in=bought, sell_out=sold,
            closing=stock + bought - sold,
        )  # fmt: skip
        stock += bought - sold
