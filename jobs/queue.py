"""The queue: what is to be done by whichever worker is free. The only file that knows Procrastinate.

Procrastinate speaks psycopg on the address we speak asyncpg on, so a row and its job are never one transaction: the row
is the order, the job only a reminder of it, and `sweep` reminds again. A job that runs twice finds nothing to do.
Never a `queueing_lock`: with a lock beside it, one stalled job wedges its source for good.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import structlog

from hub.records.message import SyncMode
from hub.settings import Settings
from hub.store.database import Store
from hub.store.statements import statement

if TYPE_CHECKING:
    from procrastinate import App

log = structlog.get_logger(__name__)

# Beside the locks of migration, detection and clock.
SCHEMA_LOCK = 7_310_004
GRACE_S = 20
STALLED_S = 60
AGAIN_S = 5
# A job whose lock came free is only found by looking.
POLL_S = 1.0
LIVE = ("todo", "doing")


@dataclass(frozen=True)
class Queue:
    """The open queue. What is deferred runs once the transaction that wrote its row has committed, not before."""

    app: "App"
    store: Store
    settings: Settings

    async def defer_sync(self, run_ids: Sequence[int]) -> None:
        """Have these requested runs, replays among them, done: each source's in the order given, one at a time."""
        async with self.store.connection() as connection:
            runs = await connection.fetch(RUNS.sql, list(run_ids))
        jobs: dict[int, int] = {}
        # One job for all runs of a source: the next one would wait for a free worker to look for it.
        for source in dict.fromkeys(row["source"] for row in runs):
            ids = [row["id"] for row in runs if row["source"] == source]
            task = self.app.configure_task("sync", lock=f"sync:{source}")
            jobs |= dict.fromkeys(ids, await task.defer_async(run_ids=ids))
        async with self.store.connection() as connection:
            await connection.execute(ATTACH.sql, *ATTACH.arguments({"run_ids": list(jobs), "job_ids": list(jobs.values())}))

    async def defer_detect(self, *, full: bool = False) -> None:
        """Have the changed records judged, or with `full` all. A job that waits already will see them too, so there is one."""
        if full:
            await self._once("detect_all", lock="detect")
        else:
            await self._once("detect")

    async def defer_notify(self) -> None:
        """Have the due deliveries sent, under the same promise."""
        await self._once("notify")

    async def defer_backtest(self) -> None:
        """Have the backtests that wait answered, one after the other, under the same promise."""
        await self._once("backtest")

    async def defer_check(self) -> None:
        """Have the sources tried that somebody asked about, under the same promise."""
        await self._once("check")

    async def defer_remind(self) -> None:
        """Have what time brings done, under the same promise."""
        await self._once("remind")

    async def sheet_source(self, name: str) -> int:
        """Return the source that takes sheets under this name, declared when it is new. Raises Declined."""
        from jobs.uploads import sheet_source

        return await sheet_source(self.store, self.settings, name)

    async def runs_in_hand(self) -> set[int]:
        """Return the runs that have a job which waits or runs."""
        jobs = [job for status in LIVE for job in await self.app.job_manager.list_jobs_async(task="sync", status=status)]
        return {int(str(run_id)) for job in jobs for run_id in cast("list[int]", job.task_kwargs["run_ids"])}

    async def retry_stalled(self) -> int:
        """Give the jobs of workers that fell silent to others; return how many."""
        stalled = list(await self.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_S))
        for job in stalled:
            await self.app.job_manager.retry_job(job)
        return len(stalled)

    async def work(self, *, concurrency: int) -> None:
        """Do jobs until cancelled, then let those under way finish for 20 s.

        A worker that loses the database starts again when it is back.
        """
        while True:
            try:
                await self.app.run_worker_async(
                    concurrency=concurrency,
                    install_signal_handlers=False,
                    fetch_job_polling_interval=POLL_S,
                    shutdown_graceful_timeout=GRACE_S,
                    stalled_worker_timeout=STALLED_S,
                    delete_jobs="successful",
                )
            except Exception as error:  # the library's connection errors share no base of their own
                log.warning("worker stopped", reason=type(error).__name__)
            await asyncio.sleep(AGAIN_S)

    async def _once(self, name: str, lock: str | None = None) -> None:
        # A waiting job starts after this look, so it sees what was committed before it.
        if not list(await self.app.job_manager.list_jobs_async(task=name, status="todo")):
            await self.app.configure_task(name, lock=lock or name).defer_async()


@asynccontextmanager
async def open_queue(store: Store, settings: Settings, *, connections: int = 4) -> AsyncIterator[Queue]:
    """Open the queue for as long as the block runs."""
    import procrastinate

    # Its lines repeat ours job by job.
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    connector = procrastinate.PsycopgConnector(conninfo=store.address, min_size=1, max_size=connections)
    queue = Queue(procrastinate.App(connector=connector), store, settings)
    register(queue, settings)
    async with queue.app.open_async():
        yield queue


def register(queue: Queue, settings: Settings) -> None:
    """Tell the queue what each task does. Retries are the sweep's: a job that waits for its time would block its lock."""
    store = queue.store

    async def sync(run_ids: list[int]) -> None:
        for run_id in run_ids:
            await carry_out(run_id)

    async def carry_out(run_id: int) -> None:
        from jobs.replay import replay_run
        from jobs.sync import sync

        async with store.connection() as connection:
            mode = await connection.fetchval(MODE.sql, run_id)
        if mode == SyncMode.REPLAY:
            await replay_run(store, settings, run_id)
            await queue.defer_detect()
            return
        outcome = await sync(store, settings, run_id, resumes=True)
        if outcome is not None and outcome.nouns:
            await queue.defer_detect()

    async def detect() -> None:
        from jobs.detect import detect

        await detect(store, settings)
        await queue.defer_notify()

    async def detect_all() -> None:
        from jobs.detect import detect

        await detect(store, settings, full=True)
        await queue.defer_notify()

    async def check() -> None:
        from jobs.check import answer_waiting

        await answer_waiting(store, settings)

    async def notify() -> None:
        from jobs.notify import notify

        await notify(store, settings)

    async def backtest() -> None:
        from jobs.backtest import answer_waiting

        await answer_waiting(store)

    async def remind() -> None:
        from jobs.remind import remind

        await remind(store, settings)
        await queue.defer_notify()

    for task in (sync, detect, detect_all, check, notify, remind, backtest):
        queue.app.task(name=task.__name__)(task)


async def migrate(store: Store) -> list[str]:
    """Make the queue's own tables when they are absent; return what was made, for a person to read."""
    async with store.connection() as guard:
        if await guard.fetchval(PRESENT.sql):
            return []
        await guard.execute("SELECT pg_advisory_lock($1)", SCHEMA_LOCK)
        try:
            if await guard.fetchval(PRESENT.sql):
                return []
            await make_tables(store.address)
            return ["queue"]
        finally:
            await guard.execute("SELECT pg_advisory_unlock($1)", SCHEMA_LOCK)


async def make_tables(address: str) -> None:
    """Make the queue's tables."""
    import procrastinate

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=address, min_size=1, max_size=1))
    async with app.open_async():
        await app.schema_manager.apply_schema_async()


MODE = statement("job", "mode")
PRESENT = statement("job", "present")
RUNS = statement("job", "runs")
ATTACH = statement("job", "attach")
