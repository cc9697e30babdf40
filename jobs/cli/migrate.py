"""channelhub migrate."""

from typing import Annotated

import typer

from jobs.cli import run, settings


def migrate(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Bring the database's tables to what this version needs. Every other command does so too.

    Example: channelhub migrate
    """
    import json

    applied = run(migrated())
    if as_json:
        typer.echo(json.dumps({"applied": applied}))
    elif applied:
        typer.echo(f"Applied {', '.join(applied)}.")
    else:
        typer.echo("The database is up to date.")


async def migrated() -> list[str]:
    """Apply what is missing and return its names."""
    from hub.store.database import open_store
    from hub.store.migrate import migrate as apply
    from jobs import queue
    from jobs.hub import database

    with database(settings()) as address:
        async with open_store(address, connections=2) as store:
            return [*await apply(store), *await queue.migrate(store)]
