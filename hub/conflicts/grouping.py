"""Findings that belong together become one case: opened, joined, weighed, and closed when their data went."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

from msgspec import Struct

from hub.conflicts.calendar import due
from hub.conflicts.policy import Policies
from hub.conflicts.statements import run
from hub.store.database import Connection
from hub.store.event import Happening
from hub.store.statements import read_statements

ALERTED: Mapping[str, Literal["opened", "band_up", "evidence_changed"]] = {
    "opened": "opened",
    "band_up": "band_up",
    "evidence_changed": "evidence_changed",
}


class CaseChange(Struct, frozen=True, kw_only=True):
    """Something a case's receivers may have to hear of. `band` and `score` are the case's as they are now."""

    case_id: int
    reason: Literal["opened", "band_up", "sla", "evidence_changed"]
    band: str
    rule: str
    score: float


async def attach(connection: Connection, policies: Policies, at: datetime) -> tuple[list[CaseChange], list[Happening]]:
    """Bring the findings that changed into their cases; return what receivers and what subscribers may hear."""
    values = {"at": at, "due_at": due(at, "detected", policies)}
    for name in ("leave", "join", "open", "weigh", "run_dry"):
        await run(connection, GROUPING[name], values)
    told = await connection.fetch(GROUPING["told"].sql)
    changes = [
        CaseChange(
            case_id=row["case_id"],
            reason=ALERTED[row["kind"]],
            band=row["band"],
            rule=row["rule"],
            score=float(row["score"]),
        )
        for row in told
        if row["kind"] in ALERTED
    ]
    return changes, [Happening("case", row["kind"], row["case_id"]) for row in told]


GROUPING = read_statements(Path(__file__).with_name("grouping.sql"))
