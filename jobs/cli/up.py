"""channelhub up."""

from typing import Annotated

import typer

from hub.settings import Settings
from jobs.cli import keep_log, run, settings


def up(
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port of the API; 0 takes a free one.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="How many jobs run at once here.")] = 4,
) -> None:
    """Run the hub: API, clock and worker in one process, until Ctrl-C or SIGTERM.

    Without configuration it is an empty hub with a PostgreSQL of its own.

    Example: channelhub up --port 8480
    """
    keep_log()
    run(serving(settings(), port, concurrency))


async def serving(settings: Settings, port: int | None, concurrency: int) -> None:
    """Serve until cancelled."""
    from jobs.hub import open_hub, working
    from jobs.serve import listen, serve, url

    door = listen(settings.server.host, settings.server.port if port is None else port)

    def ready() -> None:
        typer.echo(f"Channelhub answers at {url(door)}/graphql; press Ctrl-C to stop.")
        if not settings.server.production:
            typer.echo(f"A page for asking is at {url(door)}/graphiql; it wants a token of `channelhub token create`.")

    with door:
        async with open_hub(settings) as store, working(store, settings, concurrency=concurrency):
            await serve(door, ready)
