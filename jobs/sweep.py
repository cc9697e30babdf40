"""What fell between two chairs is picked up: runs without a job, jobs without a worker, records nobody has judged.

Waiting is done here too: a run that broke off or was told to come back later is deferred when its time has come, an alert is
passed on, a digest's hour noticed, and the clocks of cases are looked at. Events that nobody can follow any more, files that
nobody added to a case, and uploads that were read or never imported are dropped; the marks of changes are put together.
"""

from hub.clock import now
from hub.store import attachment
from hub.store.change import settle
from hub.store.event import forget
from hub.store.statements import statement
from jobs.queue import Queue
from jobs.remind import anything_due
from jobs.uploads import tidy
from jobs.watch import watch_cases


async def sweep(queue: Queue) -> None:
    """Look once. Doing too much is harmless: a run is claimed once, and detection takes each mark once."""
    await queue.retry_stalled()
    async with queue.store.connection() as connection:
        await connection.execute(AGAIN.sql, *AGAIN.arguments({"now": now()}))
        due = [row["id"] for row in await connection.fetch(UNATTENDED.sql, *UNATTENDED.arguments({"now": now()}))]
        work = await connection.fetchrow(OPEN_WORK.sql, *OPEN_WORK.arguments({"now": now()}))
        await forget(connection)
        await attachment.forget(connection)
        await settle(connection)
    await tidy(queue.store, queue.settings)
    await watch_cases(queue.store, queue.settings)
    if due:
        in_hand = await queue.runs_in_hand()
        await queue.defer_sync([run for run in due if run not in in_hand])
    if work["records"]:
        await queue.defer_detect()
    if work["deliveries"]:
        await queue.defer_notify()
    if work["backtests"]:
        await queue.defer_backtest()
    if work["checks"]:
        await queue.defer_check()
    if await anything_due(queue.store, now()):
        await queue.defer_remind()


AGAIN = statement("job", "again")
UNATTENDED = statement("job", "unattended")
OPEN_WORK = statement("job", "open_work")
