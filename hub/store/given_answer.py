"""Where the answers of mutations rest for a day, so that a repeated request gets its answer and does nothing."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from msgspec import Struct
from tortoise import fields
from tortoise.indexes import Index

from hub.clock import now
from hub.store.base import Now, Row
from hub.store.database import Connection
from hub.store.statements import statement

KEPT = timedelta(hours=24)


class GivenAnswerRow(Row):
    """`key` is the caller's own word for the request, `asked` the hash of what it asked for."""

    caller = fields.TextField()
    mutation = fields.TextField()
    key = fields.TextField()
    asked = fields.BinaryField()
    answer = fields.JSONField[dict[str, object]](db_default={})
    given_at = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "given_answer"
        unique_together = (("caller", "mutation", "key"),)
        indexes = (Index(fields=("given_at",)),)


class Repeated(Struct, frozen=True):
    """A request whose key was used before; `same` says whether it asked for the same."""

    answer: dict[str, Any]
    same: bool


async def find_answer(connection: Connection, caller: str, mutation: str, key: str, asked: bytes) -> Repeated | None:
    """Return what was answered to the key within a day; None when it is new, and then it is taken until the commit.

    A second request with the key waits for the first one's transaction.
    """
    await connection.execute(FORGET.sql, now() - KEPT)
    words = {"caller": caller, "mutation": mutation, "key": key, "asked": asked, "now": now()}
    if await connection.fetchval(TAKE.sql, *TAKE.arguments(words)) is not None:
        return None
    row = await connection.fetchrow(RECALL.sql, *RECALL.arguments(words))
    return Repeated(row["answer"], row["asked"] == asked)


async def keep_answer(connection: Connection, caller: str, mutation: str, key: str, answer: Mapping[str, object]) -> None:
    """Keep the answer to a key that was new."""
    words = {"caller": caller, "mutation": mutation, "key": key, "answer": dict(answer)}
    await connection.execute(KEEP.sql, *KEEP.arguments(words))


FORGET = statement("given_answer", "forget")
TAKE = statement("given_answer", "take")
RECALL = statement("given_answer", "recall")
KEEP = statement("given_answer", "keep")
