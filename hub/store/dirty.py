"""Where changed records wait to be judged."""

from collections.abc import Iterable, Mapping

from tortoise import fields

from hub.store.base import Now, Row
from hub.store.database import Connection
from hub.store.statements import statement


class DirtyRecordRow(Row):
    """One changed record. `old` holds what the judgement of the version before it hung on; null for a new record."""

    noun = fields.TextField()
    record_id = fields.BigIntField()
    old = fields.JSONField[dict[str, object]](null=True)
    marked_at = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "dirty_record"


Mark = tuple[str, int, Mapping[str, object] | None]  # noun, id, and the version before, None for a new record


async def mark(connection: Connection, marks: Iterable[Mark]) -> None:
    """Mark records as changed, each once: of several marks the first holds the version from before. Never blocks a detector."""
    first: dict[tuple[str, int], Mark] = {}
    for one in marks:
        first.setdefault((one[0], one[1]), one)
    changes = first.values()
    if not changes:
        return
    values = {
        "nouns": [noun for noun, _, _ in changes],
        "ids": [record_id for _, record_id, _ in changes],
        "olds": [old for _, _, old in changes],
    }
    await connection.execute(MARK.sql, *MARK.arguments(values))


async def waiting(connection: Connection) -> int:
    """Return how many marks there are."""
    number: int = await connection.fetchval(WAITING.sql)
    return number


async def take(connection: Connection, limit: int | None) -> int:
    """Lay up to so many marks (None: all) into the temporary table `changed` and return their number.

    The marks stay locked until the transaction ends; those another transaction holds are skipped.
    """
    await connection.execute(CHANGED.sql)
    taken: int = await connection.fetchval(TAKE.sql, *TAKE.arguments({"limit": limit}))
    return taken


async def settle(connection: Connection) -> None:
    """Remove the marks that `take` laid out. In the transaction that commits what they led to, so that none is lost."""
    await connection.execute(SETTLE.sql)


MARK = statement("dirty", "mark")
CHANGED = statement("dirty", "changed")
TAKE = statement("dirty", "take")
WAITING = statement("dirty", "waiting")
SETTLE = statement("dirty", "settle")
