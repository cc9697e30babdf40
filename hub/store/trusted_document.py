"""Where documents rest that may be executed by their hash."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, to_builtins
from tortoise import fields

from hub.store.base import ArrayField, Now, Row
from hub.store.database import Connection
from hub.store.statements import prepared


class TrustedDocumentRow(Row):
    """A document that was found good. `hash` is the SHA-256 of `text`, 64 hexadecimal digits; `registered_by` null is the
    hub's own command line or a service. `maximum_cost` is what its dearest operation costs at most, in points."""

    hash = fields.TextField()
    text = fields.TextField()
    name = fields.TextField(null=True)
    operation_names = ArrayField("text")
    maximum_cost = fields.IntField(null=True)
    registered_at = fields.DatetimeField(db_default=Now())
    registered_by = fields.BigIntField(null=True)

    class Meta:
        table = "trusted_document"
        unique_together = (("hash",),)


class Trusted(Struct, frozen=True, kw_only=True):
    """A document to trust."""

    hash: str
    text: str
    name: str | None
    operation_names: Sequence[str]
    maximum_cost: int


async def register(connection: Connection, documents: Sequence[Trusted], user_id: int | None) -> list[int]:
    """Keep documents, those that are new with an entry of the audit log; return their ids in the order given."""
    await connection.execute(*prepared("trusted_document", "register", documents=to_builtins(documents), user_id=user_id))
    rows = await connection.fetch(*prepared("trusted_document", "ids", hashes=[one.hash for one in documents]))
    return [row["id"] for row in rows]


async def trusted_text(connection: Connection, hash: str) -> str | None:
    """Return the text of a trusted document."""
    text: str | None = await connection.fetchval(*prepared("trusted_document", "text", hash=hash))
    return text


async def listed(connection: Connection) -> list[Mapping[str, Any]]:
    """Return what is known of every trusted document but its text, by name."""
    return [dict(row) for row in await connection.fetch(*prepared("trusted_document", "listed"))]
