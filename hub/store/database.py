"""The one way in: a pool of asyncpg connections for sets, Tortoise for a plain look-up, both on one address."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import orjson
from tortoise import Tortoise
from tortoise.exceptions import DBConnectionError

from hub.errors import StoreUnavailable

Connection: TypeAlias = asyncpg.Connection
Pool: TypeAlias = asyncpg.Pool

# What callers have to tell apart, without knowing the driver.
AlreadyThere = asyncpg.UniqueViolationError
# Two transactions waited for each other and this one was ended, whole: once more, and it finds the way free.
Deadlock = asyncpg.DeadlockDetectedError
NO_ROOM = (asyncpg.DiskFullError, asyncpg.OutOfMemoryError)
# The connection was cut, or is asked for something after that.
LOST = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError, DBConnectionError)
# What ends a statement that is itself in order: others at work, somebody who stops it, the server, the way to it.
NOT_ITS_FAULT = (
    *LOST,
    OSError,
    asyncpg.TransactionRollbackError,
    asyncpg.OperatorInterventionError,
    asyncpg.LockNotAvailableError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
)

MODELS = [
    f"hub.store.{noun}"
    for noun in (
        "source", "sync_run", "raw", "identity", "dirty", "region", "partner", "customer", "product", "inventory", "serial",
        "order", "trade", "offer", "territory", "price_policy", "promotion", "deal", "claim", "fx", "policy", "conflict",
        "attachment", "audit", "approval", "alert", "alert_route", "digest", "user", "token", "event", "given_answer",
        "backtest", "unit_mapping", "evidence", "trusted_document", "change", "sheet_upload", "connector", "source_check",
    )
]  # fmt: skip


def tortoise_config(address: str) -> dict[str, Any]:
    """Return Tortoise's configuration for an address; a unix socket stands in `?host=`."""
    parts = urlsplit(address)
    query = parse_qs(parts.query)
    credentials = {
        "host": query.get("host", [parts.hostname])[0],
        "port": parts.port or 5432,
        "user": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "database": parts.path.lstrip("/"),
        "minsize": 0,
        "maxsize": 4,
    }
    return {
        "connections": {"default": {"engine": "tortoise.backends.asyncpg", "credentials": credentials}},
        "apps": {"hub": {"models": MODELS, "default_connection": "default", "migrations": "hub.store.migrations"}},
        "use_tz": True,
        "timezone": "UTC",
    }


class Session(asyncpg.Connection):  # type: ignore[misc]
    """A connection of the pool. Between two that borrow it what one has set is taken back, in a statement of its own.

    That is left out once after `untouched`, by whom nothing was set.
    """

    as_it_was = False

    def untouched(self) -> None:
        """Say that nothing was set on the connection."""
        self.as_it_was = True

    def get_reset_query(self) -> str:
        """Return what takes back everything that was set."""
        if self.as_it_was:
            self.as_it_was = False
            return ""
        return str(super().get_reset_query())


class Store:
    """An open database."""

    def __init__(self, address: str, pool: Pool) -> None:
        self.address = address
        self.pool = pool

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection."""
        async with self.pool.acquire() as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """Lend a connection for statements that set nothing: it goes back without being asked for what is left of them."""
        async with self.pool.acquire() as connection:
            yield connection
            connection.untouched()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a connection inside a transaction that commits when the block ends well."""
        async with self.pool.acquire() as connection, connection.transaction():
            yield connection

    async def answers(self) -> bool:
        """Say whether the database answers within two seconds."""
        try:
            async with asyncio.timeout(2), self.pool.acquire() as connection:
                return bool(await connection.fetchval("SELECT true"))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False


# Day 0 of PostgreSQL, counted as Python counts, and how far its last days may lie.
FIRST_DAY = date(2000, 1, 1).toordinal()
EARLIEST, LATEST = date.min.toordinal() - FIRST_DAY, date.max.toordinal() - FIRST_DAY


async def prepare(connection: Connection) -> None:
    """Give a connection the hub's codecs: json as Python values, both ways, and in binary so that COPY takes them too.

    The last day of all, which many write for "without end", stays the day it is: the driver would make it infinity.
    """
    await connection.set_type_codec(
        "date",
        schema="pg_catalog",
        format="tuple",
        encoder=lambda day: (day.toordinal() - FIRST_DAY,),
        decoder=lambda days: date.fromordinal(min(max(days[0], EARLIEST), LATEST) + FIRST_DAY),
    )
    await connection.set_type_codec("json", schema="pg_catalog", format="binary", encoder=orjson.dumps, decoder=orjson.loads)
    # jsonb travels as a version byte and the text.
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + orjson.dumps(value),
        decoder=lambda data: orjson.loads(data[1:]),
    )


@asynccontextmanager
async def open_store(address: str, *, connections: int = 10) -> AsyncIterator[Store]:
    """Open the database for as long as the block runs. Raises StoreUnavailable when it cannot be reached."""
    try:
        pool = await asyncpg.create_pool(
            address, min_size=1, max_size=connections, init=prepare, connection_class=Session, command_timeout=None
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise StoreUnavailable(
            f"The database cannot be reached: {error or type(error).__name__}. "
            "Check CHANNELHUB_DATABASE_URL, or unset it to use the built-in PostgreSQL."
        ) from error
    try:
        async with models(address):
            yield Store(address, pool)
    finally:
        await pool.close()


# The address of each block that uses the models now.
users_of_models: list[str] = []


@asynccontextmanager
async def models(address: str) -> AsyncIterator[None]:
    """Connect the models for as long as a block runs; the command and the web application of one process share them."""
    first, shared = not users_of_models, address in users_of_models
    users_of_models.append(address)
    try:
        if not shared:
            # Tortoise remembers its connections per context; handlers of a web server run in contexts of their own.
            await Tortoise.init(config=tortoise_config(address), _enable_global_fallback=first)
        yield
    finally:
        users_of_models.remove(address)
        if address not in users_of_models:
            await Tortoise.close_connections()
