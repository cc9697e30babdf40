"""Making, changing, stopping and trying sources. Those of channelhub.toml are read here and changed there."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any

import strawberry

from hub.errors import Declined, Unfit
from hub.settings import SOURCE_NAME, SourceSettings
from hub.store import source, source_check
from hub.store.audit import Entry, write
from hub.store.database import Connection
from schema.auth.roles import demand
from schema.compiler.door import read_row
from schema.compiler.follow import read_seen
from schema.context import RequestContext
from schema.directives import Cost
from schema.errors import ErrorCode
from schema.scalars import CurrencyCode
from schema.source import Source, SourceCheck
from schema.user_error import Refusal, UserError, checked_id, declined, invalid, not_found, refusing, unfit
from schema.where import asked, given

Info = strawberry.Info[RequestContext, None]
NOTHING_DONE = "Why nothing was done."
SOURCE = "Source."
VERSION = "Version the caller read; null = whatever there is."
MOST_SETTINGS, MOST_ITEMS, LONGEST_VALUE, LONGEST_TITLE = 100, 1_000, 2_000, 200


@strawberry.input(description="One entry of a table.")
class SettingEntryInput:
    keys: list[str] = strawberry.field(description="Its key; in a table of tables two, the outer one first.")
    value: str = strawberry.field(description="Its value.")


@strawberry.input(description="One setting of a source, in the form its connector wants: see `connectors`.")
class SettingInput:
    name: str = strawberry.field(description="Name.")
    value: str | None = asked("TEXT, INTEGER, BOOLEAN (`true`, `false`); of a secret its reference, `env:NAME` or `file:PATH`.")
    values: list[str] | None = asked("Items of a LIST.")
    entries: list[SettingEntryInput] | None = asked("Entries of a TABLE.")


@strawberry.input(description="A source as it shall be; what is left out is as by default.")
class UpsertSourceInput:
    name: str = strawberry.field(description="Name: small letters, digits, `-` and `_`; 1..63 characters.")
    connector: str = strawberry.field(description="Name of the connector; of a source there is, the one it has.")
    title: str | None = asked("Title to show, at most 200 characters; null = the connector's.")
    settings: list[SettingInput] = strawberry.field(default_factory=list, description="Settings, each once.")
    schedule: str | None = asked("When it is read: `*/5 * * * *` in its time zone, or `every 15m`; null = on request.")
    streams: list[str] | None = asked("Streams that are read on schedule; null = all.")
    time_zone: str = strawberry.field(default="UTC", description="IANA time zone of times that the source writes without one.")
    default_currency: CurrencyCode | None = asked("Currency of amounts that the source writes without one.")
    removal_limit: float = strawberry.field(
        default=0.3, description="Share of a stream, above 0 and up to 1, that one run may remove at most."
    )
    paused: bool | None = asked("Whether nothing is read until it is resumed; null = as it is, of a new one false.")
    expected_version: int | None = asked(VERSION)


@strawberry.input(description="A source to remove.")
class DeleteSourceInput:
    source_id: strawberry.ID = strawberry.field(description=SOURCE)
    expected_version: int | None = asked(VERSION)


@strawberry.input(description="A source to stop reading.")
class PauseSourceInput:
    source_id: strawberry.ID = strawberry.field(description=SOURCE)


@strawberry.input(description="A source to read again.")
class ResumeSourceInput:
    source_id: strawberry.ID = strawberry.field(description=SOURCE)


@strawberry.input(description="A source to try.")
class CheckSourceInput:
    source_id: strawberry.ID = strawberry.field(description=SOURCE)


@strawberry.type(description="Answer of `upsertSource`.")
class UpsertSourcePayload:
    source_id: strawberry.Private[int | None]
    user_errors: list[UserError] = strawberry.field(description=NOTHING_DONE)

    @strawberry.field(description="The source as it is now; null when nothing was done.")
    async def source(self, info: Info) -> Source | None:
        return await shown(info, self.source_id)


@strawberry.type(description="Answer of `pauseSource`.")
class PauseSourcePayload(UpsertSourcePayload):
    pass


@strawberry.type(description="Answer of `resumeSource`.")
class ResumeSourcePayload(UpsertSourcePayload):
    pass


@strawberry.type(description="Answer of `deleteSource`.")
class DeleteSourcePayload:
    source_id: strawberry.Private[int | None]
    user_errors: list[UserError] = strawberry.field(description=NOTHING_DONE)

    @strawberry.field(description="The source, DISABLED, with all the records it brought; null when nothing was done.")
    async def source(self, info: Info) -> Source | None:
        return await shown(info, self.source_id)


@strawberry.type(description="Answer of `checkSource`.")
class CheckSourcePayload:
    check_id: strawberry.Private[int | None]
    user_errors: list[UserError] = strawberry.field(description=NOTHING_DONE)

    @strawberry.field(description="The try, QUEUED until a worker has made it: ask `node` for it; null when nothing was done.")
    async def check(self, info: Info) -> SourceCheck | None:
        if self.check_id is None:
            return None
        return await read_row(info, "SourceCheck", self.check_id)  # type: ignore[return-value]


async def shown(info: Info, source_id: int | None) -> Source | None:
    """Read a source for the answer of a mutation."""
    if source_id is None:
        return None
    return await read_row(info, "Source", source_id)  # type: ignore[return-value]


@strawberry.type
class SourceMutation:
    @strawberry.mutation(
        description="Makes a source, or replaces all that is said of it; one of channelhub.toml is changed there. The running "
        "hub takes it up by itself. ADMIN.",
        directives=[Cost(weight="10")],
    )
    async def upsert_source(
        self, info: Info, input: Annotated[UpsertSourceInput, strawberry.argument(description="What to do.")]
    ) -> UpsertSourcePayload | None:
        demand(info.context.viewer, "upsertSource")
        try:
            return UpsertSourcePayload(source_id=await kept(info, input), user_errors=[])
        except Refusal as refusal:
            return UpsertSourcePayload(source_id=None, user_errors=[refusal.error])

    @strawberry.mutation(
        description="Removes a source that was made through the API: it is not read any more and its settings are forgotten. "
        "All that was read stays, and so does the name. ADMIN.",
        directives=[Cost(weight="10")],
    )
    async def delete_source(
        self, info: Info, input: Annotated[DeleteSourceInput, strawberry.argument(description="What to do.")]
    ) -> DeleteSourcePayload | None:
        demand(info.context.viewer, "deleteSource")
        try:
            return DeleteSourcePayload(source_id=await removed(info, input), user_errors=[])
        except Refusal as refusal:
            return DeleteSourcePayload(source_id=None, user_errors=[refusal.error])

    @strawberry.mutation(
        description="Stops reading a source, of channelhub.toml too, until it is resumed; a run under way stops at its next "
        "checkpoint and waits. ADMIN.",
        directives=[Cost(weight="10")],
    )
    async def pause_source(
        self, info: Info, input: Annotated[PauseSourceInput, strawberry.argument(description="What to do.")]
    ) -> PauseSourcePayload | None:
        demand(info.context.viewer, "pauseSource")
        try:
            return PauseSourcePayload(source_id=await moved(info, input.source_id, "paused", source.pause), user_errors=[])
        except Refusal as refusal:
            return PauseSourcePayload(source_id=None, user_errors=[refusal.error])

    @strawberry.mutation(
        description="Has a source read again that was paused, or that waited until a person had mended something. ADMIN.",
        directives=[Cost(weight="10")],
    )
    async def resume_source(
        self, info: Info, input: Annotated[ResumeSourceInput, strawberry.argument(description="What to do.")]
    ) -> ResumeSourcePayload | None:
        demand(info.context.viewer, "resumeSource")
        try:
            return ResumeSourcePayload(source_id=await moved(info, input.source_id, "resumed", source.resume), user_errors=[])
        except Refusal as refusal:
            return ResumeSourcePayload(source_id=None, user_errors=[refusal.error])

    @strawberry.mutation(
        description="Tries a source: whether it lets us in, whether each stream may be read, and what it holds. Nothing is "
        "read. ADMIN.",
        directives=[Cost(weight="50")],
    )
    async def check_source(
        self, info: Info, input: Annotated[CheckSourceInput, strawberry.argument(description="What to do.")]
    ) -> CheckSourcePayload | None:
        demand(info.context.viewer, "checkSource")
        try:
            return CheckSourcePayload(check_id=await tried(info, input), user_errors=[])
        except Refusal as refusal:
            return CheckSourcePayload(check_id=None, user_errors=[refusal.error])


async def kept(info: Info, input: UpsertSourceInput) -> int:
    """Make or change a source and return its id."""
    context = info.context
    assert context.desk is not None
    try:
        return await context.desk.keep_source(
            described(input),
            paused=given(input.paused),
            expected_version=given(input.expected_version),
            user_id=context.viewer.user_id,
        )
    except Unfit as error:
        raise unfit(error) from error
    except Declined as error:
        raise declined(error) from error


def described(input: UpsertSourceInput) -> SourceSettings:
    """Return what is said of a source, as far as it can be checked without its connector."""
    title = given(input.title)
    if not re.fullmatch(SOURCE_NAME, input.name):
        raise invalid(
            "name",
            "not_a_name",
            "A name has small letters, digits, - and _, begins with a letter or digit, and is at most 63 characters long.",
            "名称由小写字母、数字、- 和 _ 组成，以字母或数字开头，最多 63 个字符。",
        )
    if title is not None and not 1 <= len(title) <= LONGEST_TITLE:
        raise invalid("title", "length", "A title has 1 to 200 characters.", "标题为 1 至 200 个字符。")
    if not 0 < input.removal_limit <= 1:
        raise invalid("removalLimit", "out_of_range", "The share is above 0 and up to 1.", "该比例应大于 0 且不超过 1。")
    return SourceSettings(
        name=input.name,
        connector=input.connector,
        title=title,
        schedule=given(input.schedule),
        streams=given(input.streams),
        time_zone=input.time_zone,
        default_currency=given(input.default_currency),
        removal_limit=input.removal_limit,
        settings=collected(input.settings),
    )


def collected(settings: Sequence[SettingInput]) -> dict[str, Any]:
    """Return settings by name: text, a list of texts, or a table of them."""
    found: dict[str, Any] = {}
    for setting in settings:
        shapes = [one for one in (given(setting.value), given(setting.values), given(setting.entries)) if one is not None]
        name = setting.name
        if len(shapes) != 1 or name in found or len(settings) > MOST_SETTINGS or too_long(shapes):
            en = (
                f"Give each setting once, by `value`, `values` or `entries`, one of them; at most {MOST_SETTINGS} settings of "
                f"{MOST_ITEMS} items of {LONGEST_VALUE} characters."
            )
            zh = (
                f"每个设置只给一次，并且只用 `value`、`values` 或 `entries` 之一；最多 {MOST_SETTINGS} 个设置，"
                f"每个最多 {MOST_ITEMS} 项，每项最多 {LONGEST_VALUE} 个字符。"
            )
            raise invalid("settings", "one_form", en, zh, ErrorCode.VALIDATION_FAILED, name[:80])
        entries = given(setting.entries)
        found[name] = shapes[0] if entries is None else table(name, entries)
    return found


def too_long(shapes: Sequence[Any]) -> bool:
    """Say whether a setting is more than anybody means."""
    return any(
        len(shape) > (LONGEST_VALUE if isinstance(shape, str) else MOST_ITEMS)
        or any(isinstance(item, str) and len(item) > LONGEST_VALUE for item in shape)
        or any(len(item.value) > LONGEST_VALUE for item in shape if isinstance(item, SettingEntryInput))
        for shape in shapes
    )


def table(name: str, entries: Sequence[SettingEntryInput]) -> dict[str, Any]:
    """Return the entries of a table, or of a table of tables; each key once."""
    found: dict[str, Any] = {}
    for entry in entries:
        *outer, last = entry.keys or [""]
        inner = found.setdefault(outer[0], {}) if len(outer) == 1 else found
        if len(outer) > 1 or not entry.keys or not isinstance(inner, dict) or last in inner:
            en = f"An entry of {name[:80]} has one key, or two in a table of tables, and each key stands there once."
            zh = f"{name[:80]} 的每个条目有一个键（嵌套表中为两个），且每个键只出现一次。"
            raise invalid("settings", "not_a_table", en, zh, ErrorCode.VALIDATION_FAILED, name[:80])
        inner[last] = entry.value
    return found


async def removed(info: Info, input: DeleteSourceInput) -> int:
    """Remove a source of the API and return its id."""
    source_id = await seen(info, input.source_id)
    async with info.context.store.transaction() as connection:
        before = await held(info, connection, source_id)
        if before["managed_by"] == "file":
            en = "This source stands in channelhub.toml; take it out there, or pause it."
            zh = "该数据源由 channelhub.toml 管理；请在该文件中移除，或将其暂停。"
            raise refusing(ErrorCode.POLICY_DENIED, en, zh, "sourceId")
        try:
            source.demand_version(before, given(input.expected_version))
        except Declined as error:
            raise declined(error) from error
        if before["state"] != "disabled":
            await source.remove(connection, source_id)
            await note(info, connection, "removed", before)
    return source_id


async def moved(info: Info, id: strawberry.ID, action: str, move: Callable[[Connection, int], Awaitable[None]]) -> int:
    """Pause or resume a source, unless it is so already, and return its id."""
    source_id = await seen(info, id)
    async with info.context.store.transaction() as connection:
        before = await held(info, connection, source_id)
        if before["state"] in ("disabled", "broken"):
            en = f"The source is {before['state']}; it can neither be paused nor resumed."
            zh = f"该数据源的状态为 {before['state']}，无法暂停或恢复。"
            raise refusing(ErrorCode.SOURCE_UNAVAILABLE, en, zh, "sourceId")
        if before["state"] != {"paused": "paused", "resumed": "active"}[action]:
            await move(connection, source_id)
            await note(info, connection, action, before)
    return source_id


async def tried(info: Info, input: CheckSourceInput) -> int:
    """Ask for a try and return its id; the sweep finds one that is not deferred."""
    source_id = await seen(info, input.source_id)
    async with info.context.store.transaction() as connection:
        before = await held(info, connection, source_id)
        if before["state"] in ("disabled", "broken"):
            en = f"The source is {before['state']}; there is nothing to try."
            zh = f"该数据源的状态为 {before['state']}，无法检查。"
            raise refusing(ErrorCode.SOURCE_UNAVAILABLE, en, zh, "sourceId")
        check_id = await source_check.ask(connection, source_id, info.context.viewer.user_id)
    if info.context.jobs is not None:
        await info.context.jobs.defer_check()
    return check_id


async def seen(info: Info, id: strawberry.ID) -> int:
    """Return the id of a source the caller may see."""
    source_id = checked_id("sourceId", id, "Source")
    if not await read_seen(info._raw_info, "Source", [source_id]):
        raise not_found("sourceId", "Source")
    return source_id


async def held(info: Info, connection: Connection, source_id: int) -> Mapping[str, Any]:
    """Return a source, held until the transaction ends."""
    found = await source.find(connection, source_id)
    if found is None:
        raise not_found("sourceId", "Source")
    return found


async def note(info: Info, connection: Connection, action: str, before: Mapping[str, Any]) -> None:
    """Write down who did what to a source."""
    facts = {"name": before["name"], "state": before["state"]}
    actor_id = info.context.viewer.user_id
    await write(connection, Entry(actor_id=actor_id, action=action, noun="source", subject_id=before["id"], before=facts))
