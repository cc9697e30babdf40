from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import asyncpg
import pytest

from hub.store.embedded import Server


@pytest.fixture
async def new_database(postgres: Server) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Make a migrated database for each call; all of them go at the end."""
    names: list[str] = []
    connection = await asyncpg.connect(postgres.database("postgres"))

    async def make() -> str:
        names.append(f"test_{uuid4().hex[:12]}")
        await connection.execute(f"CREATE DATABASE {names[-1]} TEMPLATE hub_template STRATEGY file_copy")
        return postgres.database(names[-1])

    yield make
    for name in names:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()
