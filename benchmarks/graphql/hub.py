"""The hub as it serves: `python -m benchmarks.graphql.hub ADDRESS`."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import get_args

import structlog

from benchmarks.graphql.serving import CONNECTIONS, serve
from hub.settings import Allowance, CostSettings, Role, ServerSettings, Settings
from hub.store.database import open_store
from jobs.desk import Desk
from jobs.serve import listen
from schema.app import Hub, create_app

# More than anybody can ask for: what is measured is the answer, not the wait for it.
BOUNDLESS = CostSettings(roles=dict.fromkeys(get_args(Role), Allowance(points=10**12)))


class Nobody:
    """Stands where the queue stands: nothing here asks for work."""

    async def defer_sync(self, run_ids: Sequence[int]) -> None:
        """Do nothing."""

    async def defer_detect(self, *, full: bool = False) -> None:
        """Do nothing."""

    async def defer_backtest(self) -> None:
        """Do nothing."""

    async def sheet_source(self, name: str) -> int:
        """Know none."""
        raise LookupError(name)

    async def defer_check(self) -> None:
        """Do nothing."""


async def main(address: str) -> None:
    """Serve until the input ends."""

    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[Hub]:
        async with open_store(address, connections=CONNECTIONS) as store:
            yield Hub(store, Nobody(), Desk(store, settings))

    settings = Settings(home=Path(), database_url=address, server=ServerSettings(production=True, cost=BOUNDLESS))
    await serve(create_app(settings, opened), listen("127.0.0.1", 0))


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    asyncio.run(main(sys.argv[1]))
