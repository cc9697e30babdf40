"""What is done at once for somebody who asks through the API, by the same functions as on the command line."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

import msgspec
import structlog

from connectors.manifest import Manifest, Setting
from connectors.registry import Entry, all_connectors
from connectors.sheet.policy import policy, threshold
from connectors.sheet.policy_text import policy_text
from hub.clock import now
from hub.conflicts.threshold import Threshold, laid_over
from hub.errors import MappingError, SettingsError, Unfit
from hub.records import PolicyVersion
from hub.settings import Settings, SourceSettings
from hub.store.audit import Entry as Audited
from hub.store.audit import write
from hub.store.database import Connection, Store
from hub.store.source import demand_version, find, of_file, pause, put_back, resume, set_due
from jobs.doctor import ailing, unfit
from jobs.scheduler import read_schedule
from jobs.sources import declare_source, fitting, harmless, resolved
from jobs.trial import try_route

log = structlog.get_logger(__name__)

# What a person has to mend at a source; changing its settings may have been that.
STUCK = ("needs_attention", "reauth_required")
WORDS = {"true": True, "false": False}


@dataclass(frozen=True)
class Desk:
    """Does what needs connectors, clocks or mail, which the API itself knows nothing of."""

    store: Store
    settings: Settings

    async def keep_source(
        self, wanted: SourceSettings, *, paused: bool | None, expected_version: int | None, user_id: int | None
    ) -> int:
        """Make a source of the API, or replace what is said of one; return its id. `paused` None leaves that as it is.

        Raises Unfit for what cannot be kept, Declined when the source is the file's or not as it was expected.
        """
        self.demand_not_of_file(wanted.name)
        one = vetted(wanted)
        async with self.store.transaction() as connection:
            before = await find(connection, one.name)
            demand_version(before, expected_version)
            demand_same_connector(before, one)
            source_id = await declare_source(connection, self.settings, one, managed_by="api")
            if before is not None:
                await settle(connection, before)
            if paused is not None and paused is not (before is not None and before["state"] == "paused"):
                await (pause if paused else resume)(connection, source_id)
            await set_due(connection, source_id, due(one))
            after = await find(connection, source_id)
            await write(connection, entry(user_id, source_id, before, after))
        log.info("source changed through the API", source=one.name)
        return source_id

    def demand_not_of_file(self, name: str) -> None:
        """Refuse a name that the file holds, also when another process has not heard of that yet."""
        if any(one.name == name for one in self.settings.source):
            raise of_file(name)

    async def try_route(self, name: str) -> dict[str, str | None]:
        """Send a message by a route; return why each it names did not get it."""
        return await try_route(self.store, self.settings, name)

    async def ailing(self) -> list[str]:
        """Say in sentences what is wrong with this installation."""
        # In a thread: it imports every connector that is used.
        return [*await asyncio.to_thread(unfit, self.settings), *await ailing(self.store)]

    def redrafted(self, version: PolicyVersion, thresholds: Sequence[Threshold]) -> tuple[PolicyVersion, str]:
        """Return a version with some thresholds said otherwise, and the policy.toml that says so. Raises Unfit."""
        for place, one in enumerate(thresholds):
            try:
                threshold(one.rule, one.name, one.plain)
            except MappingError as error:
                raise no_threshold(place, one, error) from error
        text = policy_text(msgspec.structs.replace(version, body=laid_over(version.body, thresholds)))
        return policy(text), text


def no_threshold(place: int, threshold: Threshold, error: MappingError) -> Unfit:
    """Return the refusal of a threshold that a policy.toml could not hold either."""
    return Unfit(
        error.code,
        str(error),
        f"政策不接受阈值 {threshold.rule[:80]}.{threshold.name[:80]}：规则或名称不存在，或数值超出范围。",
        field="changes",
        setting=str(place),
    )


async def settle(connection: Connection, before: Mapping[str, Any]) -> None:
    """Have what is under way begin again with what is said now, and try again where a person had to mend something."""
    await put_back(connection, before["id"])
    if before["state"] in STUCK:
        await resume(connection, before["id"])


def entry(user_id: int | None, source_id: int, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Audited:
    """Return what is written down of a change; settings are not, whatever they hold."""
    action = "created" if before is None or before["state"] == "disabled" else "changed"
    return Audited(
        actor_id=user_id, action=action, noun="source", subject_id=source_id, before=facts(before), after=facts(after)
    )


def facts(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what the log holds of a source."""
    if row is None:
        return None
    return {name: row[name] for name in ("name", "connector", "managed_by", "state", "version")} | {
        "schedule": row["settings"].get("schedule")
    }


def due(one: SourceSettings) -> datetime | None:
    """Return when a source is read next."""
    return None if one.schedule is None else read_schedule(one.schedule, one.time_zone).due(now())


def demand_same_connector(before: Mapping[str, Any] | None, one: SourceSettings) -> None:
    """Refuse another connector under a name: its records would be taken for what they are not."""
    if before is not None and before["managed_by"] == "file" and before["state"] != "disabled":
        raise of_file(one.name)
    if before is not None and before["connector"] != one.connector:
        raise Unfit(
            "connector_is_fixed",
            f"The source {one.name} is of the connector {before['connector']}, and its records stay; choose another name.",
            f"数据源 {one.name} 使用连接器 {before['connector']}，其记录予以保留；请另选名称。",
            field="connector",
        )


def vetted(wanted: SourceSettings) -> SourceSettings:
    """Return a source as it may be kept: each setting of the type its connector wants. Raises Unfit."""
    found = all_connectors().get(wanted.connector)
    manifest = None if found is None else found.manifest
    if found is None or manifest is None:
        known = ", ".join(sorted(name for name, one in all_connectors().items() if one.manifest is not None))
        raise Unfit(
            "unknown_connector",
            f"There is no connector {wanted.connector[:80]} that can be used; there are {known}.",
            f"没有可用的连接器 {wanted.connector[:80]}；可用的有：{known}。",
            field="connector",
        )
    check_times(wanted)
    for name in wanted.streams or ():
        if name not in manifest.streams:
            known = ", ".join(manifest.streams)
            raise Unfit(
                "unknown_stream",
                f"The connector {manifest.name} has no stream {name[:80]}; it has {known}.",
                f"连接器 {manifest.name} 没有数据流 {name[:80]}；可用的有：{known}。",
                field="streams",
            )
    one = wanted.model_copy(update={"settings": typed(manifest, wanted.settings)})
    check_settings(found, manifest, one)
    return one


def check_times(wanted: SourceSettings) -> None:
    """Refuse a time zone there is not, and a schedule that means nothing."""
    if wanted.time_zone not in available_timezones():
        raise Unfit(
            "unknown_time_zone",
            f"There is no time zone {wanted.time_zone[:80]}; write for example Asia/Shanghai.",
            f"没有时区 {wanted.time_zone[:80]}；例如可写 Asia/Shanghai。",
            field="timeZone",
        )
    try:
        if wanted.schedule is not None and due(wanted) is None:
            raise SettingsError(f"{wanted.schedule!r} is a schedule that never comes.")
    except SettingsError as error:
        raise Unfit(
            "not_a_schedule",
            str(error),
            f"{wanted.schedule!r} 不是有效的计划；请写 cron（如 '*/5 * * * *'）或间隔（如 'every 15m'）。",
            field="schedule",
        ) from None


def typed(manifest: Manifest, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that came as text in the types of the manifest; one it does not know stays as it is."""
    return {
        name: value if name not in manifest.settings else read(name, manifest.settings[name], value)
        for name, value in given.items()
    }


def read(name: str, setting: Setting, value: Any) -> Any:
    """Read one setting. Raises Unfit, which does not repeat the value: it may be a secret that was put in the wrong place."""
    shape = {"list": list, "table": dict}.get(setting.type, str)
    if isinstance(value, shape):
        if setting.type == "integer" and value.removeprefix("-").isdecimal() and len(value) <= 18:
            return int(value)
        if setting.type == "boolean" and value in WORDS:
            return WORDS[value]
        if setting.type in ("text", "list", "table"):
            return value
    raise Unfit(
        "wrong_type",
        f"The setting {name} is of the type {setting.type}: {setting.help}.",
        f"设置 {name} 的类型应为 {setting.type}：{setting.help}。",
        field="settings",
        setting=name,
    )


def check_settings(found: Entry, manifest: Manifest, one: SourceSettings) -> None:
    """Refuse what the connector does not take, and every secret that is not a reference."""
    for name, value in one.settings.items():
        setting = manifest.settings.get(name)
        if setting is not None and not harmless(setting.secret, value):
            raise by_value(name) if setting.secret else with_credentials(name)
    values, _ = resolved(manifest, one, str)
    fitting(found.load(), one, values, [])


def by_value(name: str) -> Unfit:
    """Return the refusal of a secret."""
    return Unfit(
        "secret_by_reference",
        f"The setting {name} is a secret: give a reference, env:NAME or file:PATH, never the value itself. What you sent was "
        "not kept; if it is the secret, consider changing it.",
        f"设置 {name} 是机密：请给出引用 env:NAME 或 file:PATH，切勿直接填写其值。您发送的内容未被保存；"
        "若其为机密本身，请考虑更换。",
        field="settings",
        setting=name,
    )


def with_credentials(name: str) -> Unfit:
    """Return the refusal of an address with a password in it."""
    return Unfit(
        "no_credentials_in_address",
        f"The setting {name} holds an address with a name and a password in it; there are settings of their own for these.",
        f"设置 {name} 的地址中含有用户名和密码；请改用相应的设置项。",
        field="settings",
        setting=name,
    )
