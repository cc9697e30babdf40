"""channelhub cases: which cases there are, and what was done on one."""

from typing import Annotated, Any

import typer

from hub.settings import Settings
from jobs.cli import run, settings

cases = typer.Typer(help="Cases: which there are, and what was done on one.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]
OPEN = ("detected", "triaged", "reported", "investigating", "negotiating", "mediation", "arbitration")


@cases.command("list")
def list_(
    state: Annotated[list[str] | None, typer.Option(metavar="STATE", help="Only in this step; may be repeated.")] = None,
    assignee: Annotated[str | None, typer.Option(metavar="EMAIL", help="Only those this user works on.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the cases, due first; without --state those that are open.

    Example: channelhub cases list --state investigating --assignee li@example.com
    """
    for one in state or ():
        if one not in (*OPEN, "closed"):
            raise typer.BadParameter(f"{one} is none of {', '.join((*OPEN, 'closed'))}", param_hint="--state")
    rows = run(listed(settings(), state or list(OPEN), assignee))
    if as_json:
        say(rows)
        return
    if not rows:
        typer.echo("There is no such case.")
        return
    from rich.console import Console
    from rich.table import Table

    names = ("number", "state", "rule", "partner", "affected", "region", "month", "score", "assignee", "due_at")
    table = Table(*names, box=None)
    for row in rows:
        table.add_row(*("-" if row[name] is None else str(row[name]) for name in names))
    Console().print(table)


@cases.command()
def show(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The number of the case.")], as_json: AsJson = False
) -> None:
    """Show one case with every step of it, oldest first."""
    case = run(shown(settings(), number))
    if as_json:
        say(case)
        return
    steps = case.pop("steps")
    for name, value in case.items():
        if value is not None:
            typer.echo(f"{name}: {value}")
    for step in steps:
        moved = f" {step['from_state'] or '-'} > {step['to_state']}" if step["to_state"] else ""
        said = f": {step['comment']}" if step["comment"] else ""
        typer.echo(f"  {step['occurred_at']}  {step['actor'] or 'the hub'}  {step['kind']}{moved}{said}")


def say(value: Any) -> None:
    """Print one JSON value."""
    import json

    typer.echo(json.dumps(value, default=str, ensure_ascii=False))


async def listed(settings: Settings, states: list[str], assignee: str | None) -> list[dict[str, Any]]:
    """Return the cases in some steps, of one user if one is named."""
    from hub.cases.case import act
    from jobs.hub import open_hub

    values = {"states": states, "assignee": assignee and assignee.strip().lower(), "number": None}
    async with open_hub(settings, connections=2) as store, store.connection() as connection:
        return [dict(row) for row in await act(connection, "overview", values)]


async def shown(settings: Settings, number: int) -> dict[str, Any]:
    """Return a case with its steps. Raises NeedsPerson when there is none."""
    from hub.cases.case import act
    from hub.errors import NeedsPerson
    from jobs.hub import open_hub

    values = {"states": [*OPEN, "closed"], "assignee": None, "number": number}
    async with open_hub(settings, connections=2) as store, store.connection() as connection:
        rows = await act(connection, "overview", values)
        if not rows:
            raise NeedsPerson(f"There is no case {number}; `channelhub cases list` shows those there are.")
        steps = await act(connection, "log", {"number": number})
        return {**dict(rows[0]), "steps": [dict(step) for step in steps]}
