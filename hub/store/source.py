"""Where sources and their streams rest: what is configured, how far each stream has read, and who may write."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from tortoise import fields

from hub.store.base import Now, Row
from hub.store.database import Connection


class SourceRow(Row):
    """One configured account of a connector. `managed_by` is `file` or `api`; never both for one name.

    `settings` are kept for those of the api alone, with secrets as references.
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
    """Bring a source and its streams up to what is declared; return the source's id. Bookmarks stay as they are."""
    source_id: int = await connection.fetchval(
        """
        INSERT INTO source (name, title, connector, connector_version, kind, quality, time_zone, default_currency,
                            is_masters, managed_by, settings)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ON CONFLICT (name) DO UPDATE
           SET title = excluded.title, connector = excluded.connector, connector_version = excluded.connector_version,
               kind = excluded.kind, quality = excluded.quality, time_zone = excluded.time_zone,
               default_currency = excluded.default_currency, is_masters = excluded.is_masters,
               managed_by = excluded.managed_by, settings = excluded.settings,
               state = CASE WHEN source.state = 'disabled' THEN 'active' ELSE source.state END
        RETURNING id
        """,
        *(getattr(entry, name) for name in entry.__struct_fields__),
    )
    await connection.execute(
        """
        INSERT INTO stream (source_id, name, position, model, schedule, deletes, freshness_s)
        SELECT $1, s.* FROM unnest($2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::int[]) AS s
            ON CONFLICT (source_id, name) DO UPDATE
           SET position = excluded.position, model = excluded.model, schedule = excluded.schedule,
               deletes = excluded.deletes, freshness_s = excluded.freshness_s
        """,
        source_id,
        *([getattr(stream, name) for stream in streams] for name in StreamEntry.__struct_fields__),
    )
    return source_id


async def disable_others(connection: Connection, names: Sequence[str]) -> None:
    """Disable sources that the file used to declare and does no longer; what they brought stays."""
    await connection.execute(
        "UPDATE source SET state = 'disabled' WHERE managed_by = 'file' AND NOT name = ANY($1::text[])", list(names)
    )


async def set_state(connection: Connection, source_id: int, state: str, reason: str | None = None) -> None:
    """Say whether a source can be read, and why not."""
    await connection.execute("UPDATE source SET state = $2, state_reason = $3 WHERE id = $1", source_id, state, reason)
