"""The queue holds reminders: doing one twice changes nothing, losing one is noticed."""

from pathlib import Path

import pytest

from hub.settings import Settings
from hub.store.database import Store
from jobs import queue
from jobs.queue import Queue, open_queue
from tests.runs import requested, source

SETTINGS = Settings(home=Path("."))


async def test_the_queues_tables_are_made_once(store: Store) -> None:
    assert await queue.migrate(store) == ["queue"]
    assert await queue.migrate(store) == []


async def test_runs_of_one_source_wait_for_one_another_in_the_order_given(store: Store) -> None:
    await queue.migrate(store)
    runs = [await requested(store, await source(store, name)) for name in ("shop", "shop", "erp")]
    async with open_queue(store, SETTINGS) as opened:
        await opened.defer_sync([runs[1], runs[0], runs[2]])
        assert await opened.runs_in_hand() == set(runs)
    async with store.connection() as connection:
        jobs = await connection.fetch(
            "SELECT lock, queueing_lock, args->'run_ids' AS runs FROM procrastinate_jobs ORDER BY lock, id"
        )
        attached = await connection.fetchval("SELECT count(*) FROM sync_run WHERE job_id IS NOT NULL")
    assert [(job["lock"], job["runs"]) for job in jobs] == [
        ("sync:erp", [runs[2]]),
        ("sync:shop", [runs[1], runs[0]]),
    ]
    assert all(job["queueing_lock"] is None for job in jobs)
    assert attached == 3


async def test_detection_that_waits_already_is_not_deferred_again(store: Store) -> None:
    await queue.migrate(store)
    async with open_queue(store, SETTINGS) as opened:
        for _ in range(3):
            await opened.defer_detect()
            await opened.defer_notify()
    async with store.connection() as connection:
        names = [row["task_name"] for row in await connection.fetch("SELECT task_name FROM procrastinate_jobs")]
    assert sorted(names) == ["detect", "notify"]


@pytest.mark.parametrize("silent_s", [10, 120])
async def test_a_job_whose_worker_fell_silent_is_given_to_another(store: Store, silent_s: int) -> None:
    await queue.migrate(store)
    run = await requested(store, await source(store, "shop"))
    async with open_queue(store, SETTINGS) as opened:
        await opened.defer_sync([run])
        await begun_by_a_worker(store, silent_s)
        stalled = silent_s > queue.STALLED_S
        assert await opened.retry_stalled() == int(stalled)
        assert await waiting(opened) == int(stalled)
        # A later run of the source is not wedged behind it.
        await opened.defer_sync([await requested(store, await source(store, "shop"))])
        assert await opened.retry_stalled() == 0


async def begun_by_a_worker(store: Store, silent_s: int) -> None:
    """Let a worker take the job and be heard of for the last time so many seconds ago."""
    async with store.connection() as connection:
        worker = await connection.fetchval(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - $1::int * interval '1 second') RETURNING id",
            silent_s,
        )
        await connection.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = $1", worker)


async def waiting(opened: Queue) -> int:
    """How many jobs wait."""
    return len(list(await opened.app.job_manager.list_jobs_async(status="todo")))
