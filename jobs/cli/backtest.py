"""channelhub backtest: try a draft of the policy on the past."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.settings import Settings
from jobs.cli import run, settings
from jobs.cli.detect import instant

if TYPE_CHECKING:
    from jobs.backtest import Compared, Outlook, Report, RuleReport

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
    report = run(tried_on(settings(), policy.absolute(), (day(from_), day(to)), names, instant(at), save))
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(report))
        return
    show(report)


async def tried_on(
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
    """Print a report for a person: all that the JSON holds."""
    typer.echo(
        f"{report.from_day} to {report.to_day}, as of {report.at.isoformat()}: {versioned(report.present_version)} now, "
        f"{versioned(report.draft_version, live=True)} as the draft."
    )
    typer.echo(f"{report.added:,} added, {report.removed:,} removed, {report.changed:,} changed.")
    for name, rule in report.by_rule.items():
        if silent(rule):
            continue
        typer.echo(name)
        outline(rule)
        for one in report.differences:
            if one["rule"] == name:
                typer.echo(f"    {difference(one)}")
    for load in report.load:
        typer.echo(
            f"{load.manager}: cases a week {load.present_cases_per_week:g} now, {load.draft_cases_per_week:g} under the draft; "
            f"alerts a week {load.present_alerts_per_week:g} now, {load.draft_alerts_per_week:g} under the draft."
        )
    for source, streams in report.watermark.items():
        for stream, read_to in streams.items():
            typer.echo(f"{source} {stream} was read to {read_to}.")
    typer.echo(f"Judged in {report.runtime_s:g} s; ground {report.ground}.")


def versioned(number: int | None, *, live: bool = False) -> str:
    """Name a version; none is the built-in policy, or of a draft without one the live version."""
    if number is None:
        return "the live policy" if live else "the built-in policy"
    return f"policy version {number}"


def silent(rule: "RuleReport") -> bool:
    """Say whether neither side found anything of a rule."""
    return not rule.present.findings and not rule.draft.findings


def outline(rule: "RuleReport") -> None:
    """Print what became of one rule."""
    differing = ((rule.changed_class, "class"), (rule.changed_mode, "mode"), (rule.changed_score, "score"))
    parts = [f"{number:,} in {what}" for number, what in (*differing, (rule.changed_evidence, "evidence alone")) if number]
    changed = sum(number for number, _ in differing) + rule.changed_evidence
    typer.echo(f"  now:   {outlook(rule.present)}")
    typer.echo(f"  draft: {outlook(rule.draft)}")
    inside = f" ({', '.join(parts)})" if parts else ""
    typer.echo(f"  {rule.added:,} added, {rule.removed:,} removed, {changed:,} changed{inside}")
    for move, number in sorted(rule.bands.items()):
        typer.echo(f"    {move}: {number:,}")


def outlook(side: "Outlook") -> str:
    """Return what one side found of a rule in a line."""
    at_stake = ", ".join(f"{one.amount:,} {one.currency}" for one in side.money) or "unknown"
    unknown = f" and {side.unknown:,} without a value" if side.money and side.unknown else ""
    precision = "unknown" if side.precision is None else f"{side.precision:.0%}"
    return (
        f"findings {side.findings:,}, full class {side.full_class:,}; at stake {at_stake}{unknown}; cases {side.cases:,}, "
        f"alerts {side.alerts:,}; precision so far {precision} ({side.confirmed:,} confirmed, {side.dismissed:,} dismissed)"
    )


def difference(one: Mapping[str, Any]) -> str:
    """Return one finding that differs in a line."""
    about = " ".join(one[name] for name in ("accused", "victim", "product_group", "base_sku", "region") if one[name] != "-")
    verdict = f", {one['verdict']} by a person" if one["verdict"] else ""
    return (
        f"{one['change']:<8} {one['finding_key']} {one['event_day']} {about}: "
        f"{judged(one, 'before')} > {judged(one, 'after')}{verdict}"
    )


def judged(one: Mapping[str, Any], side: str) -> str:
    """Return how a finding stands on one side."""
    if one[f"class_{side}"] is None:
        return "none"
    return f"{one[f'class_{side}']} {one[f'score_{side}']} {one[f'band_{side}']}"


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
    for name, reports in compared.rules.items():
        for which, report in zip((one, other), reports, strict=True):
            if report is not None and not silent(report):
                typer.echo(f"{name}, {which}")
                outline(report)
    typer.echo(f"Findings on which the drafts end differently: {len(compared.differences):,}.")
    for found in compared.differences:
        ends = (f"{found[f'class_{side}'] or 'none'} {found[f'score_{side}'] or ''}".rstrip() for side in ("one", "other"))
        typer.echo(f"  {found['rule']} {found['finding_key']} {found['event_day']} {found['accused']}: {' > '.join(ends)}")


async def side_by_side(settings: Settings, one: str, other: str) -> "Compared":
    """Compare in this process."""
    from jobs.backtest import compare as compared
    from jobs.hub import open_hub

    async with open_hub(settings, connections=2) as store:
        return await compared(store, one, other)
