"""An alert that nobody acknowledged in time goes to the administrators, once; one whose case is over goes nowhere any more."""

from datetime import datetime

from hub.alerts.policy import alert_policy
from hub.alerts.post import post_escalations
from hub.store.database import Connection
from hub.store.statements import statement


async def close_alerts(connection: Connection) -> int:
    """Close the alerts of closed cases, and leave out what of them is still to be sent; return how many were closed."""
    closed: int = await connection.fetchval(CLOSE.sql)
    return closed


async def escalate(connection: Connection, at: datetime, *, mail: bool) -> int:
    """Pass on what is open and overdue; return how many alerts. Without `mail` they are only marked."""
    overdue = [row["id"] for row in await connection.fetch(ESCALATE.sql, *ESCALATE.arguments({"at": at}))]
    if overdue and mail:
        await post_escalations(connection, await alert_policy(connection, at), overdue, at)
    return len(overdue)


async def waiting(connection: Connection, at: datetime) -> bool:
    """Say whether anything is to be closed or passed on."""
    found: bool = await connection.fetchval(REMINDERS.sql, *REMINDERS.arguments({"at": at}))
    return found


CLOSE = statement("alert", "close")
ESCALATE = statement("alert", "escalate")
REMINDERS = statement("alert", "reminders")
