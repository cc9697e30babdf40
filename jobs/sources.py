"""The configured sources: declared in the database, and opened with all their connector needs."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
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
from hub.errors import SettingsError, Unfit
from hub.intake.identity import Origin
from hub.settings import REFERENCE, Settings, SourceSettings, secret
from hub.store.audit import Entry as Audited
from hub.store.audit import write
from hub.store.connector import ConnectorEntry, SettingEntry, declare_connectors
from hub.store.database import Connection, Store
from hub.store.source import SourceEntry, StreamEntry, declare, disable_others, of_api, set_state, taken_over
from hub.store.statements import statement

log = structlog.get_logger()

# A name and a password before the host of an address.
CREDENTIALS = re.compile(r"://[^/\s@]*:[^/\s@]*@")


@dataclass(frozen=True)
class OpenSource:
    """A source that can be read now."""

    origin: Origin
    settings: SourceSettings
    manifest: Manifest
    connector: Connector[Any]
    context: Context[Any]


async def ensure_sources(store: Store, settings: Settings) -> None:
    """Declare the sources of the settings and, as their connectors are now, those of the API.

    A name the API used becomes the file's. One whose connector cannot be loaded is shown as broken and stops nothing.
    """
    async with store.transaction() as connection:
        await declare_connectors(connection, [described(name, entry) for name, entry in all_connectors().items()])
    async with store.transaction() as connection:
        await hand_over(connection, settings)
        for one in settings.source:
            await declare_or_show_broken(connection, settings, one, managed_by="file")
        await disable_others(connection, [one.name for one in settings.source])
        for row in await of_api(connection):
            one = SourceSettings.model_validate(row["settings"])
            await declare_or_show_broken(connection, settings, one, managed_by="api")


async def hand_over(connection: Connection, settings: Settings) -> None:
    """Say of which sources the file holds what the API held; it is told once."""
    for row in await taken_over(connection, [one.name for one in settings.source]):
        log.warning("channelhub.toml declares a source that was made through the API; the file holds", source=row["name"])
        after = {"managed_by": "file"}
        await write(connection, Audited(actor_id=None, action="handed_over", noun="source", subject_id=row["id"], after=after))


async def declare_or_show_broken(connection: Connection, settings: Settings, one: SourceSettings, *, managed_by: str) -> None:
    """Declare one source, whether its connector can be used or not."""
    entry = all_connectors().get(one.connector)
    if entry is None or entry.manifest is None:
        await declare_broken(connection, settings, one, entry, managed_by=managed_by)
    else:
        await declare_source(connection, settings, one, managed_by=managed_by)


async def ensure_source(store: Store, settings: Settings, one: SourceSettings, *, managed_by: str) -> int:
    """Declare one source with the streams of its connector; return its id."""
    async with store.transaction() as connection:
        return await declare_source(connection, settings, one, managed_by=managed_by)


async def declare_source(connection: Connection, settings: Settings, one: SourceSettings, *, managed_by: str) -> int:
    """Declare one source inside a transaction; return its id."""
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
        settings=kept_of(manifest, one),
    )
    streams = [manifest.stream(name) for name in manifest.streams]
    return await declare(
        connection,
        entry,
        [
            StreamEntry(
                name=stream.name,
                position=position,
                model=stream.model.value,
                schedule=one.schedule if one.streams is None or stream.name in one.streams else None,
                deletes=stream.deletes.value,
                freshness_s=int(stream.freshness.total_seconds()),
            )
            for position, stream in enumerate(streams)
        ],
    )


def kept_of(manifest: Manifest, one: SourceSettings) -> dict[str, Any]:
    """Return what is kept of a source as it is declared: never a secret that stands there by its value."""
    plain: dict[str, Any] = one.model_dump(mode="json")
    plain["settings"] = {
        name: value
        for name, value in plain["settings"].items()
        if name in manifest.settings and harmless(manifest.settings[name].secret, value)
    }
    return plain


def harmless(is_secret: bool, value: object) -> bool:
    """Say whether a setting may be kept and shown."""
    return bool(re.match(REFERENCE, str(value))) if is_secret else not CREDENTIALS.search(str(value))


async def declare_broken(
    connection: Connection, settings: Settings, one: SourceSettings, entry: Entry | None, *, managed_by: str
) -> None:
    """Show a source whose connector cannot be used."""
    reason = entry.broken if entry else f"there is no connector {one.connector!r}"
    broken = SourceEntry(
        name=one.name,
        title=one.title or one.name,
        connector=one.connector,
        connector_version="",
        kind="file",
        quality="unrated",
        is_masters=settings.masters == one.name,
        managed_by=managed_by,
        # Without a manifest nobody knows which settings of a file are secret; those of the API are references.
        settings=one.model_dump(mode="json", exclude={"settings"} if managed_by == "file" else None),
    )
    source_id = await declare(connection, broken, [])
    await set_state(connection, source_id, "broken", reason)
    log.warning("source broken", source=one.name, reason=reason)


def described(name: str, entry: Entry) -> ConnectorEntry:
    """Return a connector as its manifest describes it."""
    manifest = entry.manifest
    if manifest is None:
        return ConnectorEntry(name=name, title=name, broken=entry.broken)
    return ConnectorEntry(
        name=name,
        title=manifest.title,
        kind=manifest.kind.value,
        version=manifest.version,
        quality=manifest.quality.level,
        streams=tuple(manifest.streams),
        settings=tuple(
            SettingEntry(
                name=setting,
                help=what.help,
                type=what.type,
                example=what.example,
                default=None if what.default is None else str(what.default),
                required=what.required,
                secret=what.secret,
            )
            for setting, what in manifest.settings.items()
        ),
    )


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
    values, secrets = resolved(entry.manifest, one, secret)
    config = fitting(made, one, values, secrets)
    async with open_http(one.name, entry.manifest.bucket, secrets=secrets) as http:
        context = Context(source=one.name, config=config, http=http, now=now, log=log.bind(source=one.name).info)
        yield OpenSource(Origin(source_id, one.name), one, entry.manifest, made, context)


def resolved(manifest: Manifest, one: SourceSettings, reveal: Callable[[str], str]) -> tuple[dict[str, Any], list[str]]:
    """Return the settings of a source with defaults and secrets filled in, and the secrets among them. Raises Unfit."""
    for name in sorted(set(one.settings) - set(manifest.settings)):
        known = ", ".join(manifest.settings)
        raise Unfit(
            "unknown_setting",
            f"The source {one.name} has a setting {name!r} that {manifest.name} does not know ({known}).",
            f"数据源 {one.name} 的设置 {name!r} 不被连接器 {manifest.name} 识别（可用：{known}）。",
            field="settings",
            setting=name,
        )
    common: Mapping[str, Any] = {"time_zone": one.time_zone, "default_currency": one.default_currency}
    values: dict[str, Any] = {}
    secrets: list[str] = []
    for name, setting in manifest.settings.items():
        value = one.settings.get(name, common.get(name) or setting.default)
        if value is None:
            if setting.required:
                raise Unfit(
                    "required",
                    f"The source {one.name} needs the setting {name!r}: {setting.help}.",
                    f"数据源 {one.name} 缺少必需的设置 {name!r}：{setting.help}。",
                    field="settings",
                    setting=name,
                )
            continue
        if setting.secret:
            value = reveal(str(value))
            secrets.append(value)
        values[name] = value
    return values, secrets


def fitting(made: Connector[Any], one: SourceSettings, values: Mapping[str, Any], secrets: list[str]) -> Any:
    """Return the settings as the connector takes them. Raises Unfit, which shows no secret."""
    try:
        return msgspec.convert(values, made.config)
    except Exception as error:  # foreign code checks them
        said = str(error)
        for one_secret in filter(None, secrets):
            said = said.replace(one_secret, "•••")
        raise Unfit(
            "does_not_fit",
            f"The settings of the source {one.name} do not fit: {said}.",
            f"数据源 {one.name} 的设置不符合要求：{said}。",
            field="settings",
        ) from None


async def source_settings(store: Store, settings: Settings, name: str) -> SourceSettings:
    """Return a source's settings: the file's, else those it was created with. Raises SettingsError with the names there are."""
    for one in settings.source:
        if one.name == name:
            return one
    async with store.connection() as connection:
        rows = await connection.fetch(statement("source", "all").sql)
    for row in rows:
        if row["name"] == name and row["managed_by"] == "api" and row["state"] != "disabled":
            return SourceSettings.model_validate(row["settings"])
    there = {one.name for one in settings.source} | {row["name"] for row in rows if row["state"] != "disabled"}
    known = ", ".join(sorted(there)) or "none yet"
    raise SettingsError(
        f"There is no source {name!r}; there are: {known}. Sources stand in channelhub.toml as [[source]], or are made through "
        "the API."
    )
