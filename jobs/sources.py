"""The configured sources: declared in the database, and opened with all their connector needs."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog

from connectors.base import Connector, Context
from connectors.http import open_http
from connectors.manifest import Manifest
from connectors.registry import Entry, all_connectors, connector
from hub.clock import now
from hub.errors import SettingsError
from hub.intake.identity import Origin
from hub.settings import Settings, SourceSettings, secret
from hub.store.database import Store
from hub.store.source import SourceEntry, StreamEntry, declare, disable_others, set_state

log = structlog.get_logger()


@dataclass(frozen=True)
class OpenSource:
    """A source that can be read now."""

    origin: Origin
    settings: SourceSettings
    manifest: Manifest
    connector: Connector[Any]
    context: Context[Any]


async def ensure_sources(store: Store, settings: Settings) -> None:
    """Declare the sources of the settings; one whose connector cannot be loaded is shown as broken and stops nothing."""
    for one in settings.source:
        entry = all_connectors().get(one.connector)
        if entry is None or entry.manifest is None:
            await declare_broken(store, one, entry)
        else:
            await ensure_source(store, settings, one, managed_by="file")
    async with store.connection() as connection:
        await disable_others(connection, [one.name for one in settings.source])


async def ensure_source(store: Store, settings: Settings, one: SourceSettings, *, managed_by: str) -> int:
    """Declare one source with the streams of its connector; return its id."""
    manifest = connector(one.connector).manifest
    if manifest is None:
        raise SettingsError(f"The source {one.name} cannot be read: {connector(one.connector).broken}")
    entry = SourceEntry(
        name=one.name,
        title=one.title or manifest.title,
        connector=manifest.name,
        connector_version=manifest.version,
        kind=manifest.kind.value,
        quality=manifest.quality.level,
        time_zone=one.time_zone,
        default_currency=one.default_currency,
        is_masters=settings.masters == one.name,
        managed_by=managed_by,
        settings={} if managed_by == "file" else one.model_dump(mode="json"),
    )
    streams = [manifest.stream(name) for name in manifest.streams]
    async with store.transaction() as connection:
        return await declare(
            connection,
            entry,
            [
                StreamEntry(
                    name=stream.name,
                    position=position,
                    model=stream.model.value,
                    schedule=one.schedule,
                    deletes=stream.deletes.value,
                    freshness_s=int(stream.freshness.total_seconds()),
                )
                for position, stream in enumerate(streams)
            ],
        )


async def declare_broken(store: Store, one: SourceSettings, entry: Entry | None) -> None:
    """Show a source whose connector cannot be used."""
    reason = entry.broken if entry else f"there is no connector {one.connector!r}"
    broken = SourceEntry(
        name=one.name,
        title=one.title or one.name,
        connector=one.connector,
        connector_version="",
        kind="file",
        quality="unrated",
    )
    async with store.transaction() as connection:
        source_id = await declare(connection, broken, [])
        await set_state(connection, source_id, "broken", reason)
    log.warning("source broken", source=one.name, reason=reason)


@asynccontextmanager
async def open_source(store: Store, settings: Settings, one: SourceSettings) -> AsyncIterator[OpenSource]:
    """Open a declared source: its connector, its resolved settings, its HTTP session. Raises SettingsError."""
    entry = connector(one.connector)
    made = entry.load()
    assert entry.manifest is not None
    async with store.connection() as connection:
        source_id = await connection.fetchval("SELECT id FROM source WHERE name = $1", one.name)
    if source_id is None:
        raise SettingsError(f"The source {one.name} is not declared yet; run `channelhub migrate` or `channelhub up` first.")
    values, secrets = resolved(entry.manifest, one)
    try:
        config = msgspec.convert(values, made.config)
    except msgspec.ValidationError as error:
        raise SettingsError(f"The settings of the source {one.name} do not fit: {error}.") from None
    async with open_http(one.name, entry.manifest.bucket, secrets=secrets) as http:
        context = Context(source=one.name, config=config, http=http, now=now, log=log.bind(source=one.name).info)
        yield OpenSource(Origin(source_id, one.name), one, entry.manifest, made, context)


def resolved(manifest: Manifest, one: SourceSettings) -> tuple[dict[str, Any], list[str]]:
    """Return the settings of a source with defaults and secrets filled in, and the secrets among them."""
    unknown = sorted(set(one.settings) - set(manifest.settings))
    if unknown:
        known = ", ".join(manifest.settings)
        raise SettingsError(f"The source {one.name} has a setting {unknown[0]!r} that {manifest.name} does not know ({known}).")
    common: Mapping[str, Any] = {"time_zone": one.time_zone, "default_currency": one.default_currency}
    values: dict[str, Any] = {}
    secrets: list[str] = []
    for name, setting in manifest.settings.items():
        value = one.settings.get(name, common.get(name) or setting.default)
        if value is None:
            if setting.required:
                raise SettingsError(f"The source {one.name} needs the setting {name!r}: {setting.help}.")
            continue
        if setting.secret:
            value = secret(str(value))
            secrets.append(value)
        values[name] = value
    return values, secrets


async def source_settings(store: Store, settings: Settings, name: str) -> SourceSettings:
    """Return a source's settings: the file's, else those it was created with. Raises SettingsError with the names there are."""
    for one in settings.source:
        if one.name == name:
            return one
    async with store.connection() as connection:
        rows = await connection.fetch("SELECT name, managed_by, settings FROM source ORDER BY name")
    for row in rows:
        if row["name"] == name and row["managed_by"] == "api":
            return SourceSettings.model_validate(row["settings"])
    known = ", ".join(sorted({one.name for one in settings.source} | {r["name"] for r in rows})) or "none yet"
    raise SettingsError(f"There is no source {name!r}; there are: {known}. Sources stand in channelhub.toml as [[source]].")
