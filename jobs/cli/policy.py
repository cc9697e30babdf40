"""channelhub policy: which versions there are, what they change, and whether they hold."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.settings import Settings
from jobs.cli import run, settings
from jobs.cli.backtest import day

if TYPE_CHECKING:
    from hub.conflicts.between import Between, Change

policy = typer.Typer(help="Policies: versions, what they change, and whether they hold.", no_args_is_help=True)
Version = Annotated[int, typer.Argument(metavar="VERSION", help="The number of the version.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
OWNER = "owner@localhost"
# What a row is about, in words.
ABOUT = {"partner", "kind", "name", "product", "product_group", "region", "channel"}


@policy.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the versions, the highest first.

    Example: channelhub policy list --json
    """
    rows = run(listed(settings()))
    if as_json:
        say(rows)
        return
    for row in rows:
        by = f" by {row['published_by'] or row['source']}" if row["state"] == "published" else ""
        typer.echo(f"{row['version']}  {row['state']}{by}  from {row['effective_from']}  ({row['source']})")
        for change in row["loosens"]:
            typer.echo(f"    loosens {change}")


@policy.command()
def show(version: Version, as_json: AsJson = False) -> None:
    """Show what a version says, as one document.

    Example: channelhub policy show 4
    """
    row = run(shown(settings(), version))
    if as_json:
        say(row)
        return
    typer.echo(f"Version {version}, {row['state']}, from {row['effective_from']}, {row['base_currency']}, {row['timezone']}")
    for path, value in leaves(row["body"]):
        typer.echo(f"  {path} = {value}")


@policy.command()
def diff(
    before: Annotated[int | None, typer.Argument(metavar="BEFORE", help="The number of a version.")] = None,
    after: Annotated[int | None, typer.Argument(metavar="AFTER", help="The number of another.")] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="D", help="A day; compare what holds on it ...")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="D", help="... with what holds on this later day.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what two versions say differently, or what holds on one day and not, or otherwise, on another.

    Example: channelhub policy diff --from 2026-03-01 --to 2026-06-01
    """
    if before is not None and after is not None and from_ is None and to is None:
        differing(run(compared(settings(), before, after)), as_json)
    elif before is None and after is None and from_ is not None and to is not None:
        days = day(from_), day(to)
        if days[1] < days[0]:
            raise typer.BadParameter("--to lies before --from; turn the two days round")
        shifted(run(read_between(settings(), *days)), as_json)
    else:
        raise typer.BadParameter("name two versions, BEFORE AFTER, or two days, --from D --to D")


def differing(rows: list[Mapping[str, Any]], as_json: bool) -> None:
    """Print what two versions say differently."""
    if as_json:
        say(rows)
        return
    for row in rows:
        typer.echo(f"{row['path']}: {worded(row['before'])} > {worded(row['after'])}")
    if not rows:
        typer.echo("They say the same.")


def shifted(found: "Between", as_json: bool) -> None:
    """Print what is otherwise on the later of two days."""
    if as_json:
        say(found)
        return
    was, is_ = (f"version {one}" if one else "the built-in policy" for one in (found.version_before, found.version_after))
    typer.echo(f"{found.from_day} > {found.to_day}: {was} > {is_}")
    for row in found.changes:
        typer.echo(f"  {row['path']}: {worded(row['before'])} > {worded(row['after'])}")
    for noun, rows in found.rows.items():
        counts = ", ".join(f"{sum(one.change == word for one in rows):,} {word}" for word in ("began", "ended", "changed"))
        typer.echo(f"{noun}: {counts}")
        for one in rows:
            typer.echo(f"  {shift(one)}")


def shift(one: "Change") -> str:
    """Return one row that began or ended with its fields, of one that changed what is otherwise."""
    said = {**(one.before or {}), **(one.after or {})}
    name = said.get("key") or said["product"]
    if one.change != "changed":
        fields = ", ".join(f"{field} {value}" for field, value in said.items() if field != "key")
        return f"{one.change} {name}: {fields}"
    about = " ".join(value for field, value in said.items() if field in ABOUT)
    fields = ", ".join(f"{field} {was or '-'} > {is_ or '-'}" for field, (was, is_) in one.fields.items())
    return f"{one.change} {name} ({about}): {fields}"


@policy.command()
def publish(
    version: Version,
    user: Annotated[str, typer.Option(metavar="EMAIL", help="Who publishes, or agrees as the second person.")] = OWNER,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why; needed where a profile is loosened. It is kept.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Publish a proposed version, or agree to it as the second person where two are needed.

    Example: channelhub policy publish 4 --user li@example.com --reason "Agreed in the March review"
    """
    step = run(published(settings(), version, user, reason))
    if as_json:
        say({"version": version, "state": "published" if step == "published" else "proposed"})
        return
    if step == "published":
        typer.echo(f"Policy version {version} is published; `channelhub detect` judges by it.")
    else:
        typer.echo(f"Policy version {version} waits for a second person: channelhub policy publish {version} --user EMAIL")


def say(rows: object) -> None:
    """Print JSON."""
    import msgspec

    typer.echo(msgspec.json.encode(rows))


def worded(value: object) -> str:
    """Return a value of a policy for a person."""
    return "default" if value is None else str(value)


def leaves(body: Mapping[str, Any], path: str = "") -> list[tuple[str, object]]:
    """Return every value of a document under the path it stands at."""
    found: list[tuple[str, object]] = []
    for name, value in body.items():
        place = f"{path}.{name}" if path else name
        found += leaves(value, place) if isinstance(value, dict) else [(place, value)]
    return found


async def listed(settings: Settings) -> list[Mapping[str, Any]]:
    """Read the versions."""
    from hub.conflicts.publication import known
    from jobs.hub import open_hub

    async with open_hub(settings, connections=2) as store, store.connection() as connection:
        return await known(connection)


async def shown(settings: Settings, version: int) -> Mapping[str, Any]:
    """Read one version."""
    from hub.conflicts.publication import numbered
    from jobs.hub import open_hub

    async with open_hub(settings, connections=2) as store, store.connection() as connection:
        row = dict(await numbered(connection, version))
    for name in ("id", "proposed_by"):
        del row[name]
    return row


async def compared(settings: Settings, before: int, after: int) -> list[Mapping[str, Any]]:
    """Compare two versions."""
    from hub.conflicts.publication import changes, numbered
    from jobs.hub import open_hub

    async with open_hub(settings, connections=2) as store, store.connection() as connection:
        one, other = await numbered(connection, before), await numbered(connection, after)
        return await changes(connection, one["id"], other["id"])


async def read_between(settings: Settings, from_day: date, to_day: date) -> "Between":
    """Compare two days."""
    from hub.conflicts.between import between
    from jobs.hub import open_hub

    async with open_hub(settings, connections=2) as store, store.connection() as connection:
        return await between(connection, from_day, to_day)


async def published(settings: Settings, version: int, email: str, reason: str | None) -> str:
    """Publish in a user's name."""
    from hub.clock import now
    from hub.conflicts.publication import numbered, publish
    from hub.store.user import user_id_of
    from jobs.hub import open_hub

    async with open_hub(settings, connections=2) as store, store.transaction() as connection:
        one = await numbered(connection, version)
        user_id = await user_id_of(connection, email)
        return await publish(connection, one["id"], user_id, at=now(), note=reason, two_person=settings.two_person)
