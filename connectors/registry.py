"""Every connector there is: the folders beside this file, then the entry points of other distributions."""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from connectors.base import Connector
from connectors.manifest import Manifest, read_manifest
from hub.errors import SettingsError

GROUP = "channelhub.connectors"


@dataclass(frozen=True)
class Entry:
    """A connector that was found. `broken` says why it cannot be used; the others are none the worse."""

    name: str
    package: str
    manifest: Manifest | None = None
    broken: str | None = None

    def load(self) -> Connector[Any]:
        """Import the connector's code and make one. Raises SettingsError when that fails."""
        if self.manifest is None:
            raise SettingsError(f"The connector {self.name} cannot be loaded: {self.broken}")
        module, _, name = self.manifest.implementation.partition(":")
        try:
            made: Connector[Any] = getattr(import_module(f"{self.package}.{module}"), name)()
        except Exception as error:  # foreign code: whatever it raises must stop nothing else
            raise SettingsError(f"The connector {self.name} cannot be loaded: {error}") from error
        return made


@cache
def all_connectors() -> dict[str, Entry]:
    """Return every connector by name; of two of one name the second is shown as broken under its package."""
    found: dict[str, Entry] = {}
    for package, folder in places():
        try:
            manifest = read_manifest(folder)
            entry = Entry(manifest.name, package, manifest)
        except SettingsError as error:
            entry = Entry(folder.name, package, broken=str(error))
        if entry.name in found:
            entry = Entry(package, package, broken=f"another connector is called {entry.name}")
        found[entry.name] = entry
    return found


def places() -> list[tuple[str, Path]]:
    """Return each connector's package and folder: ours in order of name, then those announced by entry points."""
    here = Path(__file__).parent
    ours = [(f"connectors.{file.parent.name}", file.parent) for file in sorted(here.glob("*/manifest.toml"))]
    theirs = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            spec = find_spec(point.value)
        except ImportError:  # the package around it is gone
            continue
        if spec is not None and spec.origin is not None:
            theirs.append((point.value, Path(spec.origin).parent))
    return ours + theirs


def connector(name: str) -> Entry:
    """Return one connector. Raises SettingsError with the names there are."""
    found = all_connectors().get(name)
    if found is None:
        raise SettingsError(f"There is no connector {name!r}; there are {', '.join(sorted(all_connectors()))}.")
    return found
