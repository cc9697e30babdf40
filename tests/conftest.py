"""A PostgreSQL for the whole run, a migrated database of its own for each test."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from hub.store.database import Store, open_store
from hub.store.embedded import Server, server
from hub.store.migrate import migrate

TEMPLATE = "hub_template"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all workers; the last worker out stops it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    major = int(os.environ.get("CHANNELHUB_TEST_POSTGRES", "18"))
    one = server(shared / "hub", major)
    one.start()
    try:
        with (shared / "template").open("ab") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            if turn.tell() == 0:
                asyncio.run(make_template(one))
                turn.write(b"made")
        yield one
    finally:
        one.stop()


async def make_template(one: Server) -> None:
    """Migrate one database that the tests copy."""
    await statement(one, f"CREATE DATABASE {TEMPLATE}")
    async with open_store(one.database(TEMPLATE), connections=2) as store:
        await migrate(store)


async def statement(one: Server, sql: str) -> None:
    """Run one statement outside of any test's database."""
    connection = await asyncpg.connect(one.database("postgres"))
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@pytest.fixture
async def address(postgres: Server) -> AsyncIterator[str]:
    """The address of a migrated, empty database."""
    name = f"test_{uuid4().hex[:12]}"
    await statement(postgres, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    yield postgres.database(name)
    await statement(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def store(address: str) -> AsyncIterator[Store]:
    """An open, empty store."""
    async with open_store(address, connections=5) as opened:
        yield opened


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub's home of its own, known to the settings."""
    monkeypatch.setenv("CHANNELHUB_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path
