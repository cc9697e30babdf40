"""channelhub alerts: what was told to whom, and whether a route works."""

from typing import Annotated, Any

import typer

from hub.settings import Settings
from jobs.cli import run, settings

alerts = typer.Typer(help="Alerts: what was told to whom, and whether a route works.", no_args_is_help=True)


@alerts.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the latest first.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """List the latest alerts and what became of their messages.

    Example: channelhub alerts list
    """
    found = run(listed(settings(), limit))
    if as_json:
        import json

        typer.echo(json.dumps(found, default=str, ensure_ascii=False))
        return
    if not found:
        typer.echo("There is no alert yet.")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("case", "rule", "reason", "severity", "state", "raised", "messages", box=None)
    for row in found:
        messages = ", ".join(f"{many} {state}" for state, many in row["deliveries"].items()) or "none"
        raised = f"{row['raised_at']:%Y-%m-%d %H:%M}"
        table.add_row(str(row["case"]), row["rule"], row["reason"], row["severity"], row["state"], raised, messages)
    Console().print(table)


@alerts.command("test")
def try_(
    route: Annotated[str, typer.Argument(metavar="ROUTE", help="A route of channelhub.toml or of the API.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Send a test message by a route, now, to everybody it names; exit code 1 when somebody did not get it.

    Example: channelhub alerts test north
    """
    outcome = run(tried(settings(), route))
    if as_json:
        import json

        typer.echo(json.dumps(outcome, ensure_ascii=False))
    else:
        for recipient, error in outcome.items():
            typer.echo(f"{recipient}: {error or 'accepted'}")
    raise typer.Exit(1 if any(outcome.values()) else 0)


async def listed(settings: Settings, limit: int) -> list[dict[str, Any]]:
    """Return the latest alerts as the store knows them."""
    from hub.store.statements import prepared
    from jobs.hub import open_hub

    async with open_hub(settings, connections=2) as store, store.connection() as connection:
        return [dict(row) for row in await connection.fetch(*prepared("job", "alerts", many=limit))]


async def tried(settings: Settings, route: str) -> dict[str, str | None]:
    """Send the message."""
    from jobs.hub import open_hub
    from jobs.trial import try_route

    async with open_hub(settings, connections=2) as store:
        return await try_route(store, settings, route)
