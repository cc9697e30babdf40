"""channelhub sources."""

from typing import Annotated, Any

import typer

from hub.settings import Settings
from jobs.cli import run, settings


def sources(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False) -> None:
    """List the sources, how far they have read and how the latest runs ended.

    Example: channelhub sources
    """
    found = run(listed(settings()))
    if as_json:
        import json

        typer.echo(json.dumps(found, default=str, ensure_ascii=False))
        return
    if not found:
        typer.echo("There is no source yet; add a [[source]] to channelhub.toml or run `channelhub import DIR`.")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("source", "connector", "state", "schedule", "latest run", "records", "open rejects", box=None)
    for row in found:
        cells = (row["name"], row["connector"], row["state"], row["schedule"] or "-", row["latest_run"] or "never")
        table.add_row(*cells, f"{row['records']:,}", f"{row['open_rejects']:,}")
    Console().print(table)


async def listed(settings: Settings) -> list[dict[str, Any]]:
    """Return the sources as the store knows them."""
    from hub.store.statements import statement
    from jobs.hub import open_hub

    async with open_hub(settings, connections=2) as store, store.connection() as connection:
        return [dict(row) for row in await connection.fetch(statement("job", "sources").sql)]
