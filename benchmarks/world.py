"""The same trade on every run: regions, partners, articles and any number of orders, all from their numbers alone.

Order n of revision r is always the same bytes, so whoever stored it can be checked without having kept it.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

from connectors.base import Catalog, CheckResult, Context
from connectors.manifest import Manifest, StreamEntry
from hub.errors import MappingError
from hub.records import (
    CanonicalRecord,
    Customer,
    Offer,
    Order,
    OrderLine,
    Partner,
    PolicyVersion,
    PricePolicy,
    Product,
    Region,
    TerritoryGrant,
)
from hub.records.message import Checkpoint, Message, Record, State, Window
from hub.records.order import LineStatus
from hub.records.source import SourceKind, Stream, StreamModel

LINES = 3
PROVINCES, CITIES, CUSTOMERS, ARTICLES, GROUPS, DAYS = 30, 300, 10_000, 3_000, 30, 365
LISTINGS, SIGHTINGS = 2_000, 5
FIRST_DAY = datetime(2026, 1, 1, 8, tzinfo=UTC)
BATCH = 5_000
# One order in so many is sold by the partner of another city.
STRAY = 40


def draw(number: int, salt: int, below: int) -> int:
    """Return the number's own chance under a salt: always the same, evenly spread."""
    mixed = (number * 0x9E3779B97F4A7C15 + salt * 0xC2B2AE3D27D4EB4F + 1) & 0xFFFFFFFFFFFFFFFF
    mixed = ((mixed ^ (mixed >> 31)) * 0xD6E8FEB86659FD93) & 0xFFFFFFFFFFFFFFFF
    return (mixed ^ (mixed >> 32)) % below


def province(number: int) -> str:
    """Return the code of a province."""
    return f"CN-{number % PROVINCES:02}"


def city(number: int) -> str:
    """Return the code of a city; each is the ground of the partner of the same number."""
    return f"{province(number)}-{number % CITIES:03}"


def price(article: int) -> Decimal:
    """Return what an article costs a partner."""
    return Decimal(20 + 7 * (article % 50))


def reference() -> Iterator[CanonicalRecord]:
    """Yield everything orders refer to, and what rules judge them by."""
    yield PolicyVersion(
        version=1,
        effective_from=date(2025, 1, 1),
        base_currency="CNY",
        timezone="Asia/Shanghai",
        body={"jurisdiction": {"regions": {"CN": "CN"}}},
    )
    yield Region(code="CN", name="China", kind="country")
    for number in range(PROVINCES):
        yield Region(code=province(number), name=f"Province {number}", kind="province", parent="CN")
    for number in range(CITIES):
        near = (city(number + PROVINCES),)
        yield Region(code=city(number), name=f"City {number}", kind="city", parent=province(number), neighbours=near)
    for number in range(CITIES):
        yield Partner(code=f"P{number:03}", name=f"Partner {number}", home_region=city(number))
    for number in range(CUSTOMERS):
        yield Customer(code=f"C{number:05}", name=f"Customer {number}", region=city(number), segment="retail")
    for number in range(ARTICLES):
        sku = f"A{number:04}"
        yield Product(sku=sku, name=f"Article {number}", base_sku=sku, product_group=f"G{number % GROUPS}")
        yield PricePolicy(
            policy_id=f"W{number:04}", kind="wholesale", sku=sku, unit_price=price(number), currency="CNY",
            valid_from=date(2025, 1, 1), region="CN",
        )  # fmt: skip
        yield PricePolicy(
            policy_id=f"M{number:04}", kind="map", sku=sku, unit_price=price(number) * 2, currency="CNY",
            valid_from=date(2025, 1, 1), region="CN",
        )  # fmt: skip
    for number in range(CITIES):
        yield TerritoryGrant(
            grant_id=f"T{number:03}", partner=f"P{number:03}", region=city(number), exclusivity="exclusive",
            valid_from=date(2025, 1, 1), valid_to=date(2028, 1, 1),
        )  # fmt: skip
    yield from offers()


@cache
def ground() -> Sequence[CanonicalRecord]:
    """Return everything that `reference` yields."""
    return tuple(reference())


def offers() -> Iterator[Offer]:
    """Yield public prices; one listing in ten shows less than the policy names."""
    for listing in range(LISTINGS):
        article = draw(listing, 11, ARTICLES)
        share = Decimal("1.6") if listing % 10 == 0 else Decimal("2.1")
        for seen in range(SIGHTINGS):
            yield Offer(
                listing_id=f"L{listing:05}",
                observed_at=FIRST_DAY + timedelta(days=60 * seen + listing % 60),
                seller=f"Shop {listing % 80}",
                channel="tmall",
                sku=f"A{article:04}",
                region=city(listing),
                price=price(article) * share,
                currency="CNY",
                tax_included=False,
                tax_rate=Decimal(0),
            )


class LinePayload(Struct, frozen=True):
    """One line as the source sends it."""

    line: int
    sku: str
    quantity: Decimal
    amount: Decimal
    status: LineStatus


class OrderPayload(Struct, frozen=True):
    """One order as the source sends it."""

    number: str
    placed_at: datetime
    updated_at: datetime
    seller: str
    customer: str
    ship_to: str
    currency: str
    lines: list[LinePayload]


class GroundPayload(Struct, frozen=True):
    """Any other record, by its place in the ground: nothing is measured there."""

    ground: str


def order_number(index: int) -> str:
    """Return the number of an order."""
    return f"SO-{index:08}"


def order_body(index: int, revision: int = 0, count: int = LINES) -> bytes:
    """Return an order as the source sends it. A later revision sold more, and perhaps by another partner."""
    customer = draw(index, 1, CUSTOMERS)
    home = customer % CITIES
    stray = draw(index, 100 + revision, STRAY) == 0
    seller = (home + 1 + draw(index, 2, CITIES - 1)) % CITIES if stray else home
    placed_at = FIRST_DAY + timedelta(days=draw(index, 3, DAYS), seconds=draw(index, 4, 36_000))
    lines = []
    for line in range(1, count + 1):
        article = draw(index, 10 + line, ARTICLES)
        quantity = 1 + draw(index, 20 + line, 40) + (revision if line == 1 else 0)
        amount = price(article) * quantity * (100 + draw(index, 30 + line, 5)) / 100
        lines.append(
            f'{{"line":{line},"sku":"A{article:04}","title":"Article {article}, as the source calls it",'
            f'"quantity":"{quantity}","unit":"piece","amount":"{amount:.2f}","discounts":[],"tax_lines":[],"status":"delivered"}}'
        )
    at = placed_at.isoformat()
    town = f'"city":"City {home}","postcode":"{100000 + home}"'
    return (
        f'{{"number":"{order_number(index)}","placed_at":"{at}","updated_at":"{at}","seller":"P{seller:03}",'
        f'"customer":"C{customer:05}","ship_to":"{city(home)}","currency":"CNY","payment_terms":"30 days net",'
        f'"address":{{"name":"Customer {customer}","street":"{customer} Long Road",{town}}},'
        f'"lines":[{",".join(lines)}],"note":null,"tags":["trade","repeat"]}}'
    ).encode()


def write_orders(file: Path, revisions: Sequence[int], count: int = LINES) -> None:
    """Write all orders, each in its revision and with so many lines."""
    with file.open("wb") as out:
        for index in range(len(revisions)):
            out.write(order_body(index, revisions[index], count) + b"\n")


# {"number":"SO-00000001" and {"ground":"00000000001"
KEY = slice(11, 22)


def write_reference(file: Path) -> None:
    """Write every other record, one a line."""
    with file.open("wb") as out:
        out.writelines(msgspec.json.encode(GroundPayload(f"{place:011}")) + b"\n" for place in range(len(ground())))


class Delivery(Struct, frozen=True, kw_only=True):
    """The settings of the source: the file of each stream."""

    reference: str = ""
    orders: str = ""


class Depot:
    """A connector that reads files of JSON lines."""

    config = Delivery

    async def check(self, ctx: Context[Delivery]) -> CheckResult:
        """Nothing to log in to."""
        return CheckResult(account=ctx.source)

    async def discover(self, ctx: Context[Delivery]) -> Catalog:
        """Return both streams."""
        return Catalog(streams=tuple(MANIFEST.streams))

    async def read(self, ctx: Context[Delivery], stream: Stream, state: State, window: Window) -> AsyncIterator[Message]:
        """Yield every line of the stream's file."""
        with Path(getattr(ctx.config, stream.name)).open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                # A key stands at the same place in every line; reading it there decodes nothing.
                yield Record(key=(line[KEY].decode(),), raw=line[:-1])
                if number % BATCH == 0:
                    yield Checkpoint(state={"line": number})
        yield Checkpoint(state={}, complete=True)

    def normalise(self, config: Delivery, stream: Stream, raw: bytes) -> Iterable[CanonicalRecord]:
        """Map one line."""
        if stream.name == "orders":
            return (order_of(raw),)
        return (ground()[int(msgspec.json.decode(raw, type=GroundPayload).ground)],)


def order_of(raw: bytes) -> Order:
    """Map an order as the source sends it."""
    try:
        body = ORDER.decode(raw)
    except msgspec.ValidationError as error:
        raise MappingError(str(error), code="bad_type", field=None, value=None) from error
    return Order(
        number=body.number,
        kind="sell_out",
        ordered_on=body.placed_at.date(),
        placed_at=body.placed_at,
        updated_at=body.updated_at,
        seller=body.seller,
        customer=body.customer,
        ship_to_region=body.ship_to,
        currency=body.currency,
        initiated="active",
        lines=tuple(
            OrderLine(number=one.line, sku=one.sku, qty=one.quantity, amount=one.amount, status=one.status)
            for one in body.lines
        ),
    )


ORDER = msgspec.json.Decoder(OrderPayload)
MANIFEST = Manifest(
    name="depot",
    title="Benchmark depot",
    kind=SourceKind.FILE,
    version="1",
    contract=1,
    implementation="world:Depot",
    settings={},
    streams={
        "reference": StreamEntry(model=StreamModel.CUSTOM, primary_key=("line",)),
        "orders": StreamEntry(model=StreamModel.ORDER, primary_key=("line",)),
    },
)
