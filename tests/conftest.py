"""A PostgreSQL for the whole run, a migrated database of its own for each test."""

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from hub.store.database import Store, models, open_store
from hub.store.embedded import SETTINGS, Server, digest, server
from hub.store.migrate import migrate
from tests.kept import TEMPLATE, Kept, statement

# The suite says yes or no to a change, the same for the same code; `make soak` draws new examples every time.
settings.register_profile("gate", derandomize=True)


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """What a command sets of the log it sets for the whole process; the next test begins without it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


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


@pytest.fixture(scope="session")
async def kept(postgres: Server) -> AsyncIterator[Kept]:
    """A database for test after test: making one and getting to know it takes most of a test's time."""
    one = Kept(postgres)
    yield one
    await one.close()


@pytest.fixture
async def address(kept: Kept) -> AsyncIterator[str]:
    """The address of a migrated, empty database."""
    yield await kept.lend()
    await kept.clear()


@pytest.fixture
async def store(kept: Kept, address: str) -> AsyncIterator[Store]:
    """An open, empty store."""
    async with models(address):
        yield Store(address, kept.pool)


@pytest.fixture
def home(open_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub's home of its own, known to the settings."""
    monkeypatch.setenv("CHANNELHUB_HOME", str(open_home))
    monkeypatch.chdir(open_home)
    return open_home
