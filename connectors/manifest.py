"""manifest.toml: what a connector is, readable without running its code."""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from hub.errors import SettingsError
from hub.records.source import DeletePolicy, SourceKind, Stream, StreamModel

CONTRACT = 1
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Setting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One setting of a source. A secret is a reference (env:NAME, file:PATH) until the moment of use."""

    help: str
    type: Literal["text", "integer", "boolean", "list", "table"] = "text"
    example: str | None = None
    default: object = None
    required: bool = False
    secret: bool = False


class Bucket(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast the source may be asked: `capacity` at once, then `refill_per_second`."""

    capacity: float
    refill_per_second: float


class StreamEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stream as the manifest writes it; durations are text such as `90s` or `2m`."""

    model: StreamModel
    primary_key: tuple[str, ...]
    cursor_field: str | None = None
    lookback: str = "0s"
    settle: str = "0s"
    deletes: DeletePolicy = DeletePolicy.NONE
    volatile: tuple[str, ...] = ()
    freshness: str = "15m"


class Quality(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The level of the published quality scale, and a reason for each exemption."""

    level: Literal["unrated", "bronze", "silver", "gold"] = "unrated"
    exempt: Mapping[str, str] = {}


class Manifest(Struct, frozen=True, kw_only=True, rename={"implementation": "class"}, forbid_unknown_fields=True):
    """One connector's description. `implementation` names its class as `module:Class` inside its folder."""

    name: str
    title: str
    kind: SourceKind
    version: str
    contract: int
    implementation: str
    settings: Mapping[str, Setting]
    streams: Mapping[str, StreamEntry]
    bucket: Bucket | None = None
    quality: Quality = Quality()

    def stream(self, name: str) -> Stream:
        """Return one stream. Raises SettingsError with the streams there are."""
        entry = self.streams.get(name)
        if entry is None:
            raise SettingsError(f"The connector {self.name} has no stream {name!r}; it has {', '.join(self.streams)}.")
        return Stream(
            name=name,
            model=entry.model,
            primary_key=entry.primary_key,
            cursor_field=entry.cursor_field,
            lookback=duration(entry.lookback),
            settle=duration(entry.settle),
            deletes=entry.deletes,
            volatile=entry.volatile,
            freshness=duration(entry.freshness),
        )


def duration(text: str) -> timedelta:
    """Read `250ms`, `90s`, `2m`, `1h` or `7d`."""
    number = text.rstrip("msdh")
    unit = text[len(number) :]
    if not number.isdecimal() or unit not in UNITS:
        raise SettingsError(f"{text!r} is not a duration; write for example 90s, 2m or 1h.")
    return timedelta(seconds=int(number) * UNITS[unit])


def read_manifest(folder: Path) -> Manifest:
    """Read and check a connector's manifest. Raises SettingsError with a sentence."""
    file = folder / "manifest.toml"
    try:
        manifest = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Manifest)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise SettingsError(f"{file.name} of the connector in {folder.name} cannot be used: {error}") from error
    if manifest.contract != CONTRACT:
        raise SettingsError(
            f"The connector {manifest.name} speaks contract {manifest.contract}, this hub speaks {CONTRACT}; update one."
        )
    return manifest
