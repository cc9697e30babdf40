"""A hub in a process of its own: `python -m benchmarks.answer ADDRESS` serves GraphQL and, beside it, hand-written SQL.

Both go through the same server and the same web framework; /hand/NAME runs one statement on a bare asyncpg pool and sends
what it answers. Prints the port once both can be asked, and ends when its input does.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import asyncpg
import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.settings import Allowance, CostSettings, ServerSettings, Settings
from hub.store.database import open_store
from hub.store.statements import read_statements
from jobs.desk import Desk
from jobs.serve import listen
from schema.app import Hub, create_app

CONNECTIONS = 8
# More than anybody can ask for: what is measured is the answer, not the wait for it.
BOUNDLESS = CostSettings(roles={"admin": Allowance(points=10**12)})
HAND = read_statements(Path(__file__).parent / "hand.sql")


class Nobody:
    """Stands where the queue stands: nothing here asks for work."""

    async def defer_sync(self, run_ids: Sequence[int]) -> None:
        """Do nothing."""

    async def defer_detect(self, *, full: bool = False) -> None:
        """Do nothing."""

    async def defer_backtest(self) -> None:
        """Do nothing."""

    async def sheet_source(self, name: str) -> int:
        """Know none."""
        raise LookupError(name)

    async def defer_check(self) -> None:
        """Do nothing."""


class Hand:
    """Hand-written SQL over HTTP."""

    pool: asyncpg.Pool

    async def answer(self, request: Request) -> Response:
        """Run the statement of the path; a page begins after the instant and the id of the body."""
        body = orjson.loads(await request.body())
        one = HAND[request.path_params["name"]]
        at, id = body.get("after") or (None, None)
        values = {"at": at and datetime.fromisoformat(at), "id": id}
        async with self.pool.acquire() as connection:
            text = await connection.fetchval(one.sql, *one.arguments(values))
        return Response(text, media_type="application/json")


async def main(address: str) -> None:
    """Serve until the input ends."""
    import uvicorn

    hand = Hand()

    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[Hub]:
        async with (
            open_store(address, connections=CONNECTIONS) as store,
            asyncpg.create_pool(address, min_size=CONNECTIONS, max_size=CONNECTIONS) as hand.pool,
        ):
            yield Hub(store, Nobody(), Desk(store, settings))

    settings = Settings(home=Path(), database_url=address, server=ServerSettings(production=True, cost=BOUNDLESS))
    app = create_app(settings, opened)
    app.router.routes.append(Route("/hand/{name}", hand.answer, methods=["POST"]))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="on", log_config=None, access_log=False))
    with listen("127.0.0.1", 0) as door:
        serving = asyncio.create_task(server.serve([door]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        print(door.getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)
        server.should_exit = True
        await serving


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    asyncio.run(main(sys.argv[1]))
