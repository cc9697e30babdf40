"""channelhub connectors."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from connectors.registry import Entry


def connectors(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False) -> None:
    """List the connectors there are, and those that cannot be loaded with the reason.

    Example: channelhub connectors
    """
    from connectors.registry import all_connectors

    found = sorted(all_connectors().items())
    if as_json:
        import json

        typer.echo(json.dumps([told_of(name, entry) for name, entry in found], ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("connector", "title", "kind", "version", "quality", "streams", box=None)
    for name, entry in found:
        manifest = entry.manifest
        if manifest is None:
            table.add_row(name, f"broken: {entry.broken}")
        else:
            cells = (name, manifest.title, manifest.kind.value, manifest.version, manifest.quality.level)
            table.add_row(*cells, ", ".join(manifest.streams))
    Console().print(table)


def told_of(name: str, entry: "Entry") -> dict[str, object]:
    """Return a connector as plain values."""
    manifest = entry.manifest
    if manifest is None:
        return {"name": name, "broken": entry.broken}
    return {
        "name": name,
        "title": manifest.title,
        "kind": manifest.kind.value,
        "version": manifest.version,
        "quality": manifest.quality.level,
        "streams": list(manifest.streams),
        "broken": None,
    }
