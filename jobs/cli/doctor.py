"""channelhub doctor."""

from typing import Annotated

import typer

from hub.settings import Settings
from jobs.cli import run


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Say in sentences what is wrong with this installation; exit code 1 when something is.

    Example: channelhub doctor
    """
    wrong = examined()
    if as_json:
        import json

        typer.echo(json.dumps({"ok": not wrong, "wrong": wrong}, ensure_ascii=False))
    else:
        for sentence in wrong or ["Nothing is wrong."]:
            typer.echo(sentence)
    raise typer.Exit(1 if wrong else 0)


def examined() -> list[str]:
    """Look everywhere; what cannot be looked into because of an earlier finding is left out."""
    from hub.errors import HubError
    from hub.settings import read_settings
    from jobs.doctor import unfit, unloadable, unproven, unreachable
    from jobs.names import refuse

    wrong = []
    try:
        refuse()
    except HubError as error:
        wrong.append(str(error))
    wrong += unloadable()
    try:
        settings = read_settings()
        wrong += unfit(settings) + unreachable(settings)
        wrong += run(unproven(settings))
        wrong += run(ailed(settings))
    except HubError as error:
        wrong.append(str(error))
    return wrong


async def ailed(settings: Settings) -> list[str]:
    """Ask the store."""
    from jobs.doctor import ailing
    from jobs.hub import open_hub

    async with open_hub(settings, connections=2) as store:
        return await ailing(store)
