"""channelhub detect."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from hub.settings import Settings
from jobs.cli import run, settings

if TYPE_CHECKING:
    from jobs.detect import Detected


def detect(
    full: Annotated[bool, typer.Option("--full", help="Judge every record again, not only those that changed.")] = False,
    at: Annotated[str | None, typer.Option(metavar="T", help="Judge as of this instant (ISO 8601); else now.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look for channel conflicts in the records that changed; exit code 1 when a rule failed, which stops no other one.

    Example: channelhub detect --full --at 2026-03-01T00:00:00Z
    """
    done = run(detected(settings(), full, instant(at)))
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(done))
        raise typer.Exit(1 if done.failed else 0)
    findings = f"{done.raised:,} raised, {done.changed:,} changed, {done.reopened:,} reopened, {done.resolved:,} resolved"
    judged = sum(count.judged for count in done.rules.values())
    typer.echo(f"Changed records: {done.records:,}. Places where rules judged: {judged:,}. Findings: {findings}.")
    typer.echo(f"Cases opened: {done.cases_opened:,}. Alerts: {done.alerts:,}.")
    for name, count in done.rules.items():
        if count.not_run:
            typer.echo(f"The rule {name} did not run: {count.not_run}")
        if count.failed:
            typer.echo(f"The rule {name} failed: {count.failed}")
    raise typer.Exit(1 if done.failed else 0)


def instant(text: str | None) -> datetime | None:
    """Read an instant; without a zone it is UTC."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is not an instant such as 2026-03-01T00:00:00Z", param_hint="--at") from None
    return read.replace(tzinfo=read.tzinfo or UTC)


async def detected(settings: Settings, full: bool, at: datetime | None) -> "Detected":
    """Detect in this process."""
    from jobs.detect import detect
    from jobs.hub import open_hub

    async with open_hub(settings) as store:
        return await detect(store, settings, at=at, full=full)
