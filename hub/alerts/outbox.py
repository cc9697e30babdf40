"""The outbox: every delivery ends in one recorded outcome.

Taking a delivery for a try and settling it are two transactions with the sending between them. Two notifiers never hold
one delivery at a time. A process that dies after sending and before settling sends that message again ten minutes later:
a message may come twice, it is never lost.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from hub.clock import now
from hub.store.database import Connection
from hub.store.statements import statement

MOST_ATTEMPTS = 6
FIRST_WAIT = timedelta(seconds=30)
GROWTH = 4


class Due(Struct, frozen=True, kw_only=True):
    """A delivery taken for one try, of an alert or a digest. `recipient` is an e-mail address or the reference of a target."""

    id: int
    alert_id: int | None
    digest_id: int | None
    route: str
    channel: str
    recipient: str
    user_id: int | None
    attempts: int


async def due(connection: Connection, *, many: int = 50) -> list[Due]:
    """Take up to so many due deliveries for one try each; the caller settles every one after committing."""
    values = {"now": now(), "most": MOST_ATTEMPTS, "many": many}
    await connection.execute(GIVE_UP.sql, *GIVE_UP.arguments(values))
    rows = await connection.fetch(DUE.sql, *DUE.arguments(values))
    return [Due(**dict(row)) for row in sorted(rows, key=lambda row: int(row["id"]))]


async def settle(connection: Connection, tried: Due, error: str | None) -> str:
    """Record how a try went and return the delivery's state: delivered, retrying or, after the sixth try, failed."""
    at: datetime | None = None
    if error is None:
        state = "delivered"
    elif tried.attempts >= MOST_ATTEMPTS:
        state = "failed"
    else:
        state, at = "retrying", now() + wait(tried.attempts)
    values = {"id": tried.id, "attempts": tried.attempts, "state": state, "error": error, "next_attempt_at": at}
    await connection.execute(SETTLE.sql, *SETTLE.arguments(values))
    return state


def wait(attempts: int) -> timedelta:
    """Return the time until the next try: 30 s, 2 min, 8 min, 32 min, 128 min."""
    return FIRST_WAIT * int(GROWTH ** (attempts - 1))


DUE = statement("alert", "due")
GIVE_UP = statement("alert", "give_up")
SETTLE = statement("alert", "settle")
