"""Where the tries of sources rest: who asked for one, and what the source said."""

from collections.abc import Mapping, Sequence
from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from hub.clock import now
from hub.store.base import ArrayField, Now, Row, empty_array
from hub.store.database import Connection
from hub.store.statements import prepared, statement


class SourceCheckRow(Row):
    """One try. `streams` are those the account has, each with its records where the source tells; `missing` are sentences."""

    source_id = fields.BigIntField()
    state = fields.TextField(db_default="queued")
    requested_at = fields.DatetimeField(db_default=Now())
    requested_by = fields.BigIntField(null=True)
    finished_at = fields.DatetimeField(null=True)
    account = fields.TextField(null=True)
    streams = fields.JSONField[list[dict[str, object]]](db_default=[])
    missing = ArrayField("text", db_default=empty_array("text"))
    error = fields.TextField(null=True)

    class Meta:
        table = "source_check"
        indexes = (Index(fields=("source_id", "requested_at")), Index(fields=("state",)))


async def ask(connection: Connection, source_id: int, user_id: int | None) -> int:
    """Note that a source shall be tried; one that waits already does for both. Return its id."""
    words = {"source_id": source_id, "user_id": user_id, "now": now()}
    return int(await connection.fetchval(*prepared("source_check", "ask", **words)))


async def waiting(connection: Connection) -> list[Mapping[str, Any]]:
    """Return what was asked for and has no answer, with the names of the sources, in the order it was asked."""
    return list(await connection.fetch(statement("source_check", "waiting").sql))


async def answered(
    connection: Connection, check_id: int, account: str, streams: Sequence[Mapping[str, object]], missing: Sequence[str]
) -> None:
    """Keep what the source said."""
    words = {"account": account, "streams": list(streams), "missing": list(missing), "now": now()}
    await connection.execute(*prepared("source_check", "answered", id=check_id, **words))


async def failed(connection: Connection, check_id: int, reason: str) -> None:
    """Keep why the source said nothing."""
    await connection.execute(*prepared("source_check", "failed", id=check_id, reason=reason, now=now()))
