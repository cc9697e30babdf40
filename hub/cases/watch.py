"""What time does to cases: a step that is overdue is told of, and a case nobody took up ends. Nothing else moves by itself."""

from datetime import datetime, timedelta

from hub.cases.case import act
from hub.conflicts.grouping import CaseChange
from hub.conflicts.procedure import EXPIRING, EXPIRY_DAYS
from hub.store.database import Connection
from hub.store.event import Happening


async def watch(connection: Connection, at: datetime) -> tuple[list[CaseChange], list[Happening]]:
    """Look at the clocks of all open cases once; return what receivers and what subscribers may hear. Twice does nothing."""
    values = {"at": at, "states": sorted(EXPIRING), "idle_since": at - timedelta(days=EXPIRY_DAYS)}
    ended = await act(connection, "expire", values)
    late = await act(connection, "late", values)
    changes = [
        CaseChange(case_id=row["id"], reason="sla", band=row["band"], rule=row["rule"], score=float(row["score"]))
        for row in late
    ]
    return changes, [
        *(Happening("case", "closed", row["id"], {"step": row["step"]}) for row in ended),
        *(Happening("case", "commented", row["id"], {"step": row["step"]}) for row in late),
    ]
