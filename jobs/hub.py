"""Open the hub for as long as a process uses it: the server, its tables, the sources and routes of the settings."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import structlog

from hub.errors import StoreUnavailable
from hub.settings import Settings
from hub.store import embedded
from hub.store.database import Store, open_store
from hub.store.migrate import migrate
from jobs.queue import migrate as make_queue
from jobs.routes import ensure_routes
from jobs.sources import ensure_sources

if TYPE_CHECKING:
    from jobs.queue import Queue

log = structlog.get_logger(__name__)

LOOK_S = 2


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """Lend the address of the database, joining the built-in server unless an address is set. The last one out stops it."""
    if settings.database_url:
        yield settings.database_url
        return
    server = embedded.server(settings.home)
    server.start()
    try:
        yield server.address
    finally:
        server.stop()


@asynccontextmanager
async def standing(address: str, settings: Settings) -> AsyncIterator[None]:
    """Start the built-in server again whenever it is gone, for as long as the block runs; other servers are left alone."""
    server = None if settings.database_url else embedded.server(settings.home)
    if server is None or server.address != address:
        yield
        return
    server.start()
    watch = asyncio.create_task(revive(server))
    try:
        yield
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        server.stop()


async def revive(server: embedded.Server) -> None:
    """Look after a server until cancelled."""
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            if await asyncio.to_thread(server.revive):
                log.warning("database started again")
        except (StoreUnavailable, OSError) as error:
            # Processes of the dead server may still be on their way out.
            log.warning("database is gone", reason=str(error))


@asynccontextmanager
async def open_hub(settings: Settings, *, connections: int = 10) -> AsyncIterator[Store]:
    """Open the store, bring its tables up to date and apply the sources and routes of the settings.

    Leaving it in any way, also by cancellation, leaves the built-in server; the process must turn a signal into one.
    """
    with database(settings) as address:
        async with open_store(address, connections=connections) as store:
            await migrate(store)
            await make_queue(store)
            await ensure_sources(store, settings)
            await ensure_routes(store, settings)
            yield store


@asynccontextmanager
async def working(store: Store, settings: Settings, *, concurrency: int = 4) -> AsyncIterator["Queue"]:
    """Run a worker and, while no other process does, the clock, for as long as the block runs; lend the queue.

    The built-in server is started again when it is gone. On leaving, nothing new is begun and jobs under way get 20 s.
    """
    from jobs.queue import open_queue
    from jobs.scheduler import keep_time

    async with standing(store.address, settings), open_queue(store, settings, connections=concurrency + 3) as queue:
        tasks = [
            asyncio.create_task(queue.work(concurrency=concurrency)),
            asyncio.create_task(keep_time(queue, settings.scans)),
        ]
        try:
            yield queue
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
