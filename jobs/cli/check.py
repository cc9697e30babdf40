"""channelhub check."""

from typing import TYPE_CHECKING, Annotated

import typer

from hub.settings import Settings
from jobs.cli import run, settings

if TYPE_CHECKING:
    from connectors import Catalog, CheckResult


def check(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A source of channelhub.toml or of the API.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Try a source: can we log in, may we read each stream, what does it hold? Nothing is stored or changed.

    Example: channelhub check shop
    """
    result, catalog = run(checked(settings(), source))
    if as_json:
        import msgspec

        plain = {"account": result.account, "missing": result.missing, "streams": catalog.streams, "counts": catalog.counts}
        typer.echo(msgspec.json.encode(plain))
    else:
        typer.echo(f"{source} answers as {result.account}.")
        for stream in catalog.streams:
            count = catalog.counts.get(stream)
            typer.echo(f"  {stream}" + ("" if count is None else f": {count:,} records"))
        for sentence in result.missing:
            typer.echo(sentence)
    raise typer.Exit(1 if result.missing else 0)


async def checked(settings: Settings, name: str) -> "tuple[CheckResult, Catalog]":
    """Ask the source."""
    from jobs.check import check_source
    from jobs.hub import open_hub

    async with open_hub(settings, connections=2) as store:
        return await check_source(store, settings, name)
