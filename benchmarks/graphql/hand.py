"""Hand-written SQL behind bare Starlette: `python -m benchmarks.graphql.hand ADDRESS`.

/hand/NAME runs one statement of hand.sql and sends what it answers: no token, no document, no policy.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.graphql.serving import CONNECTIONS, plain_door, serve
from hub.store.statements import read_statements

HAND = read_statements(Path(__file__).with_name("hand.sql"))
# What comes before the first page lies before everything.
LATEST = ("9999-12-31T00:00:00Z", 2**63 - 1)


def arguments(name: str, after: Any) -> tuple[object, ...]:
    """Return what a statement takes; a page begins after an instant and an id."""
    at, number = after or LATEST
    return HAND[name].arguments({"at": datetime.fromisoformat(at), "id": number})


async def as_it_is(connection: asyncpg.Connection) -> None:
    """Take nothing back from a connection that goes back to the pool: these statements set nothing."""


async def main(address: str) -> None:
    """Serve until the input ends."""
    pool = asyncpg.create_pool(address, min_size=CONNECTIONS, max_size=CONNECTIONS, reset=as_it_is)

    async def answer(request: Request) -> Response:
        name, body = request.path_params["name"], orjson.loads(await request.body())
        async with pool.acquire() as connection:
            text = await connection.fetchval(HAND[name].sql, *arguments(name, body["after"]))
        return Response(text, media_type="application/json")

    @asynccontextmanager
    async def opened(app: Starlette) -> AsyncIterator[None]:
        async with pool:
            yield

    await serve(Starlette(routes=[Route("/hand/{name}", answer, methods=["POST"])], lifespan=opened), plain_door())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
