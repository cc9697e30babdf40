"""channelhub replay."""

from typing import TYPE_CHECKING, Annotated

import typer

from hub.settings import Settings
from jobs.cli import run, settings

if TYPE_CHECKING:
    from jobs.replay import Replayed


def replay(
    source: Annotated[str | None, typer.Argument(metavar="[SOURCE]", help="A source; else all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Map the stored payloads again, without asking the source, after a mapping or a reference was mended.

    Example: channelhub replay shop
    """
    done = run(replayed(settings(), source))
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(done))
        return
    for one in done:
        said = f"{one.counts.read:,} read, {one.counts.changed:,} changed, {one.counts.rejected:,} set aside"
        typer.echo(f"{one.source}, {one.stream}: {said}")
    if not done:
        typer.echo("Nothing is stored yet.")


async def replayed(settings: Settings, source: str | None) -> "list[Replayed]":
    """Replay in this process."""
    from jobs.hub import open_hub
    from jobs.replay import replay

    async with open_hub(settings, connections=4) as store:
        return await replay(store, settings, source)
