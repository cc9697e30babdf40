"""channelhub check."""

from typing import TYPE_CHECKING, Annotated

import typer

from hub.settings import Settings
from jobs.cli import run, settings

if TYPE_CHECKING:
    from connectors import Catalog, CheckResult

LIMIT_S = 60


def check(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A source of channelhub.toml.")],
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
    """Ask the source. Raises SourceDown when it has not answered within a minute."""
    import asyncio

    from hub.errors import SourceDown
    from jobs.hub import open_hub
    from jobs.sources import open_source, source_settings

    async with open_hub(settings, connections=2) as store:
        one = await source_settings(store, settings, name)
        async with open_source(store, settings, one) as source:
            try:
                async with asyncio.timeout(LIMIT_S):
                    result = await source.connector.check(source.context)
                    return result, await source.connector.discover(source.context)
            except TimeoutError:
                late = f"{name} has not answered within {LIMIT_S} s; see whether it is up, then try again."
                raise SourceDown(late) from None
