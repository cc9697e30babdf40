"""The demo's trade in a hub of its own, for whoever asks it as a client would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from rich.console import Console

from hub.clock import now
from hub.store.database import Store, open_store
from hub.store.embedded import Server
from jobs.demo.folder import write_folder
from jobs.demo.plants import make_trade
from jobs.demo.run import SEED, Watchman, configure, look, open_sandbox
from jobs.routes import ensure_routes
from jobs.sources import ensure_sources
from schema.root import build_schema
from tests.kept import TEMPLATE, statement
from tests.web import Client, web


@asynccontextmanager
async def copied(server: Server, template: str) -> AsyncIterator[str]:
    """Lend a copy of a database by its name."""
    name = f"demo_{uuid4().hex[:12]}"
    await statement(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    try:
        yield name
    finally:
        await statement(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
async def traded(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A database into which the demo's sources were read and judged, with a smaller trade around the same plants."""
    home = tmp_path_factory.mktemp("demo")
    async with copied(postgres, TEMPLATE) as name:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("CHANNELHUB_HOME", str(home))
            environment.setenv("CHANNELHUB_CONFIG", str(home / "channelhub.toml"))
            await trade(home, postgres.database(name))
        yield name


async def trade(home: Path, address: str) -> None:
    """Read the demo's sources and look for conflicts."""
    made = make_trade(SEED, now().date(), scale=0.05)
    write_folder(made.world, home / "sheets")
    quiet = Console(quiet=True)
    async with open_sandbox(made) as sandbox, open_store(address) as store:
        settings = configure(home, sandbox)
        await ensure_sources(store, settings)
        await ensure_routes(store, settings)
        verdict, _ = await look(store, settings, made, quiet, Watchman(quiet))
        assert verdict.good


@pytest.fixture
async def store(postgres: Server, traded: str) -> AsyncIterator[Store]:
    """An open store with the demo's trade in it."""
    async with copied(postgres, traded) as name, open_store(postgres.database(name)) as opened:
        yield opened


@pytest.fixture
async def demo(store: Store) -> AsyncIterator[Client]:
    """A client of a hub with the demo's trade."""
    async with web(store, build_schema()) as client:
        yield client
