import asyncio
from datetime import timedelta

import pytest

from hub.store import dirty
from hub.store.conflict import FINDINGS_LOCK
from hub.store.database import Store
from jobs import detect as detection
from jobs.detect import detect
from tests.trading import NOON, World, example_world

RULE = "cross_region_sale"


async def trade(store: Store, orders: int = 1) -> World:
    world = await example_world(store)
    for number in range(orders):
        await world.order(f"O{number}", "GD-B", "CN-SH", [("P1", "40", "3600")])
    return world


async def test_what_was_done_is_counted_by_rule(store: Store) -> None:
    world = await trade(store)
    marks = await world.rows("SELECT count(*) FROM dirty_record")
    done = await detect(store, at=NOON)
    assert (done.records, done.batches, done.raised) == (marks[0]["count"], 1, 1)
    assert (done.rules[RULE].judged, done.rules[RULE].raised) == (1, 1)
    assert done.rules["below_policy_offer"].not_run == "needs offer"
    assert done.rules[RULE].not_run is None


async def test_marks_are_gone_when_they_are_settled(store: Store) -> None:
    world = await trade(store)
    await detect(store, at=NOON)
    assert await world.rows("SELECT * FROM dirty_record") == []
    done = await detect(store, at=NOON)
    assert (done.records, done.raised, done.changed) == (0, 0, 0)


async def test_many_changes_are_judged_batch_by_batch(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    world = await trade(store, orders=12)
    await detect(store, at=NOON)
    monkeypatch.setattr(detection, "BATCH", 5)
    for number in range(12):
        await world.order(f"O{number}", "GD-B", "CN-SH", [("P1", "41", "2870")])
        await world.customer(f"C{number}")
    monkeypatch.setattr(detection, "outweighs", never)
    done = await detect(store, at=NOON)
    assert (done.records, done.batches) == (24, 5)
    full = await detect(store, at=NOON, full=True)
    assert (full.raised, full.changed, full.resolved) == (0, 0, 0)


async def never(_: object) -> bool:
    return False


async def test_so_many_changes_that_everything_is_judged_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "FEW", 5)
    await trade(store, orders=12)
    done = await detect(store, at=NOON)
    assert (done.batches, done.raised) == (1, 12)


async def test_a_failure_loses_no_mark(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    world = await trade(store)

    async def breaks(*_: object) -> None:
        raise ConnectionError("the network went away")

    with monkeypatch.context() as broken:
        broken.setattr(detection, "publish", breaks)
        with pytest.raises(ConnectionError):
            await detect(store, at=NOON)
    assert await world.findings(RULE) == {}
    assert (await detect(store, at=NOON)).raised == 1


async def test_two_detectors_find_everything_once(store: Store) -> None:
    world = await trade(store, orders=10)
    one, other = await asyncio.gather(detect(store, at=NOON), detect(store, at=NOON))
    assert one.raised + other.raised == 10
    assert len(await world.findings(RULE)) == 10


async def test_a_sync_is_not_held_up_by_a_detector(store: Store) -> None:
    await trade(store)
    async with store.connection() as detector, detector.transaction():
        await detector.execute("SELECT pg_advisory_lock($1)", FINDINGS_LOCK)
        await dirty.take(detector, 10)
        async with store.transaction() as sync:
            await sync.execute("SET LOCAL lock_timeout = '1s'")
            await dirty.mark(sync, [("sales_order", 1, None), ("sales_order", 2, {"order": {}, "lines": []})])
        await detector.execute("SELECT pg_advisory_unlock($1)", FINDINGS_LOCK)


async def test_marks_another_transaction_holds_are_skipped(store: Store) -> None:
    async with store.transaction() as connection:
        await dirty.mark(connection, [("offer", number, None) for number in range(3)])
    async with store.transaction() as one, store.transaction() as other:
        assert await dirty.take(one, 2) == 2
        assert await dirty.take(other, None) == 1


async def test_a_rule_of_a_new_version_judges_everything_once(store: Store) -> None:
    world = await trade(store)
    await detect(store, at=NOON)
    await world.run("UPDATE detection SET rule_version = 0 WHERE rule = $1", RULE)
    await world.run("UPDATE conflict SET evidence = '{}', told = 0")
    assert (await detect(store, at=NOON)).changed == 1
    assert (await detect(store, at=NOON + timedelta(days=1))).changed == 0


async def test_a_run_repeats_exactly_at_a_given_instant(store: Store) -> None:
    world = await trade(store)
    await detect(store, at=NOON)
    (row,) = (await world.findings(RULE)).values()
    assert row["detected_at"] == row["watermark_at"] == row["judged_at"] == NOON
