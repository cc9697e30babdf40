"""A hub on a loopback port for tests: the whole of its web side, with a schema small enough to read here."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import orjson
import strawberry
import uvicorn
import websockets
from starlette.applications import Starlette

from hub.settings import CostSettings, OidcSettings, ServerSettings, Settings
from hub.store.database import Store
from hub.store.token import create_token
from jobs.desk import Desk
from schema.app import Hub, serving
from schema.context import Jobs
from schema.errors import bad_input
from schema.feed import Feed
from schema.probes import Metrics

PROTOCOL = websockets.Subprotocol("graphql-transport-ws")


@dataclass
class Deferred:
    """Stands where the queue stands, and keeps what it was told."""

    runs: list[int] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    async def defer_sync(self, run_ids: Sequence[int]) -> None:
        self.runs += run_ids

    async def defer_detect(self, *, full: bool = False) -> None:
        self.told.append("detect all" if full else "detect")

    async def defer_backtest(self) -> None:
        self.told.append("backtest")

    async def sheet_source(self, name: str) -> int:
        raise LookupError(f"{name} is declared by the queue itself")

    async def defer_check(self) -> None:
        self.told.append("check")


class Server(uvicorn.Server):
    """A server that leaves the signals to the test run."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(app: Starlette, lifespan: Any = "off") -> AsyncIterator[str]:
    """Serve an application on a free port; lend `host:port`."""
    server = Server(uvicorn.Config(app, port=0, lifespan=lifespan, log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    try:
        yield f"{host}:{port}"
    finally:
        server.should_exit = True
        await serving


@dataclass
class Client:
    """Speaks to the hub with one token."""

    address: str
    token: str
    http: httpx2.AsyncClient
    feed: Feed

    async def post(self, query: str, *, path: str = "/graphql", token: str | None = None, **more: Any) -> httpx2.Response:
        """Send an operation; `headers` of `more` are added to the token's."""
        headers = {"authorization": f"Bearer {token or self.token}"} | more.pop("headers", {})
        return await self.http.post(path, json={"query": query} | more, headers=headers)

    async def data(self, query: str, **more: Any) -> Any:
        """Return what an operation answers; it must not fail."""
        answer = (await self.post(query, **more)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def code(self, query: str, **more: Any) -> str:
        """Return the code of an operation's first error."""
        return str((await self.post(query, **more)).json()["errors"][0]["extensions"]["code"])

    @asynccontextmanager
    async def socket(self, token: str | None = None, **more: Any) -> AsyncIterator["Socket"]:
        """Open a WebSocket and have the token acknowledged."""
        async with websockets.connect(f"ws://{self.address}/graphql", subprotocols=[PROTOCOL], **more) as connection:
            socket = Socket(connection)
            await socket.send(type="connection_init", payload={"authorization": f"Bearer {token or self.token}"})
            assert await socket.next() == {"type": "connection_ack"}
            yield socket


@dataclass
class Socket:
    """Speaks graphql-transport-ws."""

    connection: websockets.ClientConnection

    async def send(self, **message: Any) -> None:
        """Send a message."""
        await self.connection.send(orjson.dumps(message).decode())

    async def next(self) -> dict[str, Any]:
        """Return the next message."""
        async with asyncio.timeout(20):
            message: dict[str, Any] = orjson.loads(await self.connection.recv())
        return message

    async def subscribe(self, query: str, name: str = "1", **variables: Any) -> None:
        """Start an operation."""
        await self.send(type="subscribe", id=name, payload={"query": query, "variables": variables})

    async def closed(self) -> int:
        """Wait until the hub closes the socket; return its code."""
        async with asyncio.timeout(20):
            await self.connection.wait_closed()
        assert self.connection.close_code is not None
        return self.connection.close_code


@asynccontextmanager
async def web(
    store: Store,
    schema: strawberry.Schema,
    *,
    production: bool = False,
    required: bool = False,
    role: str = "admin",
    jobs: Jobs | None = None,
    cost: CostSettings | None = None,
    metrics: Metrics | None = None,
    oidc: OidcSettings | None = None,
    chosen: Settings | None = None,
) -> AsyncIterator[Client]:
    """Serve a schema over a store; the client holds a token of the role. `chosen` are settings beside those of the server."""
    server = ServerSettings(production=production, require_trusted_documents=required, cost=cost or CostSettings(), oidc=oidc)
    settings = (chosen or Settings(home=Path())).model_copy(update={"server": server})
    app = Starlette()
    async with (
        serving(app, settings, Hub(store, jobs or Deferred(), Desk(store, settings)), metrics or Metrics(), schema) as feed,
        served(app) as address,
        httpx2.AsyncClient(base_url=f"http://{address}", trust_env=False) as http,
    ):
        yield Client(address, await token(store, role), http, feed)


async def token(store: Store, role: str = "admin", **more: Any) -> str:
    """Make a token and return its text."""
    async with store.transaction() as connection:
        return (await create_token(connection, name="test", role=role, **more)).text


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "you", times: int = 1) -> str:
        return " ".join(["hello", *[name] * times])

    @strawberry.field
    def inner(self) -> "Query":
        return Query()

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError("the password is swordfish")

    @strawberry.field
    def refused(self) -> str | None:
        raise bad_input("Choose another.")

    @strawberry.field
    async def slow(self, info: strawberry.Info) -> str | None:
        async with info.context.store.transaction() as connection:
            await connection.execute("SET LOCAL statement_timeout = '20ms'")
            await connection.execute("SELECT pg_sleep(20)")
        return "done"


@strawberry.type
class Mutation:
    @strawberry.mutation
    def poke(self) -> int:
        return 1


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int = 3) -> AsyncGenerator[int, None]:
        for number in range(1, to + 1):
            yield number

    @strawberry.subscription
    async def forever(self) -> AsyncGenerator[int, None]:
        WAITING.append(1)
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            WAITING.pop()


# One entry for each `forever` that is followed.
WAITING: list[int] = []


def tiny() -> strawberry.Schema:
    """Return the small schema."""
    return strawberry.Schema(Query, Mutation, Subscription)
