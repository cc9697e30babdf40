"""The clocks of cases: whoever has to know that a step is overdue is told, and what nobody took up ends."""

from datetime import datetime

from hub.alerts.routing import raise_alerts
from hub.cases.watch import watch
from hub.clock import now
from hub.conflicts.grouping import CaseChange
from hub.settings import Settings
from hub.store.database import Store
from hub.store.event import publish


async def watch_cases(store: Store, settings: Settings, *, at: datetime | None = None) -> list[CaseChange]:
    """Look at the clocks of all open cases once, in one transaction, and return what receivers were to hear of."""
    moment = at or now()
    async with store.transaction() as connection:
        changes, told = await watch(connection, moment)
        if changes:
            await raise_alerts(connection, settings, changes)
        await publish(connection, told)
    return changes
