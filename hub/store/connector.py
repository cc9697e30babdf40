"""Where it is noted which connectors are installed, for whoever wants to make a source of one."""

from collections.abc import Sequence

from msgspec import Struct, to_builtins
from tortoise import fields

from hub.store.base import ArrayField, Row, empty_array
from hub.store.database import Connection
from hub.store.statements import prepared


class ConnectorRow(Row):
    """One connector, as the process that started last found it. `broken` says why it cannot be used."""

    name = fields.TextField()
    title = fields.TextField()
    kind = fields.TextField(null=True)
    version = fields.TextField(db_default="")
    quality = fields.TextField(db_default="unrated")
    streams = ArrayField("text", db_default=empty_array("text"))
    settings = fields.JSONField[list[dict[str, object]]](db_default=[])
    broken = fields.TextField(null=True)

    class Meta:
        table = "connector"
        unique_together = (("name",),)


class SettingEntry(Struct, frozen=True, kw_only=True):
    """One setting a source of the connector has; `default` as text."""

    name: str
    help: str
    type: str
    example: str | None
    default: str | None
    required: bool
    secret: bool


class ConnectorEntry(Struct, frozen=True, kw_only=True):
    """A connector as its manifest describes it."""

    name: str
    title: str
    kind: str | None = None
    version: str = ""
    quality: str = "unrated"
    streams: tuple[str, ...] = ()
    settings: tuple[SettingEntry, ...] = ()
    broken: str | None = None


async def declare_connectors(connection: Connection, entries: Sequence[ConnectorEntry]) -> None:
    """Note these connectors and no other ones; what is noted already is not written again."""
    plain = [to_builtins(entry) for entry in entries]
    await connection.execute(*prepared("connector", "forget_others", names=[entry.name for entry in entries]))
    await connection.execute(*prepared("connector", "declare", entries=plain))
