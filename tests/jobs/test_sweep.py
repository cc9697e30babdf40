"""What fell between two chairs is picked up."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from hub.settings import Settings
from hub.store.database import Store
from jobs import queue
from jobs.queue import Queue, open_queue
from jobs.sweep import sweep
from tests.runs import requested, source


@pytest.fixture
async def opened(store: Store) -> AsyncIterator[Queue]:
    """An open queue, at an hour whose digest is written."""
    await queue.migrate(store)
    async with store.connection() as connection:
        await connection.execute(
            "INSERT INTO digest_round (time_zone, day, until_at) SELECT 'UTC', day, now() FROM unnest($1::date[]) AS day",
            [ago(days=-days).date() for days in (0, 1)],
        )
    async with open_queue(store, Settings(home=Path("."))) as one:
        yield one


async def jobs(store: Store) -> list[str]:
    """The names of all jobs."""
    async with store.connection() as connection:
        return [row["task_name"] for row in await connection.fetch("SELECT task_name FROM procrastinate_jobs ORDER BY id")]


def ago(**span: float) -> datetime:
    """An instant before now."""
    return datetime.now(UTC) - timedelta(**span)


async def test_a_run_without_a_job_gets_one_and_only_one(store: Store, opened: Queue) -> None:
    run = await requested(store, await source(store, "shop"))
    await sweep(opened)
    await sweep(opened)
    assert await opened.runs_in_hand() == {run}
    assert await jobs(store) == ["sync"]


async def test_a_run_whose_job_is_gone_gets_another(store: Store, opened: Queue) -> None:
    run = await requested(store, await source(store, "shop"))
    await sweep(opened)
    async with store.connection() as connection:
        await connection.execute("UPDATE procrastinate_jobs SET status = 'failed'")
    await sweep(opened)
    assert await opened.runs_in_hand() == {run}


@pytest.mark.parametrize(
    ("state", "beat", "picked"), [("running", 120, True), ("running", 5, False), ("succeeded", 120, False)]
)
async def test_a_run_nobody_has_heard_of_is_picked_up(store: Store, opened: Queue, state: str, beat: int, picked: bool) -> None:
    run = await requested(store, await source(store, "shop"), state=state, beat_at=ago(seconds=beat))
    await sweep(opened)
    assert await opened.runs_in_hand() == ({run} if picked else set())


async def test_a_throttled_run_waits_for_its_time(store: Store, opened: Queue) -> None:
    shop, erp = await source(store, "shop"), await source(store, "erp")
    due = await requested(store, shop, state="rate_limited", retry_at=ago(seconds=1))
    await requested(store, erp, state="rate_limited", retry_at=ago(seconds=-60))
    await sweep(opened)
    assert await opened.runs_in_hand() == {due}


@pytest.mark.parametrize("state", ["partial", "failed"])
async def test_a_run_that_broke_off_is_followed_by_a_new_one(store: Store, opened: Queue, state: str) -> None:
    first = await requested(store, await source(store, "shop"), state=state, retry_at=ago(minutes=1))
    await sweep(opened)
    await sweep(opened)
    (follower,) = await opened.runs_in_hand()
    assert follower != first
    async with store.connection() as connection:
        row = await connection.fetchrow("SELECT trigger, state FROM sync_run WHERE id = $1", follower)
    assert tuple(row) == ("resume", "requested")


async def test_a_run_that_needs_a_person_is_left_alone(store: Store, opened: Queue) -> None:
    await requested(store, await source(store, "shop"), state="failed")
    async with store.connection() as connection:
        await connection.execute("UPDATE source SET state = 'needs_attention'")
    await sweep(opened)
    assert await jobs(store) == []


async def test_records_nobody_has_judged_and_messages_nobody_has_sent_are_picked_up(store: Store, opened: Queue) -> None:
    async with store.connection() as connection:
        await connection.execute("INSERT INTO dirty_record (noun, record_id) VALUES ('offer', 1)")
        await connection.execute(
            "INSERT INTO delivery (alert_id, route, channel, recipient) VALUES (1, 'r', 'email', 'a@example.com')"
        )
    await sweep(opened)
    await sweep(opened)
    assert await jobs(store) == ["detect", "notify"]


async def test_a_digest_that_is_due_and_an_alert_to_be_passed_on_are_noticed(store: Store, opened: Queue) -> None:
    async with store.connection() as connection:
        await connection.execute(
            "INSERT INTO alert (case_id, reason, severity, dedupe, escalates_at) VALUES (1, 'opened', 'high', 'x', $1)",
            ago(seconds=1),
        )
    await sweep(opened)
    await sweep(opened)
    assert await jobs(store) == ["remind"]
    async with store.connection() as connection:
        await connection.execute("DELETE FROM procrastinate_jobs; DELETE FROM alert; DELETE FROM digest_round")
    with time_machine.travel(ago().replace(hour=9)):
        await sweep(opened)
    assert await jobs(store) == ["remind"]


async def test_where_nothing_is_open_nothing_is_done(store: Store, opened: Queue) -> None:
    await requested(store, await source(store, "shop"), state="succeeded")
    await sweep(opened)
    assert await jobs(store) == []
