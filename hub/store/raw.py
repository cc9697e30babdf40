"""Where payloads rest as they arrived, and those that were set aside."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import Any

from msgspec import Struct
from tortoise import fields
from tortoise.indexes import Index

from hub.records.message import reason_of
from hub.store.base import Now, Row
from hub.store.bulk import Table, copy_new, ids
from hub.store.database import Connection
from hub.store.statements import statement


class RawRecordRow(Row):
    """The latest payload of one key of one stream.

    `raw_hash` is over the bytes, `content_hash` over the canonical JSON without volatile fields; both 128 bits. `scan` is
    the last complete scan that saw the key, `missed` how many in a row did not.
    """

    stream_id = fields.BigIntField()
    key = fields.TextField()
    raw_hash = fields.BinaryField()
    content_hash = fields.BinaryField()
    body = fields.BinaryField()
    content_type = fields.TextField(db_default="application/json")
    version = fields.TextField(null=True)
    place = fields.JSONField[dict[str, object]](null=True)
    run_id = fields.BigIntField()
    received_at = fields.DatetimeField(db_default=Now())
    scan = fields.IntField(db_default=0)
    missed = fields.IntField(db_default=0)
    deleted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "raw_record"
        unique_together = (("stream_id", "key"),)


class RawHistoryRow(Row):
    """A payload that a newer one replaced."""

    raw_id = fields.BigIntField()
    stream_id = fields.BigIntField()
    raw_hash = fields.BinaryField()
    body = fields.BinaryField()
    version = fields.TextField(null=True)
    place = fields.JSONField[dict[str, object]](null=True)
    run_id = fields.BigIntField()
    received_at = fields.DatetimeField()
    superseded_at = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "raw_history"
        indexes = (Index(fields=("raw_id",)), Index(fields=("superseded_at",)))


class RejectRow(Row):
    """One payload in quarantine. `identity` is its key where it has one, else its place or its hash.

    `waits_noun` and `waits_key` name the missing record of a broken reference.
    """

    source_id = fields.BigIntField()
    stream_id = fields.BigIntField()
    run_id = fields.BigIntField()
    identity = fields.TextField()
    key = fields.TextField(null=True)
    body = fields.BinaryField()
    version = fields.TextField(null=True)
    reason = fields.TextField()
    code = fields.TextField()
    field = fields.TextField(null=True)
    value = fields.TextField(null=True)
    message = fields.TextField()
    place = fields.JSONField[dict[str, object]](null=True)
    waits_noun = fields.TextField(null=True)
    waits_key = fields.TextField(null=True)
    state = fields.TextField(db_default="open")
    first_seen_at = fields.DatetimeField(db_default=Now())
    last_seen_at = fields.DatetimeField(db_default=Now())
    occurrences = fields.IntField(db_default=1)

    class Meta:
        table = "reject"
        unique_together = (("stream_id", "identity"),)
        indexes = (
            Index(fields=("last_seen_at", "id")),
            Index(fields=("state", "waits_noun")),
            Index(fields=("run_id",)),
        )


SQL = partial(statement, "raw")
LONGEST_KEY = 2_000
RAW = Table(
    "raw_record",
    (
        "id", "stream_id", "key", "raw_hash", "content_hash", "body", "version", "place", "run_id", "received_at", "scan",
    ),
    ("stream_id", "key"),
)  # fmt: skip
REJECT_COLUMNS = (
    "source_id", "stream_id", "run_id", "identity", "key", "body", "version", "reason", "code", "field", "value", "message",
    "place", "waits_noun", "waits_key",
)  # fmt: skip
LONGEST_VALUE = 200


class Known(Struct, frozen=True, gc=False):
    """What is stored under one key."""

    id: int
    raw_hash: bytes
    content_hash: bytes
    version: str | None
    deleted: bool


class Payload(Struct, frozen=True, kw_only=True, gc=False):
    """A payload on its way into the store."""

    key: str
    raw_hash: bytes
    content_hash: bytes
    body: bytes
    version: str | None
    place: dict[str, object] | None


class SetAsideRow(Struct, frozen=True, kw_only=True):
    """A payload on its way into quarantine."""

    body: bytes
    code: str
    message: str
    key: str | None = None
    version: str | None = None
    field: str | None = None
    value: str | None = None
    place: dict[str, object] | None = None
    waits: tuple[str, str] | None = None

    @property
    def identity(self) -> str:
        """Return what makes two rejects the same: the key, else the place, else the bytes."""
        if self.key is not None:
            return keyed(self.key)
        if self.place is not None:
            return f"place:{self.place['file']}:{self.place.get('sheet', '')}:{self.place.get('line', '')}"
        return f"bytes:{blake2b(self.body, digest_size=16).hexdigest()}"


def keyed(key: str) -> str:
    """Return the identity of a reject that has a key: that key, or what stands for one that is too long to be looked up by."""
    body = key.encode()
    return f"key:{key}" if len(body) <= LONGEST_KEY else f"key:{blake2b(body, digest_size=16).hexdigest()}"


async def known(connection: Connection, stream_id: int, keys: Sequence[str]) -> dict[str, Known]:
    """Return what is stored of these keys."""
    look_up = SQL("known")
    rows = await connection.fetch(look_up.sql, *look_up.arguments({"stream_id": stream_id, "keys": keys}))
    return {row["key"]: Known(row["id"], row["raw_hash"], row["content_hash"], row["version"], row["deleted"]) for row in rows}


async def keep_new(
    connection: Connection, stream_id: int, run_id: int, scan: int, at: datetime, payloads: Sequence[Payload]
) -> list[int]:
    """Store payloads of keys that are not stored yet; return their ids in the same order."""
    fresh = await ids(connection, len(payloads))
    await copy_new(
        connection,
        RAW,
        [
            (id, stream_id, p.key, p.raw_hash, p.content_hash, p.body, p.version, p.place, run_id, at, scan)
            for id, p in zip(fresh, payloads, strict=True)
        ],
    )
    return fresh


async def keep_changed(connection: Connection, run_id: int, at: datetime, payloads: Sequence[tuple[int, Payload]]) -> None:
    """Replace payloads, keeping what stood there before in the history."""
    if not payloads:
        return
    await connection.execute("CREATE TEMP TABLE staged_raw (LIKE raw_record INCLUDING DEFAULTS) ON COMMIT DROP")
    await connection.copy_records_to_table(
        "staged_raw",
        records=[(id, 0, p.key, p.raw_hash, p.content_hash, p.body, p.version, p.place, run_id, at, 0) for id, p in payloads],
        columns=RAW.columns,
    )
    await connection.execute(SQL("archive").sql)
    await connection.execute(SQL("replace").sql)
    await connection.execute("DROP TABLE staged_raw")


async def renew(connection: Connection, renewed: Sequence[tuple[int, bytes]]) -> None:
    """Remember the new bytes of payloads that mean the same as before."""
    if renewed:
        rows = SQL("renew")
        values = {"ids": [id for id, _ in renewed], "hashes": [hash for _, hash in renewed]}
        await connection.execute(rows.sql, *rows.arguments(values))


async def set_aside(
    connection: Connection, source_id: int, stream_id: int, run_id: int, rejects: Sequence[SetAsideRow]
) -> None:
    """Put payloads into quarantine."""
    last = {reject.identity: reject for reject in rejects}
    if not last:
        return
    await connection.execute("CREATE TEMP TABLE staged_reject (LIKE reject INCLUDING DEFAULTS) ON COMMIT DROP")
    await connection.copy_records_to_table(
        "staged_reject",
        records=[
            (
                source_id, stream_id, run_id, identity, r.key, r.body, r.version, reason_of(r.code).value, r.code, r.field,
                r.value and r.value[:LONGEST_VALUE], r.message, r.place, *(r.waits or (None, None)),
            )
            for identity, r in last.items()
        ],
        columns=REJECT_COLUMNS,
    )  # fmt: skip
    await connection.execute(SQL("set_aside").sql)
    await connection.execute("DROP TABLE staged_reject")


async def run(connection: Connection, name: str, **values: object) -> None:
    """Run one of this noun's statements that answers nothing."""
    one = SQL(name)
    await connection.execute(one.sql, *one.arguments(values))


async def rows(connection: Connection, name: str, **values: object) -> list[Any]:
    """Run one of this noun's statements and return its rows."""
    one = SQL(name)
    found: list[Any] = await connection.fetch(one.sql, *one.arguments(values))
    return found
