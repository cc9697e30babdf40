"""Four generic names: another distribution that brings a package `schema` or `hub` overwrites ours without a word."""

from collections.abc import Mapping
from importlib.metadata import packages_distributions

from hub.errors import SettingsError

DISTRIBUTION = "channelhub"
ROOMS = ("hub", "connectors", "schema", "jobs")


def refuse(owners: Mapping[str, list[str]] | None = None) -> None:
    """Raise SettingsError when another distribution than ours owns one of our packages.

    An editable installation lists no owner at all; that is no error.
    """
    found = packages_distributions() if owners is None else owners
    for room in ROOMS:
        strangers = sorted(set(found.get(room, [])) - {DISTRIBUTION})
        if strangers:
            raise SettingsError(
                f"The package {room!r} of this environment belongs to {strangers[0]} as well; "
                f"one of the two has overwritten the other. Install channelhub into an environment of its own."
            )
