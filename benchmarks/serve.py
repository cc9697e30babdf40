"""Compiled GraphQL reads against hand-written SQL for the same two questions, over HTTP and without it.

q1 is 50 orders with seller, customer and 10 lines each; q2 is 1,000 orders with eight fields, in ten pages of 100. GraphQL
carries a token, checks it, validates the document and applies the row policy; hand-written SQL does nothing of the kind.
"""

import asyncio
import re
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import orjson
from asyncpg.connection import LoggedQuery

from benchmarks.answer import BOUNDLESS, HAND
from benchmarks.measure import Goal, Options, Report, Times, WrongAnswer, judge, noise, percentile, ratios, side_by_side
from benchmarks.stage import stage
from benchmarks.world import write_orders
from hub.settings import Settings
from hub.store.database import Store, open_store
from hub.store.token import create_token
from schema.ask import Ask
from schema.budget import Budgets
from schema.context import RequestContext, Role, Viewer
from schema.operation import Operations, encode
from schema.persisted import Persisted
from schema.probes import Metrics
from schema.root import build_schema

ROWS = 10_000
CLIENTS = 16
ASKED = {"q1": 320, "q2": 48}
ALONE = {"q1": 100, "q2": 15}
LINES, PAGES = 10, 10
GOALS = {
    "q1": Goal(name="P1", says="compiled read / hand SQL, q1 over HTTP", must=0.6),
    "q2": Goal(name="P1", says="compiled read / hand SQL, q2 over HTTP", must=0.6),
}
DOCUMENTS = {
    "q1": """
        query q1 { orders(first: 50) { nodes {
            id number state orderedOn placedAt total { amount currency } partner { code name } soldTo { name }
            lines(first: 10) { nodes { lineNumber sourceSku taxIncluded lineTotal { amount currency } } }
        } } }""",
    "q2": """
        query q2($after: Cursor) { orders(first: 100, after: $after) {
            nodes { id number kind state channel orderedOn placedAt initiated } pageInfo { endCursor }
        } }""",
}
# What differs from answer to answer.
REQUEST_ID = re.compile(rb'"extensions":.*\}$', re.DOTALL)
RESET = "SELECT pg_advisory_unlock_all()"
Question = Callable[[], Awaitable[list[bytes]]]


async def run(options: Options) -> Report:
    """Measure."""
    count = options.rows or ROWS
    async with stage() as made, made.database() as address:
        file = made.home / "orders.jsonl"
        write_orders(file, [0] * count, count=LINES)
        await made.load(address, "orders", file)
        async with open_store(address, connections=1) as store, served(address) as (port, _):
            async with store.connection() as connection:
                await connection.execute("VACUUM ANALYZE")
            async with store.transaction() as connection:
                token = (await create_token(connection, name="benchmark", role="admin")).text
            alone = await Alone.on(store)
            asked = {f"{name}, {way}, HTTP": Http(port, token, name, way) for name in ASKED for way in WAYS}
            inside = {f"{name}, {way}, in process": Inside(alone, name, way) for name in ASKED for way in WAYS}
            await agree(asked, inside)
            sides: dict[str, Http | Inside] = {**asked, **inside}
            again = {f"{name}, hand, HTTP, again": asked[f"{name}, hand, HTTP"].fresh() for name in ASKED}
            sides |= again
            times = await side_by_side({name: side.side for name, side in sides.items()}, options.rounds)
            statements = {name: await alone.statements(name) for name in ASKED}
    return report(count, times, sides, statements)


WAYS = ("GraphQL", "hand")


class Http:
    """One question over HTTP, asked by 16 clients at once, each on a connection of its own."""

    def __init__(self, port: int, token: str, name: str, way: str) -> None:
        self.port = port
        self.token = token
        self.name = name
        self.way = way
        self.latencies: list[float] = []
        self.expected: list[bytes] | None = None

    def fresh(self) -> "Http":
        """Return the same question with latencies of its own."""
        return Http(self.port, self.token, self.name, self.way)

    async def side(self) -> float:
        """Ask as often as is said; every answer must be the first one."""
        left = ASKED[self.name]
        self.latencies.clear()

        async def client() -> None:
            nonlocal left
            async with connected(self.port) as wire:
                while left > 0:
                    left -= 1
                    began = time.perf_counter()
                    answer = await self.ask(wire)
                    self.latencies.append(time.perf_counter() - began)
                    same(self, answer)

        began = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(CLIENTS)))
        return time.perf_counter() - began

    async def ask(self, wire: "Wire") -> list[bytes]:
        """Ask once, page after page; return the pages."""
        pages: list[bytes] = []
        after: Any = None
        for _ in range(PAGES if self.name == "q2" else 1):
            if self.way == "GraphQL":
                body = {"query": DOCUMENTS[self.name], "variables": {"after": after} if self.name == "q2" else {}}
                pages.append(REQUEST_ID.sub(b"", await wire.post("/graphql", body, self.token)))
            else:
                pages.append(await wire.post(f"/hand/{self.name}", {"after": after}, None))
            after = following(self.way, pages[-1]) if self.name == "q2" else None
        return pages


class Inside:
    """One question in this process, one after the other on one connection."""

    def __init__(self, alone: "Alone", name: str, way: str) -> None:
        self.alone = alone
        self.name = name
        self.way = way
        self.latencies: list[float] = []
        self.expected: list[bytes] | None = None

    async def side(self) -> float:
        """Ask as often as is said; every answer must be the first one."""
        self.latencies.clear()
        for _ in range(ALONE[self.name]):
            began = time.perf_counter()
            answer = await self.ask()
            self.latencies.append(time.perf_counter() - began)
            same(self, answer)
        return sum(self.latencies)

    async def ask(self) -> list[bytes]:
        """Ask once, page after page; return the pages."""
        pages: list[bytes] = []
        after: Any = None
        for _ in range(PAGES if self.name == "q2" else 1):
            pages.append(await (self.alone.compiled if self.way == "GraphQL" else self.alone.by_hand)(self.name, after))
            after = following(self.way, pages[-1]) if self.name == "q2" else None
        return pages


class Alone:
    """The compiler and bare asyncpg side by side on one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.ran: list[str] = []
        self.viewer = Viewer(Role.ADMIN)
        settings = Settings(home=Path())
        self.operations = Operations(
            build_schema(),
            lambda viewer, request_id: RequestContext(viewer, store, settings),
            Persisted(store, required=False),
            Budgets(BOUNDLESS, Metrics().throttled),
            production=True,
        )

    @classmethod
    async def on(cls, store: Store) -> "Alone":
        """Watch the one connection of a store."""
        alone = cls(store)

        def ran(query: LoggedQuery) -> None:
            alone.ran.append(query.query)

        async with store.connection() as connection:
            connection.add_query_logger(ran)
        return alone

    async def compiled(self, name: str, after: Any) -> bytes:
        """Answer by GraphQL."""
        ask = Ask(DOCUMENTS[name], {"after": after} if name == "q2" else {})
        answer = await self.operations.run(self.operations.prepare(ask, self.viewer), self.viewer, "benchmark")
        return REQUEST_ID.sub(b"", encode(answer.body()))

    async def by_hand(self, name: str, after: Any) -> bytes:
        """Answer by the statement alone."""
        at, id = after or (None, None)
        values = {"at": at and datetime.fromisoformat(at), "id": id}
        async with self.store.connection() as connection:
            text: str = await connection.fetchval(HAND[name].sql, *HAND[name].arguments(values))
        return text.encode()

    async def statements(self, name: str) -> int:
        """Return how many statements one request runs, without what the pool does between requests."""
        self.ran.clear()
        await self.compiled(name, None)
        # Loggers are called when the loop comes round.
        await asyncio.sleep(0)
        return sum(not query.startswith(RESET) for query in self.ran)


class Wire:
    """As little of an HTTP client as the answers need, so that the client is not what is measured."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def post(self, path: str, body: object, token: str | None) -> bytes:
        """Send JSON and return the body of the answer."""
        content = orjson.dumps(body)
        lines = [f"POST {path} HTTP/1.1", "Host: hub", "Content-Type: application/json", f"Content-Length: {len(content)}"]
        if token is not None:
            lines.append(f"Authorization: Bearer {token}")
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + content)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answer = await self.reader.readexactly(length)
        if not head.startswith(b"http/1.1 200 "):
            raise WrongAnswer(f"{path} answered {head[:30]!r} {answer[:300]!r}.")
        return answer


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Wire]:
    """Hold one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


@asynccontextmanager
async def served(address: str) -> AsyncIterator[tuple[int, int]]:
    """Run the server in a process of its own; lend its port and the number of the process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.answer", address, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline()), process.pid
    finally:
        process.stdin.close()
        await process.wait()


def following(way: str, page: bytes) -> Any:
    """Return where the next page begins."""
    if way == "GraphQL":
        found = re.search(rb'"endCursor":"([^"]*)"', page)
        assert found is not None
        return found[1].decode()
    found = re.search(rb'"at":"([^"]*)","place":(\d+)\}$', page)
    assert found is not None
    return found[1].decode(), int(found[2])


def same(side: Http | Inside, answer: list[bytes]) -> None:
    """An answer must be the one that was found right. Raises WrongAnswer."""
    if side.expected is None:
        side.expected = answer
    elif side.expected != answer:
        raise WrongAnswer(f"{side.name} by {side.way} answered differently the second time.")


async def agree(asked: dict[str, Http], inside: dict[str, Inside]) -> None:
    """Both ways must say the same, over HTTP and without it. Raises WrongAnswer."""
    for side in inside.values():
        same(side, await side.ask())
    for http in asked.values():
        async with connected(http.port) as wire:
            same(http, await http.ask(wire))
    sides: list[Http | Inside] = [*asked.values(), *inside.values()]
    for name in ASKED:
        said = [nodes(side) for side in sides if side.name == name]
        fewest = 50 if name == "q1" else 100 * PAGES
        if len(said[0]) != fewest or any(one != said[0] for one in said):
            raise WrongAnswer(f"{name}: GraphQL and hand-written SQL say different things.")


def nodes(side: Http | Inside) -> list[dict[str, Any]]:
    """Return the orders of an answer as values."""
    found: list[dict[str, Any]] = []
    for page in side.expected or ():
        body = orjson.loads(page.removesuffix(b",") + b"}") if side.way == "GraphQL" else orjson.loads(page)
        found += body["data"]["orders"]["nodes"] if side.way == "GraphQL" else body["nodes"]
    for node in found:
        node.pop("place", None)
    return found


def report(count: int, times: Times, sides: dict[str, Http | Inside], statements: dict[str, int]) -> Report:
    """Compare GraphQL with hand-written SQL."""
    made = Report(
        name="serve",
        size=f"{count:,} orders of {LINES} lines; {CLIENTS} clients over HTTP, one in process",
        columns=("question", "requests/s", "p50 ms", "p99 ms", "of hand SQL", "statements per request"),
        rounds=times,
    )
    for name, taken in times.items():
        side = sides[name]
        number = len(side.latencies)
        hand = times[name.replace("GraphQL", "hand").removesuffix(", again")]
        pages = PAGES if side.name == "q2" else 1
        made.table.append(
            (
                name,
                f"{number / median(taken):,.1f}",
                f"{median(side.latencies) * 1e3:.1f}",
                f"{percentile(side.latencies, 99) * 1e3:.1f}",
                f"{median(ratios(hand, taken)):.2f}",
                str(pages * (statements[side.name] if side.way == "GraphQL" else 1)),
            )
        )
    for name, goal in GOALS.items():
        hand, again = times[f"{name}, hand, HTTP"], times[f"{name}, hand, HTTP, again"]
        made.verdicts.append(judge(goal, ratios(hand, times[f"{name}, GraphQL, HTTP"]), noise(hand, again)))
    return made
