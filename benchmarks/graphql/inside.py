"""The compiler and bare asyncpg in this process, one question after the other on one connection: what is left without HTTP."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from asyncpg.connection import LoggedQuery

from benchmarks.graphql.hand import HAND, arguments
from benchmarks.graphql.hub import BOUNDLESS
from benchmarks.graphql.peers import Hand, Hub, Peer
from benchmarks.graphql.questions import Question
from benchmarks.measure import Side
from hub.settings import Settings
from hub.store.database import Store
from schema.ask import Ask
from schema.budget import Budgets
from schema.context import RequestContext, Role, Viewer
from schema.operation import Operations, encode
from schema.persisted import Persisted
from schema.probes import Metrics
from schema.root import build_schema

# Of how often a question is asked over HTTP.
SHARE = 0.3
RESET = "SELECT pg_advisory_unlock_all()"
Answer = Callable[[Question, dict[str, Any]], Awaitable[bytes]]


class Inside:
    """Both ways on one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.viewer = Viewer(Role.ADMIN)
        settings = Settings(home=Path())
        self.operations = Operations(
            build_schema(),
            lambda viewer, request_id: RequestContext(viewer, store, settings),
            Persisted(store, required=False),
            Budgets(BOUNDLESS, Metrics().throttled),
            production=True,
        )

    async def compiled(self, question: Question, variables: dict[str, Any]) -> bytes:
        """Answer by GraphQL."""
        prepared = self.operations.prepare(Ask(question.document, variables), self.viewer)
        return encode((await self.operations.run(prepared, self.viewer, "benchmark")).body())

    async def by_hand(self, question: Question, variables: dict[str, Any]) -> bytes:
        """Answer by the statement alone."""
        async with self.store.reading() as connection:
            text: str = await connection.fetchval(HAND[question.name].sql, *arguments(question.name, variables.get("after")))
        return text.encode()

    def sides(self, question: Question) -> dict[str, Side]:
        """Return both ways with a question."""
        return {
            f"{question.name}, hub, in process": timed(self.compiled, Hub(0, ""), question),
            f"{question.name}, hand SQL, in process": timed(self.by_hand, Hand(0), question),
        }

    async def statements(self, question: Question) -> int:
        """Return how many statements one request runs, without what is read once and what the pool does between requests."""
        await self.compiled(question, {})
        ran: list[str] = []

        def log(query: LoggedQuery) -> None:
            ran.append(query.query)

        async with self.store.connection() as connection:
            connection.add_query_logger(log)
        await self.compiled(question, {})
        # Loggers are called when the loop comes round.
        await asyncio.sleep(0)
        async with self.store.connection() as connection:
            connection.remove_query_logger(log)
        return sum(not query.startswith(RESET) for query in ran)


def timed(answer: Answer, peer: Peer, question: Question) -> Side:
    """Return a side that asks a question again and again."""
    times = round(question.asked * SHARE)

    async def side() -> float:
        began = time.perf_counter()
        for _ in range(times):
            variables: dict[str, Any] = {}
            for _ in range(question.requests):
                page = await answer(question, variables)
                variables = peer.following(page) if question.chained else {}
        return (time.perf_counter() - began) / times

    return side
