"""Bring the database's tables to what this version needs."""

import asyncio
import sys
from pkgutil import iter_modules

from tortoise.migrations.api.migrate import migrate as tortoise_migrate

from hub.errors import StoreUnavailable
from hub.store import migrations
from hub.store.change import watch
from hub.store.database import Connection, Store, tortoise_config

# Any number of processes may start at once; one of them migrates, the others wait and find nothing to do.
LOCK = 7_310_001


async def migrate(store: Store) -> list[str]:
    """Apply what is missing; return the names of the migrations applied now. Raises StoreUnavailable.

    In a process of its own: Tortoise builds every model of every step, which would double the memory of a sync.
    """
    async with store.connection() as guard:
        await guard.execute("SELECT pg_advisory_lock($1)", LOCK)
        try:
            missing = [name for name in names() if name not in await applied(guard)]
            if missing:
                await apart(store.address)
            # Each time: whoever was stopped after migrating left this to be done.
            await watch(guard)
            return missing
        finally:
            await guard.execute("SELECT pg_advisory_unlock($1)", LOCK)


async def apart(address: str) -> None:
    """Migrate in a process of its own; the address goes by its input, since it may hold a password."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    _, errors = await process.communicate(address.encode())
    if process.returncode != 0:
        last = errors.decode(errors="replace").strip().rpartition("\n")[2]
        raise StoreUnavailable(f"The tables could not be brought up to date: {last}")


async def applied(connection: Connection) -> list[str]:
    """Return the names of the migrations this database has, oldest first."""
    if await connection.fetchval("SELECT to_regclass('tortoise_migrations')") is None:
        return []
    return [row["name"] for row in await connection.fetch("SELECT name FROM tortoise_migrations ORDER BY id")]


def names() -> list[str]:
    """Return the names of all migrations, oldest first."""
    return sorted(module.name for module in iter_modules(migrations.__path__))


if __name__ == "__main__":
    asyncio.run(tortoise_migrate(config=tortoise_config(sys.stdin.read())))
