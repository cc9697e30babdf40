"""channelhub worker."""

from typing import Annotated

import typer

from hub.settings import Settings
from jobs.cli import keep_log, run, settings


def worker(concurrency: Annotated[int, typer.Option(min=1, max=64, help="How many jobs run at once here.")] = 4) -> None:
    """Run one more worker beside `channelhub up`, on this machine or another, until Ctrl-C or SIGTERM.

    On another machine set CHANNELHUB_DATABASE_URL to the common PostgreSQL.

    Example: channelhub worker --concurrency 8
    """
    keep_log()
    run(waiting(settings(), concurrency))


async def waiting(settings: Settings, concurrency: int) -> None:
    """Work until cancelled."""
    import asyncio

    from jobs.hub import open_hub, working

    async with open_hub(settings) as store, working(store, settings, concurrency=concurrency):
        typer.echo("The worker waits for jobs; press Ctrl-C to stop.")
        await asyncio.Event().wait()
