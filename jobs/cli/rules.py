"""channelhub rules."""

from typing import TYPE_CHECKING, Annotated

import typer

from hub.settings import Settings
from jobs.cli import run, settings

if TYPE_CHECKING:
    from hub.cases.precision import Measured


def rules(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False) -> None:
    """List the rules: their thresholds today, how often people confirmed their cases, and what that speaks for changing.

    Example: channelhub rules --json
    """
    found = run(measured(settings()))
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(found))
        return
    for rule in found:
        closed = rule.confirmed + rule.dismissed
        agreed = "nothing closed yet" if rule.precision is None else f"precision {rule.precision} of {closed} closed"
        typer.echo(f"{rule.rule}  {agreed}")
        if rule.failure:
            typer.echo(f"    failed: {rule.failure}")
        for name, value in rule.thresholds.items():
            typer.echo(f"    {name} = {value}")
        for reason, number in rule.dismissals.items():
            typer.echo(f"    dismissed as {reason}: {number}")
        for one in rule.suggestions:
            typer.echo(f"    {one.explanation}")


async def measured(settings: Settings) -> "list[Measured]":
    """Return the rules as people judged them up to now."""
    from hub.cases.precision import measure
    from hub.clock import now
    from hub.conflicts.policy import read_policies
    from jobs.hub import open_hub

    async with open_hub(settings, connections=2) as store, store.connection() as connection:
        at = now()
        return await measure(connection, await read_policies(connection, at), at)
