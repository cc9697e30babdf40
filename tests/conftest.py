"""A PostgreSQL for the whole run, a migrated database of its own for each test."""

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from hub.store.database import Store, open_store
from hub.store.embedded import SETTINGS, Server, digest, server
from hub.store.migrate import migrate

TEMPLATE = "hub_template"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all workers; the last worker out stops it and leaves nothing behind."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    # Not below pytest's own folder, which other users may not pass: as root the server is one.
    home = Path(tempfile.gettempdir()) / f"channelhub-tests-{os.geteuid()}-{digest(shared)}"
    major = int(os.environ.get("CHANNELHUB_TEST_POSTGRES", "18"))
    # What a test stores need not outlive the machine.
    hasty = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
    one = replace(server(home, major), settings=(*SETTINGS, *hasty))
    one.start()
    try:
        with (home / "template").open("ab") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            if turn.seek(0, os.SEEK_END) == 0:
                asyncio.run(make_template(one))
                turn.write(b"made")
        yield one
    finally:
        one.stop()
        if not (one.folder / "data" / "postmaster.pid").exists():
            shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def open_home() -> Iterator[Path]:
    """A folder that every user may pass, so that as root a server of its own lies inside it and goes with it."""
    with tempfile.TemporaryDirectory(prefix="channelhub-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


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
def home(open_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub's home of its own, known to the settings."""
    monkeypatch.setenv("CHANNELHUB_HOME", str(open_home))
    monkeypatch.chdir(open_home)
    return open_home
