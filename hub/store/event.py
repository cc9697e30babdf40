"""Where things that happened rest until every subscriber had its chance."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import ArrayField, Now, Row, empty_array
from hub.store.database import Connection
from hub.store.statements import statement

EVENT_CHANNEL = "hub_event"


class EventRow(Row):
    """`number` follows commit order without gaps. `topic` is conflict, case, sync, order or inventory.

    `subject_id` is what it happened to. What a sync changed is told of many records at once: then it is the run, and
    `subject_ids` are the records.
    """

    number = fields.BigIntField()
    topic = fields.TextField()
    kind = fields.TextField()
    subject_id = fields.BigIntField()
    subject_ids = ArrayField("bigint", db_default=empty_array("bigint"))
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
    """Something to tell subscribers: `kind` is what happened to the subject, or to the subjects."""

    topic: str
    kind: str
    subject_id: int
    body: Mapping[str, object] = {}
    subject_ids: Sequence[int] = ()


async def publish(connection: Connection, happenings: Sequence[Happening]) -> None:
    """Write events as the last thing of a transaction: the counter's lock is held until it commits."""
    if not happenings:
        return
    first = await connection.fetchval(
        "UPDATE event_counter SET number = number + $1 RETURNING number - $1 + 1", len(happenings)
    )
    await connection.execute(
        """
        INSERT INTO event (number, topic, kind, subject_id, body, subject_ids)
        SELECT $1 + item.place - 1, item.topic, item.kind, item.subject_id, item.body, item.subject_ids::bigint[]
          FROM unnest($2::text[], $3::text[], $4::bigint[], $5::jsonb[], $6::text[])
               WITH ORDINALITY AS item (topic, kind, subject_id, body, subject_ids, place)
        """,
        first,
        [happening.topic for happening in happenings],
        [happening.kind for happening in happenings],
        [happening.subject_id for happening in happenings],
        [dict(happening.body) for happening in happenings],
        # As text, for arrays of arrays must all have one length.
        [f"{{{','.join(map(str, happening.subject_ids))}}}" for happening in happenings],
    )
    await connection.execute("SELECT pg_notify('hub_event', $1::text)", str(first + len(happenings) - 1))


async def last_numbers(connection: Connection, after: int) -> dict[str, int]:
    """Return the number of each topic's last event after this one."""
    return {row["topic"]: row["number"] for row in await connection.fetch(LAST_NUMBERS.sql, after)}


LAST_NUMBERS = statement("event", "last_numbers")
FORGET = statement("event", "forget")


async def forget(connection: Connection) -> None:
    """Drop events nobody can follow any more: progress after a day, changes of records after a week, others after 30 days."""
    await connection.execute(FORGET.sql)
