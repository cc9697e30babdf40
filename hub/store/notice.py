"""Hear what other processes tell through the database: NOTIFY."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

import asyncpg
import structlog

from hub.store.database import Connection, Store

log = structlog.get_logger(__name__)

RETRY_S = 1.0


async def listen(store: Store, hearers: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
    """Call the hearer of a channel after notices, once for any number of them, until cancelled; holds one connection.

    Notices are lost while the connection is down. So every hearer is also called when it stands, at first and again:
    a notice says that something changed, and the hearer looks for itself.
    """
    while True:
        try:
            async with store.connection() as connection, ear(connection, hearers) as notices:
                for hearer in hearers.values():
                    await hearer()
                while (channel := await notices.get()) is not None:
                    heard = {channel, *(notices.get_nowait() for _ in range(notices.qsize()))}
                    for name in hearers:
                        if name in heard:
                            await hearers[name]()
                    if None in heard:
                        break
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("notices cannot be heard", reason=type(error).__name__)
        await asyncio.sleep(RETRY_S)


@asynccontextmanager
async def ear(connection: Connection, channels: Iterable[str]) -> AsyncIterator["asyncio.Queue[str | None]"]:
    """Lend the names of the channels as their notices come, and None when the connection ended."""
    names = tuple(channels)
    notices: asyncio.Queue[str | None] = asyncio.Queue()

    def notice(_connection: object, _process: int, channel: str, _payload: str) -> None:
        notices.put_nowait(channel)

    def ended(_connection: object) -> None:
        notices.put_nowait(None)

    connection.add_termination_listener(ended)
    for name in names:
        await connection.add_listener(name, notice)
    try:
        yield notices
    finally:
        if not connection.is_closed():
            connection.remove_termination_listener(ended)
            for name in names:
                await connection.remove_listener(name, notice)
