"""When sources are read: each slot is asked for once, whoever is the clock."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from hub.errors import SettingsError
from hub.records.message import SyncMode
from hub.settings import Settings
from hub.store.database import Store
from hub.store.lease import lead
from jobs import queue
from jobs.queue import Queue, open_queue
from jobs.scheduler import LEADER_LOCK, Clock, read_schedule
from tests.runs import source

NOON = datetime(2026, 3, 1, 12, 7, 41, tzinfo=UTC)


@pytest.fixture
async def opened(store: Store) -> AsyncIterator[Queue]:
    """An open queue."""
    await queue.migrate(store)
    async with open_queue(store, Settings(home=Path("."))) as one:
        yield one


async def slots(store: Store) -> list[tuple[str, str, datetime]]:
    """Stream, mode and slot of every run, in the order of asking."""
    async with store.connection() as connection:
        rows = await connection.fetch(
            "SELECT s.name, r.mode, r.slot FROM sync_run AS r JOIN stream AS s ON s.id = r.stream_id ORDER BY r.id"
        )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize(
    ("text", "zone", "following"),
    [
        ("*/5 * * * *", "UTC", datetime(2026, 3, 1, 12, 10, tzinfo=UTC)),
        ("0 2 * * *", "Asia/Shanghai", datetime(2026, 3, 1, 18, 0, tzinfo=UTC)),
        ("every 15m", "UTC", datetime(2026, 3, 1, 12, 15, tzinfo=UTC)),
        ("every 30s", "UTC", datetime(2026, 3, 1, 12, 8, 0, tzinfo=UTC)),
        ("every 1h", "UTC", datetime(2026, 3, 1, 13, 0, tzinfo=UTC)),
    ],
)
def test_a_schedule_is_cron_in_a_time_zone_or_an_interval(text: str, zone: str, following: datetime) -> None:
    assert read_schedule(text, zone).trigger.get_next_fire_time(None, NOON) == following


@pytest.mark.parametrize(
    "text", ["", "hourly", "every 0m", "every m", "every 9999d", "61 * * * *", "* * * *", "every 5 fortnights"]
)
def test_a_schedule_that_means_nothing_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(SettingsError, match="every 15m"):
        read_schedule(text)


def test_a_time_zone_there_is_not_is_named() -> None:
    with pytest.raises(SettingsError, match="Mars/Olympus"):
        read_schedule("every 15m", "Mars/Olympus")


def test_two_clocks_name_a_slot_alike() -> None:
    schedule = read_schedule("every 15m")
    assert schedule.slot(NOON) == schedule.slot(NOON + timedelta(minutes=7)) == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert read_schedule("*/5 * * * *").slot(NOON) == datetime(2026, 3, 1, 12, 7, tzinfo=UTC)


def test_a_slot_is_missed_when_its_time_has_passed() -> None:
    schedule = read_schedule("every 15m")
    assert schedule.missed(None, NOON)
    assert schedule.missed(datetime(2026, 3, 1, 11, 45, tzinfo=UTC), NOON)
    assert not schedule.missed(datetime(2026, 3, 1, 12, 0, tzinfo=UTC), NOON)


async def test_a_firing_asks_for_every_stream_in_order_and_a_second_clock_changes_nothing(store: Store, opened: Queue) -> None:
    source_id = await source(store, "shop", streams=("products", "orders"), schedule="every 15m")
    schedule = read_schedule("every 15m")
    with time_machine.travel(NOON, tick=False):
        for _ in range(2):
            await Clock(opened, "0 3 * * *").fire(source_id, schedule)
    slot = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert await slots(store) == [("products", "incremental", slot), ("orders", "incremental", slot)]
    assert len(await opened.runs_in_hand()) == 2


async def test_a_clock_that_starts_fires_for_what_was_missed_once(store: Store, opened: Queue) -> None:
    await source(store, "shop", schedule="every 15m")
    await source(store, "by_hand")
    for _ in range(2):
        clock = Clock(opened, "0 3 * * *")
        clock.scheduler.start(paused=True)
        await clock.follow()
        clock.scheduler.shutdown(wait=False)
    assert [one[:2] for one in await slots(store)] == [("orders", "incremental")]


async def test_the_clock_follows_sources_that_change_pause_and_lose_their_sense(store: Store, opened: Queue) -> None:
    source_id = await source(store, "shop", schedule="every 15m")
    clock = Clock(opened, "0 3 * * *")
    clock.scheduler.start(paused=True)
    try:
        await clock.follow()
        assert "0:15:00" in str(clock.scheduler.get_job(str(source_id)).trigger)
        await source(store, "shop", schedule="*/5 * * * *")
        await clock.follow()
        assert "minute='*/5'" in str(clock.scheduler.get_job(str(source_id)).trigger)
        await source(store, "shop", schedule="now and then")
        await clock.follow()
        assert clock.scheduler.get_job(str(source_id)) is None
        await source(store, "shop", schedule="every 1h")
        await clock.follow()
        async with store.connection() as connection:
            await connection.execute("UPDATE source SET state = 'paused'")
        await clock.follow()
        assert clock.scheduler.get_jobs() == []
    finally:
        clock.scheduler.shutdown(wait=False)


async def test_complete_scans_are_asked_for_where_deletions_are_found_by_them(store: Store, opened: Queue) -> None:
    await source(store, "shop", schedule="every 15m", deletes="scan")
    await source(store, "erp", schedule="every 15m")
    with time_machine.travel(NOON, tick=False):
        await Clock(opened, "0 3 * * *").scan_all()
    ((stream, mode, slot),) = await slots(store)
    assert (stream, mode) == ("orders", SyncMode.RECONCILE)
    # An ordinary run of the same minute has a slot of its own.
    assert slot != read_schedule("* * * * *").slot(NOON)


async def test_one_process_leads_and_another_takes_over_when_its_connection_dies(store: Store) -> None:
    reigns: list[str] = []
    changed = asyncio.Event()

    async def reign(name: str) -> None:
        reigns.append(name)
        changed.set()
        await asyncio.Event().wait()

    first = asyncio.create_task(lead(store, LEADER_LOCK, lambda: reign("first"), poll_s=0.01))
    await asyncio.wait_for(changed.wait(), 10)
    changed.clear()
    second = asyncio.create_task(lead(store, LEADER_LOCK, lambda: reign("second"), poll_s=0.01))
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await asyncio.wait_for(changed.wait(), 10)
    assert reigns == ["first", "second"]
    changed.clear()
    async with store.connection() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()"
        )
    # The lock died with the connection; whoever is there takes it again.
    await asyncio.wait_for(changed.wait(), 10)
    assert reigns == ["first", "second", "second"]
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
