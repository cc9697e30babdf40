"""channelhub documents: which documents are executed by their hash."""

import hashlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.settings import Settings
from jobs.cli import run, settings

if TYPE_CHECKING:
    from hub.store.trusted_document import Trusted

documents = typer.Typer(help="Documents: which are executed by their hash.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON array.")]
ENDINGS = ("*.graphql", "*.gql")


@documents.command()
def register(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", exists=True, help="A document, or a folder with some in it.")],
    as_json: AsJson = False,
) -> None:
    """Register the documents of files and folders, all or none; each file is one, as it stands there.

    Example: channelhub documents register src/queries
    """
    files = list(dict.fromkeys(file for path in paths for file in within(path)))
    if not files:
        raise typer.BadParameter(f"there is no {' or '.join(ENDINGS)} in it", param_hint="PATH")
    texts = [text_of(file) for file in files]
    vetted = judged(texts)
    faults = [{"file": str(file)} | fault for file, one in zip(files, vetted, strict=True) for fault in one["faults"]]
    if faults:
        refuse(faults, as_json)
    from hub.store.trusted_document import Trusted

    wanted = [
        Trusted(
            hash=digest(text),
            text=text,
            name=str(file)[-200:],
            operation_names=one["operation_names"],
            maximum_cost=one["maximum_cost"],
        )
        for file, text, one in zip(files, texts, vetted, strict=True)
    ]
    run(registered(settings(), wanted))
    if as_json:
        say([{"file": one.name, "hash": one.hash, "operations": one.operation_names} for one in wanted])
        return
    for one in wanted:
        typer.echo(f"sha256:{one.hash}  {one.name}")


@documents.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the documents that are registered, by name.

    Example: channelhub documents list --json
    """
    rows = run(known(settings()))
    if as_json:
        say(rows)
        return
    for row in rows:
        operations = ", ".join(row["operations"]) or "one without a name"
        typer.echo(f"sha256:{row['hash']}  {row['registered_at']:%Y-%m-%d}  {row['name'] or '-'}  ({operations})")


def within(path: Path) -> list[Path]:
    """Return the file itself, or the documents in a folder, however deep, by name."""
    return sorted(file for ending in ENDINGS for file in path.rglob(ending)) if path.is_dir() else [path]


def text_of(file: Path) -> str:
    """Return what a file holds, to the byte: its hash is that of the bytes."""
    try:
        return file.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file} is no text in UTF-8", param_hint="PATH") from error


def digest(text: str) -> str:
    """Return the hash that names a document."""
    return hashlib.sha256(text.encode()).hexdigest()


def judged(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Have documents judged by the schema, in a process of its own: this room imports nothing above it."""
    import msgspec

    done = subprocess.run(
        [sys.executable, "-m", "schema", "vet"], input=msgspec.json.encode(texts), stdout=subprocess.PIPE, check=True
    )
    return msgspec.json.decode(done.stdout, type=list[dict[str, Any]])


def refuse(faults: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """Say what is wrong with the documents, one line each, and stop; nothing was registered."""
    if as_json:
        say(faults)
    for fault in faults:
        place = f":{fault['line']}:{fault['column']}" if fault["line"] else ""
        typer.echo(f"{fault['file']}{place}: {fault['message']}", err=True)
    raise typer.Exit(2)


def say(rows: object) -> None:
    """Print JSON."""
    import msgspec

    typer.echo(msgspec.json.encode(rows))


async def registered(settings: Settings, wanted: "Sequence[Trusted]") -> None:
    """Keep the documents."""
    from hub.store.trusted_document import register
    from jobs.hub import open_hub

    async with open_hub(settings, connections=2) as store, store.transaction() as connection:
        await register(connection, wanted, None)


async def known(settings: Settings) -> list[Mapping[str, Any]]:
    """Read what is registered."""
    from hub.store.trusted_document import listed
    from jobs.hub import open_hub

    async with open_hub(settings, connections=2) as store, store.connection() as connection:
        return await listed(connection)
