"""Bring the database's tables to what this version needs."""

from tortoise.migrations.api.migrate import migrate as tortoise_migrate

from hub.store.database import Connection, Store, tortoise_config

# Any number of processes may start at once; one of them migrates, the others wait and find nothing to do.
LOCK = 7_310_001


async def migrate(store: Store) -> list[str]:
    """Apply what is missing; return the names of the migrations applied now."""
    async with store.connection() as guard:
        await guard.execute("SELECT pg_advisory_lock($1)", LOCK)
        try:
            before = await applied(guard)
            await tortoise_migrate(config=tortoise_config(store.address))
            return [name for name in await applied(guard) if name not in before]
        finally:
            await guard.execute("SELECT pg_advisory_unlock($1)", LOCK)


async def applied(connection: Connection) -> list[str]:
    """Return the names of the migrations this database has, oldest first."""
    if await connection.fetchval("SELECT to_regclass('tortoise_migrations')") is None:
        return []
    return [row["name"] for row in await connection.fetch("SELECT name FROM tortoise_migrations ORDER BY id")]
