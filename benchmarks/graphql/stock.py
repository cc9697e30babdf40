"""Stock Strawberry over the same tables: `python -m benchmarks.graphql.stock ADDRESS TOKEN`.

As its documentation has it: types, resolvers, a data loader for each relation, documents parsed and validated once. It has the
fields that are asked for by the names the hub gives them, so it is sent the same documents.
"""

import asyncio
import base64
import hmac
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import NewType

import asyncpg
import strawberry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.scalars import ID
from strawberry.schema.config import StrawberryConfig

from benchmarks.graphql.serving import CONNECTIONS, plain_door, serve

# What comes before the first page lies before everything.
LATEST = (datetime(9999, 12, 31, tzinfo=UTC), 2**63 - 1)

Cursor = NewType("Cursor", str)
SCALARS = StrawberryConfig(scalar_map={Cursor: strawberry.scalar(name="Cursor", serialize=str, parse_value=str)})


@strawberry.enum
class OrderKind(Enum):
    SELL_IN = "sell_in"
    SELL_OUT = "sell_out"
    RETURN = "return"


@strawberry.enum
class OrderState(Enum):
    DRAFT = "draft"
    OPEN = "open"
    PARTLY_FULFILLED = "partly_fulfilled"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@strawberry.enum
class SaleInitiation(Enum):
    ACTIVE = "active"
    PASSIVE = "passive"
    UNKNOWN = "unknown"


@strawberry.type
class Money:
    amount: str
    currency: str


@strawberry.type
class Partner:
    code: str
    name: str


@strawberry.type
class Customer:
    name: str


@strawberry.type
class OrderLine:
    line_number: int
    source_sku: str
    tax_included: bool
    line_total: Money


@strawberry.type
class Lines:
    nodes: list[OrderLine]


class Loaders:
    """One loader for each relation; made anew for each request."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.partners: DataLoader[int, Partner | None] = DataLoader(self.load_partners)
        self.customers: DataLoader[int, Customer | None] = DataLoader(self.load_customers)
        self.lines: DataLoader[int, list[asyncpg.Record]] = DataLoader(self.load_lines)

    async def load_partners(self, keys: list[int]) -> Sequence[Partner | None]:
        rows = await self.pool.fetch("SELECT id, code, name FROM partner WHERE id = ANY($1)", keys)
        found = {row["id"]: Partner(code=row["code"], name=row["name"]) for row in rows}
        return [found.get(key) for key in keys]

    async def load_customers(self, keys: list[int]) -> Sequence[Customer | None]:
        rows = await self.pool.fetch("SELECT id, name FROM customer WHERE id = ANY($1)", keys)
        found = {row["id"]: Customer(name=row["name"]) for row in rows}
        return [found.get(key) for key in keys]

    async def load_lines(self, keys: list[int]) -> Sequence[list[asyncpg.Record]]:
        found: dict[int, list[asyncpg.Record]] = defaultdict(list)
        for row in await self.pool.fetch(LINES, keys):
            found[row["order_id"]].append(row)
        return [found[key] for key in keys]


@dataclass
class Context:
    """What a request carries."""

    pool: asyncpg.Pool
    loaders: Loaders


Info = strawberry.Info[Context, None]


@strawberry.type
class Order:
    id: ID
    number: str
    kind: OrderKind
    state: OrderState
    channel: str
    ordered_on: date
    placed_at: datetime
    initiated: SaleInitiation
    total: Money
    row: strawberry.Private[asyncpg.Record]

    @strawberry.field
    async def partner(self, info: Info) -> Partner | None:
        return await info.context.loaders.partners.load(self.row["partner_id"])

    @strawberry.field
    async def sold_to(self, info: Info) -> Customer | None:
        return await info.context.loaders.customers.load(self.row["customer_id"])

    @strawberry.field
    async def lines(self, info: Info, first: int) -> Lines:
        rows = await info.context.loaders.lines.load(self.row["id"])
        return Lines(nodes=[line_of(row, self.row["currency"]) for row in rows[:first]])


@strawberry.type
class PageInfo:
    end_cursor: Cursor | None


@strawberry.type
class Orders:
    nodes: list[Order]
    page_info: PageInfo


@strawberry.type
class Query:
    @strawberry.field
    async def orders(self, info: Info, first: int, after: Cursor | None = None) -> Orders:
        at, number = place(after) if after else LATEST
        rows = await info.context.pool.fetch(ORDERS, at, number, first)
        end = cursor(rows[-1]) if rows else None
        return Orders(nodes=[order_of(row) for row in rows], page_info=PageInfo(end_cursor=end))


ORDERS = """
    SELECT * FROM sales_order WHERE deleted_at IS NULL AND (placed_at, id) < ($1, $2) ORDER BY placed_at DESC, id DESC LIMIT $3
"""
LINES = "SELECT * FROM order_line WHERE order_id = ANY($1) AND deleted_at IS NULL ORDER BY order_id, number"


def order_of(row: asyncpg.Record) -> Order:
    """Return a row as an order."""
    return Order(
        id=ID(base64.urlsafe_b64encode(f"Order:{row['id']}".encode()).decode().rstrip("=")),
        number=row["key"],
        kind=OrderKind(row["kind"]),
        state=OrderState(row["state"]),
        channel=row["channel"],
        ordered_on=row["ordered_on"],
        placed_at=row["placed_at"],
        initiated=SaleInitiation(row["initiated"]),
        total=money(row["total"], row["currency"]),
        row=row,
    )


def line_of(row: asyncpg.Record, currency: str) -> OrderLine:
    """Return a row as a line."""
    return OrderLine(
        line_number=row["number"],
        source_sku=row["sku"],
        tax_included=row["tax_included"],
        line_total=money(row["amount"], currency),
    )


def money(amount: Decimal, currency: str) -> Money:
    """Return money as the hub writes it, without noughts at the end."""
    return Money(amount=f"{amount.normalize():f}", currency=currency)


def cursor(row: asyncpg.Record) -> Cursor:
    """Return where a row lies."""
    return Cursor(base64.urlsafe_b64encode(f"{row['placed_at'].isoformat()}|{row['id']}".encode()).decode())


def place(after: Cursor) -> tuple[datetime, int]:
    """Return what a cursor says."""
    at, _, number = base64.urlsafe_b64decode(after).decode().partition("|")
    return datetime.fromisoformat(at), int(number)


class Application(GraphQL[Context, None]):
    """The integration for Starlette, with a context for each request."""

    def __init__(self, schema: strawberry.Schema, pool: asyncpg.Pool, token: str) -> None:
        super().__init__(schema, graphql_ide=None)
        self.pool = pool
        self.expected = f"Bearer {token}".encode()

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), self.expected):
            raise HTTPException(401)
        return Context(self.pool, Loaders(self.pool))


async def main(address: str, token: str) -> None:
    """Serve until the input ends."""
    pool = asyncpg.create_pool(address, min_size=CONNECTIONS, max_size=CONNECTIONS)
    schema = strawberry.Schema(Query, config=SCALARS, extensions=[ParserCache, ValidationCache])

    @asynccontextmanager
    async def opened(app: Starlette) -> AsyncIterator[None]:
        async with pool:
            yield

    await serve(Starlette(routes=[Route("/graphql", Application(schema, pool, token))], lifespan=opened), plain_door())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
