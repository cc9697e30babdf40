"""Where conflicts are planted: places, each with a partner whose seat it is, and the days around the sales that are given."""

import random
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from benchmarks.conflicts.book import read_sheet, sheets

PLACES = 24
ROOT, SHARED, OPEN = "BENCH", "BENCH-SHARED", "BENCH-OPEN"


class Place(Struct, frozen=True, kw_only=True):
    """A region with the partner whose seat it is and a zone inside it. Its one neighbour is the place beside it."""

    code: str
    market: str
    zone: str
    partner: str
    shop: str


class Ground(Struct, kw_only=True):
    """The places, the money, and the first day after the last sale: the benchmark judges as of noon of that day."""

    places: Sequence[Place]
    roots: Sequence[str]
    currency: str
    end: date

    @property
    def at(self) -> datetime:
        """The instant to judge as of."""
        return datetime(self.end.year, self.end.month, self.end.day, 12, tzinfo=UTC)

    def day(self, back: int, number: int) -> date:
        """Return a day of the month so many months before the end; 1 is the last whole month."""
        month = self.end.year * 12 + self.end.month - 1 - back
        year, month = month // 12, month % 12 + 1
        return date(year, month, min(number, monthrange(year, month)[1]))

    def beside(self, place: Place) -> Place:
        """Return the neighbour of a place."""
        return self.places[self.places.index(place) ^ 1]

    def beyond(self, place: Place, chance: random.Random) -> Place:
        """Return a place that does not touch another."""
        return chance.choice([one for one in self.places if one not in (place, self.beside(place))])


def made_up(count: int = PLACES) -> Ground:
    """Return a ground without any sales given."""
    places = [
        Place(
            code=f"{ROOT}-{number:02}",
            market=ROOT,
            zone=f"{ROOT}-{number:02}-Z",
            partner=f"BP-{number:02}",
            shop=f"Bench Shop {number:02}",
        )
        for number in range(count)
    ]
    return Ground(places=places, roots=[ROOT], currency="CNY", end=date(2026, 7, 1))


def around(sales: Path, chance: random.Random) -> Ground:
    """Return the ground of the sales in a folder of sheets: regions without parts, each with a partner, if one sits there."""
    regions = read_sheet(sales, "regions")
    parents = {row.get("parent", "") for row in regions}
    leaves = [row["code"] for row in regions if row["code"] not in parents]
    seats: dict[str, list[str]] = {}
    for row in read_sheet(sales, "partners"):
        if row.get("type", "") != "direct" and row.get("status", "active") in ("", "active"):
            seats.setdefault(row.get("home_region", ""), []).append(row["code"])
    chance.shuffle(leaves)
    leaves.sort(key=lambda code: code not in seats)
    chosen = leaves[: min(PLACES, len(leaves)) // 2 * 2]
    if len(chosen) < 6:
        raise SystemExit(f"{sales} has {len(leaves)} regions without parts; the benchmark needs at least 6.")
    last, currency = last_sale(sales)
    return Ground(
        places=[
            Place(
                code=code,
                market=market(code, {row["code"]: row for row in regions}),
                zone=f"BENCH-Z-{number:02}",
                partner=chance.choice(seats[code]) if code in seats else f"BP-{number:02}",
                shop=f"Bench Shop {number:02}",
            )
            for number, code in enumerate(chosen)
        ],
        roots=[row["code"] for row in regions if not row.get("parent")],
        currency=currency,
        end=first_of_next_month(last),
    )


def market(code: str, regions: Mapping[str, Mapping[str, str]]) -> str:
    """Return the nearest country above a region, or the topmost region."""
    while regions[code].get("kind") != "country" and regions[code].get("parent"):
        code = regions[code]["parent"]
    return code


def last_sale(sales: Path) -> tuple[date, str]:
    """Return the last day and the currency of the orders in a folder."""
    last, currency = "", ""
    for row in order_rows(sales):
        last, currency = max(last, row["order_date"]), row["currency"]
    if not last:
        raise SystemExit(f"{sales} has no orders; name a folder with an orders.csv.")
    return date.fromisoformat(last), currency


def order_rows(sales: Path) -> Iterable[dict[str, str]]:
    """Yield the order lines of a folder one by one: there may be many."""
    import csv

    for file in sheets(sales, "orders"):
        with file.open(encoding="utf-8-sig", newline="") as text:
            yield from csv.DictReader(text)


def first_of_next_month(day: date) -> date:
    """Return the first day after a month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
