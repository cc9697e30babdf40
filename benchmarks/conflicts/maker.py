"""Helps a plant to write rows: names of its own for everything, ordinary values for whatever it does not care about."""

import random
from datetime import date, datetime, timedelta
from itertools import count

from msgspec import Struct

from benchmarks.conflicts.book import Book, Cell
from benchmarks.conflicts.ground import Ground, Place
from benchmarks.conflicts.label import CONFLICT, Label

SOURCE = "benchmark"
FOREIGN_RATE = 8
TAX = "0.25"


class Article(Struct, frozen=True, kw_only=True):
    """A base article; `price` is what one costs, a multiple of 20 so that shares of it are exact."""

    sku: str
    group: str
    price: int

    def pack(self, size: int) -> str:
        """Return the article number of a pack."""
        return f"{self.sku}-{size}"


class Maker:
    """What plants write with. `chance` is seeded, so the same seed always gives the same files."""

    def __init__(self, ground: Ground, book: Book, chance: random.Random) -> None:
        self.ground, self.book, self.chance = ground, book, chance
        self.numbers = count(1)

    def name(self, prefix: str) -> str:
        """Return a name nobody has."""
        return f"{prefix}-{next(self.numbers):06}"

    def place(self) -> Place:
        """Return any place."""
        return self.chance.choice(self.ground.places)

    def apart(self) -> tuple[Place, Place]:
        """Return two places that do not touch."""
        here = self.place()
        return here, self.ground.beyond(here, self.chance)

    def day(self, back: int = 2) -> date:
        """Return a day in the middle of the month so many months ago."""
        return self.ground.day(back, self.chance.randint(8, 20))

    @property
    def foreign(self) -> str:
        """A currency that is not the sales' own and of which one is worth `FOREIGN_RATE` of theirs."""
        return "USD" if self.ground.currency != "USD" else "EUR"

    def article(self, *packs: int, price: int | None = None, launched: date | None = None) -> Article:
        """Write an article of a group of its own, with packs."""
        sku = self.name("BA")
        group = f"G-{sku}"
        self.book.add("products", sku=sku, base_sku=sku, product_group=group, units_per_pack=1, launched_on=launched)
        for size in packs:
            self.book.add("products", sku=f"{sku}-{size}", base_sku=sku, product_group=group, units_per_pack=size)
        return Article(sku=sku, group=group, price=price or 20 * self.chance.randint(3, 9))

    def priced(self, article: Article, kind: str, price: Cell, **cells: Cell) -> None:
        """Write a policy price that holds everywhere and always, unless said otherwise."""
        told: dict[str, Cell] = {"valid_from": date(2000, 1, 1), "currency": self.ground.currency, **cells}
        self.book.add("price_policies", policy_id=self.name("PP"), kind=kind, sku=article.sku, unit_price=price, **told)

    def grant(self, partner: str, region: str, group: str, exclusivity: Cell = "exclusive", **cells: Cell) -> str:
        """Write a grant for the three years around, unless said otherwise."""
        told: dict[str, Cell] = {"valid_from": self.ground.day(24, 1), "valid_to": self.ground.day(-12, 1), **cells}
        key = self.name("BG")
        self.book.add(
            "territory_grants",
            grant_id=key,
            partner=partner,
            region=region,
            product_group=group,
            exclusivity=exclusivity,
            **told,
        )
        return key

    def sale(self, seller: str | None, place: str | None, sku: str, qty: Cell, amount: Cell, day: date, **cells: Cell) -> str:
        """Write a delivered sale of one line with an invoice of its own, unless said otherwise; return its number."""
        order = self.name("BO")
        told: dict[str, Cell] = {
            "order_id": order, "line_no": 1, "order_kind": "sell_out", "order_date": day, "seller": seller,
            "ship_to_region": place, "invoice_ref": f"I{order}", "initiated": "active", "sku": sku, "qty": qty,
            "amount": amount, "currency": self.ground.currency, "status": "delivered", **cells,
        }  # fmt: skip
        self.book.add("orders", **told)
        return str(told["order_id"])

    def purchase(self, buyer: str, sku: str, qty: Cell, amount: Cell, day: date, **cells: Cell) -> str:
        """Write what a partner bought from the brand."""
        return self.sale(None, None, sku, qty, amount, day, order_kind="sell_in", buyer_partner=buyer, **cells)

    def returned(self, order: str, seller: str, sku: str, qty: Cell, amount: Cell, day: date, **cells: Cell) -> None:
        """Write that a line came back, or part of it."""
        self.sale(seller, None, sku, qty, amount, day, order_kind="return", return_of_order=order, return_of_line=1, **cells)

    def offer(self, place: Place, article: Article, price: Cell, *days: date, **cells: Cell) -> str:
        """Write a listing of the place's partner, seen on some days; return its id."""
        listing = self.name("BL")
        told: dict[str, Cell] = {
            "listing_id": listing, "seller": place.shop, "channel": "tmall", "sku": article.sku, "region": place.code,
            "price": price, "currency": self.ground.currency, "url": f"https://shop.example.com/{listing}", **cells,
        }  # fmt: skip
        for day in days:
            self.book.add("offers", observed_at=f"{day}T09:00:00Z", **told)
        return listing

    def conflict(self, rule: str, key: tuple[str, ...], expected: str, recipe: str) -> None:
        """Say that a conflict was planted."""
        self.book.labels.append(Label(rule=rule, key=key, kind=CONFLICT, expected=expected, recipe=recipe))

    def look_alike(self, rule: str, key: tuple[str, ...], kind: str, expected: str | None = None) -> None:
        """Say that something was planted that only looks like a conflict."""
        self.book.labels.append(Label(rule=rule, key=key, kind=kind, expected=expected, recipe=kind))


def line(order: str, holder: str | None = None, number: int = 1) -> tuple[str, ...]:
    """Return the key of an order line; with a holder, or any (`*`), as rules on territories have it."""
    key = (SOURCE, order, str(number))
    return key if holder is None else (*key, holder)


def month(day: date) -> str:
    """Return a month as keys have it."""
    return f"{day:%Y-%m}"


def instant(day: date, hour: int = 9) -> datetime:
    """Return an hour of a day."""
    return datetime(day.year, day.month, day.day, hour)


def later(day: date, days: int) -> date:
    """Return the day so many days later."""
    return day + timedelta(days=days)
