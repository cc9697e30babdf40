"""Where backtests rest: what was asked, what came out, and each finding that differed."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from hub.clock import now
from hub.errors import SettingsError
from hub.store.base import ArrayField, Now, Numeric, Row, empty_array
from hub.store.database import Connection
from hub.store.statements import prepared


class BacktestRow(Row):
    """One question and, once done, its answer. `files` are the texts of a draft that a worker reads.

    `from_day` and `to_day` are both included. `ground` is equal for two backtests whose present policy found the same.
    """

    name = fields.TextField(null=True)
    state = fields.TextField(db_default="queued")
    requested_by = fields.BigIntField(null=True)
    requested_at = fields.DatetimeField(db_default=Now())
    finished_at = fields.DatetimeField(null=True)
    from_day = fields.DateField()
    to_day = fields.DateField()
    judged_at = fields.DatetimeField()
    rule_names = ArrayField("text", db_default=empty_array("text"))
    files = fields.JSONField[dict[str, str]](db_default={})
    present_version = fields.IntField(null=True)
    draft_version = fields.IntField(null=True)
    watermark = fields.JSONField[dict[str, object]](db_default={})
    ground = fields.TextField(null=True)
    runtime_ms = fields.IntField(null=True)
    added_count = fields.IntField(null=True)
    removed_count = fields.IntField(null=True)
    changed_count = fields.IntField(null=True)
    alerts_per_week = fields.FloatField(null=True)
    report = fields.JSONField[dict[str, object]](db_default={})
    error = fields.TextField(null=True)

    class Meta:
        table = "backtest"
        unique_together = (("name",),)
        indexes = (Index(fields=("requested_at", "id")), Index(fields=("state",)))


class BacktestDifferenceRow(Row):
    """One finding that the draft would add, remove or change; what is null is no finding on that side."""

    backtest_id = fields.BigIntField()
    position = fields.IntField()
    finding_key = fields.TextField()
    rule = fields.TextField()
    partner_id = fields.BigIntField(null=True)
    accused = fields.TextField()
    victim = fields.TextField()
    product_group = fields.TextField()
    base_sku = fields.TextField()
    region = fields.TextField()
    event_day = fields.DateField()
    change = fields.TextField()
    class_before = fields.TextField(null=True)
    class_after = fields.TextField(null=True)
    score_before = Numeric(null=True)
    score_after = Numeric(null=True)
    band_before = fields.TextField(null=True)
    band_after = fields.TextField(null=True)
    verdict = fields.TextField(null=True)

    class Meta:
        table = "backtest_difference"
        unique_together = (("backtest_id", "position"), ("backtest_id", "finding_key"))


DIFFERENCE = (
    "backtest_id", "position", "finding_key", "rule", "partner_id", "accused", "victim", "product_group", "base_sku",
    "region", "event_day", "change", "class_before", "class_after", "score_before", "score_after", "band_before",
    "band_after", "verdict",
)  # fmt: skip


async def ask(
    connection: Connection,
    *,
    name: str | None,
    from_day: date,
    to_day: date,
    at: datetime,
    rules: Sequence[str],
    files: Mapping[str, str] | None = None,
    user_id: int | None = None,
) -> int:
    """Note what is asked and return its id. Raises SettingsError when the name is taken."""
    made = await connection.fetchval(
        *prepared(
            "backtest", "ask", called=name, from_day=from_day, to_day=to_day, at=at, rules=list(rules), files=dict(files or {}),
            user_id=user_id,
        )
    )  # fmt: skip
    if made is None:
        raise taken(str(name))
    return int(made)


async def refuse_taken(connection: Connection, name: str) -> None:
    """Raise SettingsError when a backtest has the name."""
    if await connection.fetchrow(*prepared("backtest", "by_name", called=name)) is not None:
        raise taken(name)


def taken(name: str) -> SettingsError:
    return SettingsError(f"There is a backtest called {name} already; choose another name.")


async def waiting(connection: Connection) -> list[Mapping[str, Any]]:
    """Return what was asked and has no answer, in the order it was asked."""
    return [dict(row) for row in await connection.fetch(*prepared("backtest", "waiting"))]


async def answered(
    connection: Connection, backtest_id: int, summary: Mapping[str, object], differences: Sequence[Mapping[str, Any]]
) -> None:
    """Keep an answer with its differences, the largest change of score first."""
    rows = [
        (backtest_id, position, *(one[column] for column in DIFFERENCE[2:]))
        for position, one in enumerate(differences, start=1)
    ]
    await connection.copy_records_to_table("backtest_difference", records=rows, columns=DIFFERENCE)
    await connection.execute(*prepared("backtest", "answered", id=backtest_id, now=now(), **summary))


async def failed(connection: Connection, backtest_id: int, reason: str) -> None:
    """Note why there is no answer."""
    await connection.execute(*prepared("backtest", "failed", id=backtest_id, now=now(), reason=reason))


async def by_name(connection: Connection, name: str) -> Mapping[str, Any]:
    """Return a saved backtest. Raises SettingsError when there is none, or it has no answer."""
    row = await connection.fetchrow(*prepared("backtest", "by_name", called=name))
    if row is None:
        raise SettingsError(f"There is no backtest called {name}; `channelhub backtest list` names those there are.")
    if row["state"] != "done":
        raise SettingsError(f"The backtest {name} has no answer: it is {row['state']}.")
    return dict(row)


async def listed(connection: Connection) -> list[Mapping[str, Any]]:
    """Return the saved backtests, newest first."""
    return [dict(row) for row in await connection.fetch(*prepared("backtest", "listed"))]


async def apart(connection: Connection, one: int, other: int) -> list[Mapping[str, Any]]:
    """Return the findings on which the drafts of two backtests end differently, by rule and finding."""
    return [dict(row) for row in await connection.fetch(*prepared("backtest", "apart", one=one, other=other))]
