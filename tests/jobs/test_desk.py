"""Sources that come, change and go while the hub runs, in whichever process."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.errors import Declined, FenceLost, SettingsError
from hub.records.message import SyncMode
from hub.settings import Settings, SourceSettings
from hub.store.database import Store, open_store
from hub.store.source import find, pause, remove, resume, set_state
from hub.store.source_check import ask
from hub.store.sync_run import advance, claim, finish, request
from jobs import queue
from jobs.desk import Desk
from jobs.doctor import ailing
from jobs.queue import Queue, open_queue
from jobs.scheduler import Clock
from jobs.sources import ensure_sources
from jobs.sweep import sweep
from jobs.sync import sync, sync_source
from tests.runs import source

HERE = Settings(home=Path("."))


@pytest.fixture
async def opened(store: Store) -> AsyncIterator[Queue]:
    await queue.migrate(store)
    async with open_queue(store, HERE) as one:
        yield one


@pytest.fixture
def sheets(tmp_path: Path) -> Path:
    (tmp_path / "regions.csv").write_text("code,name\nCN,China\n", encoding="utf-8")
    return tmp_path


def brand(sheets: Path, **more: object) -> SourceSettings:
    return SourceSettings.model_validate(
        {"name": "brand", "connector": "sheet", "settings": {"folder": str(sheets)}} | more,
    )


async def keep(store: Store, one: SourceSettings, **more: bool) -> int:
    return await Desk(store, HERE).keep_source(one, paused=more.get("paused"), expected_version=None, user_id=None)


async def runs(store: Store, state: str) -> list[int]:
    async with store.connection() as connection:
        return [row["id"] for row in await connection.fetch("SELECT id FROM sync_run WHERE state = $1 ORDER BY id", state)]


async def test_a_running_clock_takes_up_a_source_another_process_makes_and_any_worker_reads_it(
    store: Store, opened: Queue, address: str, sheets: Path
) -> None:
    clock = Clock(opened, "0 3 * * *")
    clock.scheduler.start(paused=True)
    try:
        await clock.follow()
        async with open_store(address, connections=2) as other:
            made = await keep(other, brand(sheets, schedule="every 15m", streams=["regions"]))
        await clock.follow()
        assert clock.scheduler.get_job(str(made)) is not None
        (run,) = await runs(store, "requested")
        outcome = await sync(store, HERE, run)
        assert outcome is not None
        assert (outcome.source, outcome.stream, outcome.state, outcome.counts.new) == ("brand", "regions", "succeeded", 1)
        async with store.connection() as connection:
            assert await connection.fetchval("SELECT next_run_at > now() FROM source")
            await pause(connection, made)
            assert await connection.fetchval("SELECT next_run_at FROM source") is None
        await clock.follow()
        assert clock.scheduler.get_jobs() == []
    finally:
        clock.scheduler.shutdown(wait=False)


async def test_streams_that_are_not_named_are_read_when_they_are_asked_for(store: Store, sheets: Path) -> None:
    await keep(store, brand(sheets, schedule="every 15m", streams=["orders"]))
    (outcome,) = await sync_source(store, HERE, "brand", ["regions"])
    assert outcome.counts.new == 1


@pytest.mark.parametrize("act", ["pause", "change"])
async def test_a_run_under_way_can_no_longer_commit_and_begins_again(store: Store, sheets: Path, act: str) -> None:
    made = await keep(store, brand(sheets))
    async with store.connection() as connection:
        stream = await connection.fetchval("SELECT id FROM stream WHERE name = 'regions'")
        slot = await connection.fetchval("SELECT now()")
        run = await request(connection, source_id=made, stream_id=stream, slot=slot, mode=SyncMode.INCREMENTAL)
    assert run is not None
    held = await claim(store, run)
    assert held is not None
    if act == "pause":
        async with store.transaction() as connection:
            await pause(connection, made)
        assert await claim(store, run) is None
    else:
        await keep(store, brand(sheets, title="Brand"))
    async with store.transaction() as connection:
        with pytest.raises(FenceLost):
            await advance(connection, held, state=None, watermark=None, moved=False, scanned=False)
    assert not await finish(store, held, "lost_lease")
    assert await runs(store, "requested") == [run]
    async with store.transaction() as connection:
        await resume(connection, made)
    outcome = await sync(store, HERE, run)
    assert outcome is not None
    assert outcome.counts.new == 1


async def test_the_runs_of_a_removed_source_are_called_off_and_nothing_brings_it_back(store: Store, sheets: Path) -> None:
    made = await keep(store, brand(sheets))
    async with store.connection() as connection:
        stream = await connection.fetchval("SELECT id FROM stream WHERE name = 'regions'")
        slot = await connection.fetchval("SELECT now()")
        run = await request(connection, source_id=made, stream_id=stream, slot=slot, mode=SyncMode.INCREMENTAL)
    assert run is not None
    async with store.transaction() as connection:
        await remove(connection, made)
    assert await sync(store, HERE, run) is None
    assert await runs(store, "cancelled") == [run]
    with pytest.raises(SettingsError, match="no source 'brand'"):
        await sync_source(store, HERE, "brand")
    async with store.connection() as connection:
        await set_state(connection, made, "needs_attention", "It cannot be read.")
        assert await connection.fetchval("SELECT state FROM source") == "disabled"


async def test_a_paused_source_is_not_read_by_hand_either(store: Store, sheets: Path) -> None:
    await keep(store, brand(sheets), paused=True)
    with pytest.raises(SettingsError, match="paused"):
        await sync_source(store, HERE, "brand")
    assert await runs(store, "requested") == []


async def test_a_try_that_was_asked_for_is_not_lost_with_its_process(store: Store, opened: Queue, sheets: Path) -> None:
    made = await keep(store, brand(sheets))
    async with store.transaction() as connection:
        await ask(connection, made, None)
    await sweep(opened)
    await sweep(opened)
    async with store.connection() as connection:
        names = [row[0] for row in await connection.fetch("SELECT task_name FROM procrastinate_jobs WHERE task_name = 'check'")]
    assert names == ["check"]


async def test_all_is_judged_when_that_was_asked_for_besides_what_changed(store: Store, opened: Queue) -> None:
    for _ in range(2):
        await opened.defer_detect()
        await opened.defer_detect(full=True)
    async with store.connection() as connection:
        jobs = await connection.fetch("SELECT task_name, lock FROM procrastinate_jobs ORDER BY id")
    assert [tuple(job) for job in jobs] == [("detect", "detect"), ("detect_all", "detect")]


async def test_the_sources_of_the_api_are_declared_as_their_connectors_are_when_a_process_starts(
    store: Store, sheets: Path
) -> None:
    made = await keep(store, brand(sheets, schedule="every 15m"))
    async with store.connection() as connection:
        await connection.execute("DELETE FROM stream WHERE name = 'regions'")
        await connection.execute("UPDATE stream SET schedule = 'every 1m' WHERE name = 'orders'")
        await connection.execute(
            "INSERT INTO stream (source_id, name, model, schedule) VALUES ($1, 'gone', 'order', 'x')", made
        )
    await ensure_sources(store, HERE.model_copy(update={"masters": "brand"}))
    async with store.connection() as connection:
        schedules = dict(
            await connection.fetch("SELECT name, schedule FROM stream WHERE name IN ('regions', 'orders', 'gone')")
        )
        kept = await find(connection, made)
        masters = await connection.fetchval("SELECT is_masters FROM source")
    assert schedules == {"regions": "every 15m", "orders": "every 15m", "gone": None}
    assert kept is not None
    assert (kept["version"], kept["managed_by"], masters) == (1, "api", True)


async def test_a_source_whose_connector_is_mended_can_be_read_again(store: Store, sheets: Path) -> None:
    one = brand(sheets)
    await ensure_sources(store, Settings(home=Path("."), source=[one.model_copy(update={"connector": "gone"})]))
    assert [sentence for sentence in await ailing(store) if "brand" in sentence]
    await ensure_sources(store, Settings(home=Path("."), source=[one]))
    assert [sentence for sentence in await ailing(store) if "brand" in sentence] == []


async def test_two_that_take_a_name_at_once_leave_one_source_whole(store: Store, sheets: Path) -> None:
    ids = await asyncio.gather(*(keep(store, brand(sheets, title=f"Brand {number}")) for number in range(5)))
    assert len(set(ids)) == 1
    async with store.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM source") == 1


async def test_a_name_with_records_of_another_connector_is_not_taken(store: Store, sheets: Path) -> None:
    await source(store, "brand")
    async with store.connection() as connection:
        await connection.execute("UPDATE source SET state = 'disabled', connector = 'vendure'")
    with pytest.raises((Declined, SettingsError), match="vendure"):
        await keep(store, brand(sheets))


async def test_a_secret_that_leads_nowhere_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP", raising=False)
    words = {"url": "https://shop.example.com", "username": "hub", "password": "env:SHOP", "partner": "S-1"}
    await keep(store, SourceSettings(name="shop", connector="vendure", settings=words))
    assert any(sentence.startswith("The source shop:") and "SHOP" in sentence for sentence in await ailing(store))
