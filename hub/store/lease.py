"""One leader among many processes, by an advisory lock that dies with its connection."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg

from hub.store.database import Store

POLL_S = 1.0


async def lead(store: Store, lock: int, reign: Callable[[], Awaitable[None]], *, poll_s: float = POLL_S) -> None:
    """Run `reign` for as long as this process holds the lock, whenever it does; never returns by itself.

    When the connection dies, and with it the lock, `reign` is cancelled: another may lead already.
    """
    while True:
        # The database may go away; whoever is first when it is back leads.
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await lead_once(store, lock, reign, poll_s)
        await asyncio.sleep(poll_s)


async def lead_once(store: Store, lock: int, reign: Callable[[], Awaitable[None]], poll_s: float) -> None:
    """Wait for the lock, run `reign` until it ends or the connection dies, and give the lock back."""
    # Not from the pool: a leader keeps it for days.
    connection = await asyncpg.connect(store.address)
    try:
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        # Asked again and again: a statement that waits for days would keep vacuum from its work.
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", lock):  # noqa: ASYNC110
            await asyncio.sleep(poll_s)
        reigning = asyncio.ensure_future(reign())
        losing = asyncio.create_task(lost.wait())
        try:
            done, _ = await asyncio.wait((reigning, losing), return_when=asyncio.FIRST_COMPLETED)
            if reigning in done:
                await reigning
        finally:
            losing.cancel()
            reigning.cancel()
            await asyncio.gather(reigning, losing, return_exceptions=True)
    finally:
        await connection.close(timeout=5)
