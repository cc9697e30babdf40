"""Where things that happened rest until every subscriber had its chance."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Now, Row
from hub.store.database import Connection
from hub.store.statements import statement

EVENT_CHANNEL = "hub_event"


class EventRow(Row):
    """`number` follows commit order without gaps. `topic` is conflict, case or sync; `subject_id` what it happened to."""

    number = fields.BigIntField()
    topic = fields.TextField()
    kind = fields.TextField()
    subject_id = fields.BigIntField()
    body = fields.JSONField[dict[str, object]](db_default={})
    occurred_at = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "event"
        unique_together = (("number",),)
        indexes = (Index(fields=("topic", "number")),)


class EventCounterRow(Row):
    """One row; the last number given out. Updated last in a transaction, so numbers follow commit order."""

    number = fields.BigIntField(db_default=0)

    class Meta:
        table = "event_counter"


class Happening(Struct, frozen=True):
    """Something to tell subscribers: `topic` is conflict, case or sync, `kind` what happened to the subject."""

    topic: str
    kind: str
    subject_id: int
    body: Mapping[str, object] = {}


async def publish(connection: Connection, happenings: Sequence[Happening]) -> None:
    """Write events as the last thing of a transaction: the counter's lock is held until it commits."""
    if not happenings:
        return
    first = await connection.fetchval(
        "UPDATE event_counter SET number = number + $1 RETURNING number - $1 + 1", len(happenings)
    )
    await connection.execute(
        """
        INSERT INTO event (number, topic, kind, subject_id, body)
        SELECT $1 + item.place - 1, item.topic, item.kind, item.subject_id, item.body
          FROM unnest($2::text[], $3::text[], $4::bigint[], $5::jsonb[])
               WITH ORDINALITY AS item (topic, kind, subject_id, body, place)
        """,
        first,
        [happening.topic for happening in happenings],
        [happening.kind for happening in happenings],
        [happening.subject_id for happening in happenings],
        [dict(happening.body) for happening in happenings],
    )
    await connection.execute("SELECT pg_notify('hub_event', $1::text)", str(first + len(happenings) - 1))


async def last_numbers(connection: Connection, after: int) -> dict[str, int]:
    """Return the number of each topic's last event after this one."""
    return {row["topic"]: row["number"] for row in await connection.fetch(LAST_NUMBERS.sql, after)}


async def is_kept(connection: Connection, topic: str, number: int) -> bool:
    """Say whether this event of the topic is still here, and with it all that came after it."""
    return bool(await connection.fetchval(IS_KEPT.sql, *IS_KEPT.arguments({"topic": topic, "number": number})))


LAST_NUMBERS = statement("event", "last_numbers")
IS_KEPT = statement("event", "is_kept")


async def forget(connection: Connection) -> None:
    """Drop events nobody can follow any more: progress after a day, all others after 30 days."""
    await connection.execute(
        "DELETE FROM event WHERE occurred_at < now() - CASE topic WHEN 'sync' THEN interval '1 day' ELSE interval '30 days' END"
    )
