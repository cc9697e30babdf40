"""What time alone brings: alerts nobody acknowledged are passed on, and receivers get their digest."""

from datetime import datetime

from msgspec import Struct

from hub.alerts.digest import rounds_due, write_round
from hub.alerts.escalation import close_alerts, escalate, waiting
from hub.clock import now
from hub.settings import Settings
from hub.store.conflict import FINDINGS_LOCK
from hub.store.database import Store


class Reminded(Struct, frozen=True, kw_only=True):
    """What was done: alerts closed and passed on, digests written."""

    closed: int = 0
    escalated: int = 0
    digests: int = 0


async def remind(store: Store, settings: Settings, *, at: datetime | None = None) -> Reminded:
    """Do what is due at an instant (default: now). Two at once, or one again after a crash, do nothing twice."""
    moment = at or now()
    async with store.transaction() as connection:
        closed = await close_alerts(connection)
        escalated = await escalate(connection, moment, mail=settings.smtp is not None)
    digests = 0
    async with store.connection() as connection:
        rounds = await rounds_due(connection, moment)
    for one in rounds:
        async with store.transaction() as connection:
            # What a detection that began before the digest's hour finds belongs to this day, and is there once it has ended.
            await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", FINDINGS_LOCK)
            digests += await write_round(connection, settings, one, moment)
    return Reminded(closed=closed, escalated=escalated, digests=digests)


async def anything_due(store: Store, at: datetime) -> bool:
    """Say whether there would be anything to do."""
    async with store.connection() as connection:
        return await waiting(connection, at) or bool(await rounds_due(connection, at))
