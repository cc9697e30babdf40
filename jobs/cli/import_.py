"""channelhub import."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.settings import SOURCE_NAME, Settings
from jobs.cli import run, settings
from jobs.cli.sync import tell, watching

if TYPE_CHECKING:
    from hub.store.database import Store
    from jobs.sync import Outcome

NOTHING_LOADED = 1
SET_ASIDE = 3
HOLDS = """
    SELECT EXISTS (SELECT 1 FROM raw_record AS r JOIN stream AS st ON st.id = r.stream_id
                     JOIN source AS s ON s.id = st.source_id WHERE s.name = $1)
"""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = ("source", "file", "sheet", "line", "column", "value", "code", "reason", "raw")


def source_name(name: str) -> str:
    """Refuse a name that no source can have."""
    if not re.fullmatch(SOURCE_NAME, name):
        raise typer.BadParameter(f"{name} is not a name of small letters, digits, - and _ that begins with a letter or digit")
    return name


def import_(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, readable=True, help="A folder of CSV or XLSX files.")
    ],
    source: Annotated[
        str, typer.Option(metavar="NAME", callback=source_name, help="The source to load them under.")
    ] = "import",
    rejects: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the rows set aside to this CSV file.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 3 when a row was set aside.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Load a folder of spreadsheets. Files that were loaded before are passed over.

    Bad rows are set aside with file, line, column and reason; the others load. The exit code is 1 when nothing could be
    loaded, 3 with --strict when rows were set aside, 2 when a person has to act.

    Example: channelhub import sheets --source brand --rejects bad.csv
    """
    outcomes, aside, holds = run(imported(settings(), folder.absolute(), source, rejects))
    code = tell(outcomes, as_json)
    if rejects is not None and not as_json:
        typer.echo(f"Set aside in all: {aside:,}, listed in {rejects}.")
    raise typer.Exit(code or ended(outcomes, strict, holds))


def ended(outcomes: "Sequence[Outcome]", strict: bool, holds: bool) -> int:
    """Return the exit code of an import whose runs all came to their end; `holds` says that the source has records at all."""
    rejected = sum(outcome.counts.rejected for outcome in outcomes)
    if rejected and not holds:
        return NOTHING_LOADED
    return SET_ASIDE if strict and rejected else 0


async def imported(settings: Settings, folder: Path, name: str, rejects: Path | None) -> "tuple[list[Outcome], int, bool]":
    """Load the folder in this process; return how the runs ended, how many rows are set aside, and whether any is stored."""
    from hub.errors import SettingsError
    from hub.settings import SourceSettings
    from jobs.hub import open_hub
    from jobs.sources import ensure_source
    from jobs.sync import sync_source

    if any(one.name == name for one in settings.source):
        raise SettingsError(f"{name} is a source of channelhub.toml; run `channelhub sync {name}` or choose another --source.")
    one = SourceSettings(name=name, connector="sheet", settings={"folder": str(folder)})
    async with open_hub(settings, connections=4) as store:
        await demand_of_imports(store, name)
        await ensure_source(store, settings, one, managed_by="api")
        with watching() as watch:
            outcomes = await sync_source(store, settings, name, watch=watch, one=one)
        async with store.connection() as connection:
            holds = await connection.fetchval(HOLDS, name)
            if rejects is None:
                return outcomes, 0, holds
            from hub.store.statements import statement

            rows = await connection.fetch(statement("job", "rejects").sql, name)
        return outcomes, write_rejects(rejects, rows), holds


async def demand_of_imports(store: "Store", name: str) -> None:
    """Refuse to take a source over that somebody made through the API to be read on its own."""
    from hub.errors import SettingsError
    from hub.store.source import find

    async with store.connection() as connection:
        there = await find(connection, name)
    if (
        there is not None
        and there["state"] != "disabled"
        and (there["connector"] != "sheet" or there["settings"].get("schedule"))
    ):
        raise SettingsError(f"{name} is a source of the API; run `channelhub sync {name}` or choose another --source.")


def harmless(value: Any) -> Any:
    """Return a cell as it may be opened in a spreadsheet: what would be read as a formula there becomes text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in FORMULA else value


def write_rejects(file: Path, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write the rows set aside as CSV and return how many there are. Raises SettingsError when the file cannot be written."""
    import csv

    from hub.errors import SettingsError

    try:
        with file.open("w", encoding="utf-8-sig", newline="") as output:
            writer = csv.DictWriter(output, COLUMNS)
            writer.writeheader()
            for row in rows:
                whole = {**row, "raw": bytes(row["raw"]).decode(errors="replace")}
                writer.writerow({name: harmless(value) for name, value in whole.items()})
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}; the rows set aside stay in the hub.") from error
    return len(rows)
