"""channelhub backtest: try a draft of the policy on the past."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.settings import Settings
from jobs.cli import run, settings
from jobs.cli.detect import instant

if TYPE_CHECKING:
    from jobs.backtest import Compared, Report, RuleReport

backtest = typer.Typer(invoke_without_command=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def day(text: str) -> date:
    """Read a day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is not a day such as 2026-03-01") from None


@backtest.callback()
def tried(
    context: typer.Context,
    policy: Annotated[
        Path | None,
        typer.Option(metavar="DIR", exists=True, file_okay=False, help="Sheets with what changes: policy.toml and others."),
    ] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="D", help="The first day.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="D", help="The last day, included.")] = None,
    rules: Annotated[str, typer.Option(metavar="A,B", help="The rules to judge by; else all.")] = "",
    at: Annotated[str | None, typer.Option(metavar="T", help="Judge as of this instant (ISO 8601); else now.")] = None,
    save: Annotated[str | None, typer.Option(metavar="NAME", help="Keep the answer under this name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a period under the present policy and under a draft, and say what would differ. Nothing live is touched.

    Example: channelhub backtest --policy draft --from 2026-01-01 --to 2026-03-31 --save wider-borders
    """
    if context.invoked_subcommand is not None:
        return
    if policy is None or from_ is None or to is None:
        raise typer.BadParameter("name the draft and the period: --policy DIR --from D --to D")
    names = [name.strip() for name in rules.split(",") if name.strip()]
    report = run(judged(settings(), policy.absolute(), (day(from_), day(to)), names, instant(at), save))
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(report))
        return
    show(report)


async def judged(
    settings: Settings, folder: Path, period: tuple[date, date], rules: list[str], at: datetime | None, save: str | None
) -> "Report":
    """Judge in this process."""
    from jobs.backtest import try_folder
    from jobs.hub import open_hub

    async with open_hub(settings, connections=2) as store:
        return await try_folder(
            store, folder, from_day=period[0], to_day=period[1], at=at, rules=rules, save=save,
            tell=lambda said: typer.echo(f"{said} ...", err=True),
        )  # fmt: skip


def show(report: "Report") -> None:
    """Print a report for a person."""
    typer.echo(
        f"{report.from_day} to {report.to_day}, as of {report.at.isoformat()}: "
        f"{report.added:,} added, {report.removed:,} removed, {report.changed:,} changed."
    )
    for name, rule in report.by_rule.items():
        if rule.present.findings or rule.draft.findings:
            typer.echo(line(name, rule))
            for move, number in sorted(rule.bands.items()):
                typer.echo(f"    {move}: {number:,}")
    for load in report.load:
        typer.echo(
            f"{load.manager}: {load.present_alerts_per_week:g} alerts a week now, "
            f"{load.draft_alerts_per_week:g} under the draft."
        )


def line(name: str, rule: "RuleReport") -> str:
    """Return one rule in a line."""
    at_stake = ", ".join(f"{one.amount:,} {one.currency}" for one in rule.draft.money) or "unknown"
    precision = "unknown" if rule.draft.precision is None else f"{rule.draft.precision:.0%}"
    changed = rule.changed_class + rule.changed_mode + rule.changed_score + rule.changed_evidence
    return (
        f"  {name}: {rule.present.findings:,} now, {rule.draft.findings:,} under the draft ({rule.added:,} added, "
        f"{rule.removed:,} removed, {changed:,} changed); at stake {at_stake}; precision so far {precision}"
    )


@backtest.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the answers that were kept, newest first.

    Example: channelhub backtest list --json
    """
    import msgspec

    rows = run(kept(settings()))
    if as_json:
        typer.echo(msgspec.json.encode(rows))
        return
    for row in rows:
        counts = (
            ""
            if row["state"] != "done"
            else f": {row['added']:,} added, {row['removed']:,} removed, {row['changed']:,} changed"
        )
        typer.echo(f"{row['name']}  {row['from_day']} to {row['to_day']}  {row['state']}{counts}")


async def kept(settings: Settings) -> list[dict[str, object]]:
    """Read the kept answers."""
    from hub.store.backtest import listed
    from jobs.hub import open_hub

    async with open_hub(settings, connections=2) as store, store.connection() as connection:
        return [dict(row) for row in await listed(connection)]


@backtest.command()
def compare(
    one: Annotated[str, typer.Argument(metavar="A")],
    other: Annotated[str, typer.Argument(metavar="B")],
    as_json: AsJson = False,
) -> None:
    """Set two kept answers side by side.

    Example: channelhub backtest compare wider-borders wider-still
    """
    compared = run(side_by_side(settings(), one, other))
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(compared))
        return
    if not compared.same_ground:
        typer.echo("The two were judged on different records, days or rules; not every difference comes from the drafts.")
    for name, (first, second) in compared.rules.items():
        for which, report in ((one, first), (other, second)):
            if report is not None and (report.present.findings or report.draft.findings):
                typer.echo(f"{which}{line(name, report)}")
    typer.echo(f"Findings on which the drafts end differently: {len(compared.differences):,}.")


async def side_by_side(settings: Settings, one: str, other: str) -> "Compared":
    """Compare in this process."""
    from jobs.backtest import compare as compared
    from jobs.hub import open_hub

    async with open_hub(settings, connections=2) as store:
        return await compared(store, one, other)
