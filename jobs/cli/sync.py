"""channelhub sync."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.settings import Settings
from jobs.cli import MISTAKE, run, settings, told

if TYPE_CHECKING:
    from jobs.sync import Outcome, Progress


def sync(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A source of channelhub.toml or of the API.")],
    stream: Annotated[list[str] | None, typer.Option(help="Only this stream; may be repeated.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything the source has, to find what is gone.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Bring a source up to date, here and now.

    Example: channelhub sync shop --stream orders
    """
    code = tell(run(synced(settings(), source, stream, full)), as_json)
    raise typer.Exit(code)


async def synced(settings: Settings, source: str, streams: list[str] | None, full: bool) -> "list[Outcome]":
    """Sync in this process."""
    from hub.records.message import SyncMode
    from jobs.hub import open_hub
    from jobs.sync import sync_source

    mode = SyncMode.RECONCILE if full else SyncMode.INCREMENTAL
    async with open_hub(settings, connections=4) as store:
        with watching() as watch:
            return await sync_source(store, settings, source, streams, mode, watch)


@contextmanager
def watching() -> "Iterator[Callable[[Progress], None]]":
    """Show one bar for each stream with its rate and the time left; nothing where nobody looks on."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[records]:,} records"),
        TextColumn("{task.fields[rate]:,.0f}/s"), TimeElapsedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    console = Console(stderr=True)
    with Bars(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks: dict[tuple[str, str], Any] = {}

        def watch(progress: "Progress") -> None:
            key = (progress.source, progress.stream)
            if not progress.counts.read:
                return
            if key not in tasks:
                tasks[key] = bars.add_task(progress.stream, total=None, records=0, rate=0.0)
            seconds = bars.tasks[bars.task_ids.index(tasks[key])].elapsed or 1.0
            read = progress.counts.read
            bars.update(tasks[key], completed=progress.done, total=progress.expected, records=read, rate=read / seconds)

        yield watch


def tell(outcomes: "list[Outcome]", as_json: bool) -> int:
    """Print how the runs ended and return the exit code: 0 when all went well, 2 when a person has to act."""
    ok = all(outcome.ok for outcome in outcomes)
    if as_json:
        import json

        runs = [told_of(outcome) for outcome in outcomes]
        totals = {name: sum(one["counts"][name] for one in runs) for name in (runs[0]["counts"] if runs else ())}
        typer.echo(json.dumps({"ok": ok, **totals, "runs": runs}, default=str, ensure_ascii=False))
    else:
        for line in lines(outcomes):
            typer.echo(line)
    for outcome in outcomes:
        if not outcome.ok:
            told(outcome.error or f"The run of {outcome.stream} ended as {outcome.state}.", MISTAKE)
    return 0 if ok else MISTAKE


def lines(outcomes: "list[Outcome]") -> list[str]:
    """Return a line for each run that has something to say."""
    said = []
    for outcome in outcomes:
        counts = {name: value for name, value in told_of(outcome)["counts"].items() if value}
        if counts or not outcome.ok:
            state = outcome.state.replace("_", " ")
            said.append(", ".join([f"{outcome.stream}: {state}", *(f"{value:,} {name}" for name, value in counts.items())]))
    if any(outcome.counts.rejected for outcome in outcomes):
        said.append("What was set aside, and why, is in `rejects` of the API; `channelhub import --rejects FILE` lists it too.")
    notes = [f"{outcome.stream}: {note}" for outcome in outcomes for note in outcome.notes]
    return [*(said or ["Nothing is new."]), *notes]


def told_of(outcome: "Outcome") -> dict[str, Any]:
    """Return an outcome as plain values."""
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(outcome)
    return plain | {"nouns": sorted(outcome.nouns)}
