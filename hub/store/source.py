"""Where sources and their streams rest: what is configured, how far each stream has read, and who may write."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, structs
from tortoise import fields

from hub.clock import now
from hub.errors import Declined
from hub.store.base import Now, Row
from hub.store.database import Connection
from hub.store.event import Happening, publish
from hub.store.statements import prepared, statement


class SourceRow(Row):
    """One configured account of a connector. `managed_by` is `file` or `api`; never both for one name.

    `settings` is what was declared, with secrets as references; `version` grows with each change of it.
    """

    name = fields.TextField()
    title = fields.TextField()
    connector = fields.TextField()
    connector_version = fields.TextField(db_default="")
    quality = fields.TextField(db_default="unrated")
    kind = fields.TextField(db_default="file")
    state = fields.TextField(db_default="active")
    state_reason = fields.TextField(null=True)
    time_zone = fields.TextField(db_default="UTC")
    default_currency = fields.TextField(null=True)
    is_masters = fields.BooleanField(db_default=False)
    managed_by = fields.TextField(db_default="file")
    settings = fields.JSONField[dict[str, object]](db_default={})
    version = fields.IntField(db_default=1)
    next_run_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "source"
        unique_together = (("name",),)


class StreamRow(Row):
    """One stream's bookmark. `fence` grows with each claim; only the latest holder may commit."""

    source_id = fields.BigIntField()
    name = fields.TextField()
    position = fields.IntField(db_default=0)
    model = fields.TextField()
    schedule = fields.TextField(null=True)
    deletes = fields.TextField(db_default="none")
    freshness_s = fields.IntField(db_default=900)
    state = fields.JSONField[dict[str, object]](db_default={})
    watermark = fields.DatetimeField(null=True)
    fence = fields.BigIntField(db_default=0)
    scan = fields.IntField(db_default=0)
    data_version = fields.BigIntField(db_default=0)

    class Meta:
        table = "stream"
        unique_together = (("source_id", "name"),)


class SourceEntry(Struct, frozen=True, kw_only=True):
    """A source as it is declared."""

    name: str
    title: str
    connector: str
    connector_version: str
    kind: str
    quality: str
    time_zone: str = "UTC"
    default_currency: str | None = None
    is_masters: bool = False
    managed_by: str = "file"
    settings: Mapping[str, object] = {}


class StreamEntry(Struct, frozen=True, kw_only=True):
    """A stream as it is declared; `position` is its place in the manifest."""

    name: str
    position: int
    model: str
    schedule: str | None
    deletes: str
    freshness_s: int


async def declare(connection: Connection, entry: SourceEntry, streams: Sequence[StreamEntry]) -> int:
    """Bring a source and its streams up to what is declared; return the source's id. Bookmarks stay as they are.

    Raises Declined when the API declares what the file holds, or another connector under a name that has records.
    """
    source_id = await connection.fetchval(DECLARE.sql, *DECLARE.arguments(structs.asdict(entry)))
    if source_id is None:
        raise taken(entry.name)
    columns: dict[str, Any] = {name: [getattr(stream, name) for stream in streams] for name in StreamEntry.__struct_fields__}
    await connection.execute(DECLARE_STREAMS.sql, *DECLARE_STREAMS.arguments(columns | {"source_id": source_id}))
    await connection.execute(*prepared("source", "leave_streams", source_id=source_id, names=columns["name"]))
    return int(source_id)


def taken(name: str) -> Declined:
    """Return the refusal of a name that somebody took a moment ago."""
    return Declined(
        "policy",
        f"The name {name} is taken by channelhub.toml or by records of another connector; choose another name.",
        f"名称 {name} 已被 channelhub.toml 或另一连接器的记录占用；请另选名称。",
        field="name",
    )


def of_file(name: str) -> Declined:
    """Return the refusal to change what the file holds."""
    return Declined(
        "policy",
        f"The source {name} stands in channelhub.toml; change it there, or choose another name.",
        f"数据源 {name} 由 channelhub.toml 管理；请在该文件中修改，或另选名称。",
        field="name",
    )


def demand_version(there: Mapping[str, Any] | None, expected: int | None) -> None:
    """Refuse to change something else than the caller read."""
    version = None if there is None else there["version"]
    if expected is not None and expected != version:
        raise Declined(
            "stale",
            "The source has changed since you read it; read it again.",
            "该数据源在您读取之后已被更改；请重新读取。",
            field="expectedVersion",
            version=version,
        )


async def disable_others(connection: Connection, names: Sequence[str]) -> None:
    """Disable sources that the file used to declare and does no longer; what they brought stays."""
    await connection.execute(*prepared("source", "disable_others", names=list(names)))


async def taken_over(connection: Connection, names: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return the sources of the API whose names the file declares now."""
    return list(await connection.fetch(*prepared("source", "taken_over", names=list(names))))


async def of_api(connection: Connection) -> list[Mapping[str, Any]]:
    """Return name and settings of the sources made through the API, by name."""
    return list(await connection.fetch(statement("source", "of_api").sql))


async def find(connection: Connection, which: str | int) -> Mapping[str, Any] | None:
    """Return what is kept of a source, by its name or its id, and hold it until the transaction ends."""
    if isinstance(which, int):
        row = await connection.fetchrow(*prepared("source", "by_id", source_id=which))
    else:
        row = await connection.fetchrow(*prepared("source", "by_name", called=which))
    return None if row is None else dict(row)


async def set_state(connection: Connection, source_id: int, state: str, reason: str | None = None) -> None:
    """Say whether a source can be read, and why not; one that a person stopped stays stopped."""
    await connection.execute(*prepared("source", "find_fault", source_id=source_id, state=state, reason=reason))


async def pause(connection: Connection, source_id: int) -> None:
    """Stop reading a source. A run under way loses its stream and waits until the source is resumed."""
    await connection.execute(*prepared("source", "settle", source_id=source_id, state="paused"))
    await put_back(connection, source_id)


async def resume(connection: Connection, source_id: int) -> None:
    """Have a source read again, whatever kept it from that."""
    await connection.execute(*prepared("source", "settle", source_id=source_id, state="active"))


async def put_back(connection: Connection, source_id: int) -> None:
    """Have the runs under way begin again from their bookmarks: what was said of the source is no longer so."""
    await connection.execute(*prepared("source", "fence", source_id=source_id))
    runs = await connection.fetch(*prepared("source", "put_back", source_id=source_id))
    await publish(connection, [Happening("sync", "requested", row["id"]) for row in runs])


async def remove(connection: Connection, source_id: int) -> None:
    """Forget how a source is read and call its runs off; what it brought stays, and its name with it."""
    await connection.execute(*prepared("source", "delete", source_id=source_id))
    await connection.execute(*prepared("source", "fence", source_id=source_id))
    runs = await connection.fetch(*prepared("source", "call_off", source_id=source_id, now=now()))
    await publish(connection, [Happening("sync", "cancelled", row["id"]) for row in runs])


async def set_due(connection: Connection, source_id: int, at: datetime | None) -> None:
    """Say when a source is read next."""
    await connection.execute(*prepared("source", "due", source_id=source_id, at=at))


DECLARE = statement("source", "declare")
DECLARE_STREAMS = statement("source", "declare_streams")
