"""A checkpoint is committed whole, each change is seen once, and bad records keep nothing good away."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from hub.errors import FenceLost, TooMuchChange
from hub.intake.batch import Batch
from hub.intake.landing import land
from hub.records import PolicyVersion
from hub.records.message import Checkpoint, Record, Reject, SyncMode, Tombstone
from hub.store.database import Store, open_store
from tests.feeding import Source, source
from tests.samples import customer, grant, level, line, location, order, partner, price, product, region

BATCH_WAITS = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'batch' AND wait_event_type = 'Lock'"


async def rows(store: Store, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
    async with store.connection() as connection:
        return [tuple(row) for row in await connection.fetch(sql, *arguments)]


async def marks(store: Store) -> list[tuple[str, bool]]:
    """Take the marks: noun, and whether there was an older version."""
    found = await rows(store, "DELETE FROM dirty_record RETURNING noun, old IS NOT NULL")
    return sorted(found)


@pytest.fixture
async def demo(store: Store) -> Source:
    one = await source(store)
    await one.send(region("CN", kind="country"), region("CN-SH", parent="CN"), partner("A"), product("P1"), customer("C1"))
    await rows(store, "DELETE FROM dirty_record")
    return one


async def test_an_order_and_its_lines_are_stored_with_what_follows(demo: Source, store: Store) -> None:
    lines = (line(1, amount=Decimal("113"), tax_included=True, tax_rate=Decimal("0.13")), line(2, status="delivered"))
    await demo.send(order("O1", *lines, seller="A", ship_to_region="CN-SH"))
    assert await rows(store, "SELECT key, state, total, net_total, line_count FROM sales_order") == [
        ("O1", "partly_fulfilled", Decimal(213), Decimal(200), 2)
    ]
    assert await marks(store) == [("sales_order", False)]


async def test_what_did_not_change_costs_nothing(demo: Source, store: Store) -> None:
    await demo.send(order("O1", seller="A"))
    await marks(store)
    landed = await demo.send(order("O1", seller="A"))
    assert (landed.counts.unchanged, landed.counts.changed, landed.counts.new) == (1, 0, 0)
    assert await marks(store) == []
    assert await rows(store, "SELECT count(*) FROM raw_history") == [(0,)]


async def test_a_changed_order_keeps_its_id_and_its_history(demo: Source, store: Store) -> None:
    await demo.send(order("O1", line(1), line(2), seller="A"))
    before = await rows(store, "SELECT id FROM sales_order")
    await marks(store)
    await demo.land(demo.record(order("O1", line(1, qty=Decimal(7)), seller="A")))
    assert await rows(store, "SELECT id FROM sales_order") == before
    assert await rows(store, "SELECT number, qty FROM order_line WHERE deleted_at IS NULL") == [(1, Decimal(7))]
    assert await rows(store, "SELECT line_count, total FROM sales_order") == [(1, Decimal(100))]
    ((old,),) = await rows(store, "SELECT old FROM dirty_record")
    assert (old["order"]["key"], old["order"]["kind"], old["lines"]) == ("O1", "sell_out", [])
    assert await rows(store, "SELECT count(*) FROM raw_history") == [(1,)]


async def test_lines_of_one_order_may_come_in_payloads_of_their_own(demo: Source, store: Store) -> None:
    await demo.land(*(demo.record(order("O1", line(n), seller="A"), key=f"O1|{n}") for n in (1, 2)))
    await demo.land(demo.record(order("O1", line(3), seller="A"), key="O1|3"))
    assert await rows(store, "SELECT line_count, total FROM sales_order") == [(3, Decimal(300))]
    await demo.withdraw("O1|2")
    assert await rows(store, "SELECT line_count, total, deleted_at FROM sales_order") == [(2, Decimal(200), None)]
    await demo.withdraw("O1|1", "O1|3")
    assert await rows(store, "SELECT count(*) FROM sales_order WHERE deleted_at IS NULL") == [(0,)]
    await demo.land(demo.record(order("O1", line(2), seller="A"), key="O1|2"))
    assert await rows(store, "SELECT line_count, deleted_at FROM sales_order") == [(1, None)]


async def test_a_reference_that_is_not_there_waits_in_quarantine(demo: Source, store: Store) -> None:
    landed = await demo.send(order("O1", seller="B"), order("O2", seller="A"))
    assert landed.counts.rejected == 1
    assert await rows(store, "SELECT key FROM sales_order") == [("O2",)]
    assert await rows(store, "SELECT code, reason, field, value, waits_noun, waits_key, state FROM reject") == [
        ("unknown_ref", "broken_reference", "seller", "B", "partner", "B", "open")
    ]
    await demo.send(partner("B"))
    await demo.land(demo.record(order("O1", seller="B")))
    assert await rows(store, "SELECT state FROM reject") == [("superseded",)]


async def test_rows_of_one_batch_may_refer_to_each_other_in_any_order(demo: Source, store: Store) -> None:
    await demo.send(
        product("P9-12", base_sku="P9", units_per_pack=Decimal(12)), product("P9"), partner("D", parent="E"), partner("E")
    )
    assert await rows(store, "SELECT code, level FROM partner WHERE code IN ('D', 'E') ORDER BY code") == [("D", 1), ("E", 0)]
    assert await rows(store, "SELECT count(*) FROM reject") == [(0,)]


async def test_what_hangs_on_a_rejected_record_is_rejected_with_it(demo: Source, store: Store) -> None:
    await demo.send(partner("D", parent="nobody"), partner("E", parent="D"), partner("F"))
    assert await rows(store, "SELECT key FROM reject ORDER BY key") == [("partner:D",), ("partner:E",)]


async def test_a_price_needs_a_base_article(demo: Source, store: Store) -> None:
    await demo.send(product("P1-12", base_sku="P1", units_per_pack=Decimal(12)))
    await demo.send(price("PP1", sku="P1-12"), price("PP2", sku="P1"))
    assert await rows(store, "SELECT key, code, field FROM reject") == [("price_policy:PP1", "not_base_sku", "sku")]
    assert await rows(store, "SELECT key FROM price_policy") == [("PP2",)]


async def test_the_last_of_two_messages_with_one_key_wins(demo: Source, store: Store) -> None:
    one, two = demo.record(partner("X", name="First")), demo.record(partner("X", name="Second"))
    landed = await demo.land(one, two)
    assert landed.counts.superseded == 1
    assert await rows(store, "SELECT name FROM partner WHERE code = 'X'") == [("Second",)]


async def test_an_older_version_never_overwrites_a_newer(demo: Source, store: Store) -> None:
    await demo.land(demo.record(partner("X", name="New"), version="2026-03-02T00:00:00Z"))
    landed = await demo.land(demo.record(partner("X", name="Old"), version="2026-03-01T00:00:00Z"))
    assert landed.counts.stale == 1
    assert await rows(store, "SELECT name FROM partner WHERE code = 'X'") == [("New",)]


async def test_an_order_follows_its_customer_unless_it_says_otherwise(demo: Source, store: Store) -> None:
    await demo.send(region("CN-GD", parent="CN"), customer("C2", region="CN-SH", partner="A"))
    await demo.send(order("O1", customer="C2"), order("O2", customer="C2", ship_to_region="CN-GD"))
    sql = """
        SELECT o.key, r.code, p.code FROM sales_order AS o
          JOIN region AS r ON r.id = o.ship_to_region_id
          JOIN partner AS p ON p.id = o.buyer_partner_id
         ORDER BY 1
    """
    assert await rows(store, sql) == [("O1", "CN-SH", "A"), ("O2", "CN-GD", "A")]
    await marks(store)
    await demo.land(demo.record(customer("C2", region="CN-GD", partner="A")))
    assert await rows(store, sql) == [("O1", "CN-GD", "A"), ("O2", "CN-GD", "A")]
    assert await marks(store) == [("customer", True), ("sales_order", True)]


async def test_regions_know_all_they_cover_and_touch(demo: Source, store: Store) -> None:
    await demo.send(region("CN-SH-PD", parent="CN-SH", kind="district", neighbours=("CN-JS",)), region("CN-JS", parent="CN"))
    covers = """
        SELECT a.code, d.code, c.distance FROM region_cover AS c
          JOIN region AS a ON a.id = c.region_id
          JOIN region AS d ON d.id = c.covered_id
         WHERE d.code = 'CN-SH-PD' ORDER BY 3
    """
    assert await rows(store, covers) == [("CN-SH-PD", "CN-SH-PD", 0), ("CN-SH", "CN-SH-PD", 1), ("CN", "CN-SH-PD", 2)]
    assert await rows(store, "SELECT count(*) FROM region_neighbour") == [(2,)]
    await demo.land(demo.record(region("CN-SH-PD", parent="CN-JS", kind="district")))
    assert await rows(store, covers) == [("CN-SH-PD", "CN-SH-PD", 0), ("CN-JS", "CN-SH-PD", 1), ("CN", "CN-SH-PD", 2)]
    assert await rows(store, "SELECT count(*) FROM region_neighbour") == [(0,)]


async def test_only_the_newest_count_is_the_level(demo: Source, store: Store) -> None:
    await demo.send(location("W1"))
    later = datetime(2026, 3, 5, tzinfo=UTC)
    await demo.send(level("W1", on_hand=Decimal(7), as_of=later), level("W1"))
    assert await rows(store, "SELECT on_hand FROM inventory_level WHERE is_latest") == [(Decimal(7),)]
    await demo.withdraw(f"inventory_level:W1|P1|{later.isoformat()}")
    assert await rows(store, "SELECT on_hand FROM inventory_level WHERE is_latest") == [(Decimal(10),)]


async def test_a_changed_grant_has_a_new_revision(demo: Source, store: Store) -> None:
    await demo.send(grant("G1", partner="A", region="CN-SH"))
    await demo.land(demo.record(grant("G1", partner="A", region="CN-SH", valid_to=date(2027, 1, 1))))
    await demo.land(demo.record(grant("G1", partner="A", region="CN-SH", valid_to=date(2027, 1, 1))))
    assert await rows(store, "SELECT revision FROM territory_grant") == [(2,)]


async def test_a_lost_fence_writes_nothing(demo: Source, store: Store) -> None:
    late = await demo.landing()
    await demo.landing()
    with pytest.raises(FenceLost):
        await land(store, late, Batch(Checkpoint(state={}), [demo.record(order("O1", seller="A"))]))
    assert await rows(store, "SELECT count(*) FROM sales_order") == [(0,)]
    assert await rows(store, "SELECT count(*) FROM raw_record WHERE key = 'order:O1'") == [(0,)]


async def test_a_scan_deletes_what_two_complete_scans_missed(demo: Source, store: Store) -> None:
    await demo.send(order("O1", seller="A"), order("O2", seller="A"))
    seen = [
        demo.record(r)
        for r in (region("CN", kind="country"), region("CN-SH", parent="CN"), partner("A"), product("P1"), customer("C1"))
    ]
    first = demo.record(order("O1", seller="A"))
    await demo.land(first, *seen, mode=SyncMode.RECONCILE)
    await demo.land(first, mode=SyncMode.RECONCILE, complete=False)
    assert await rows(store, "SELECT count(*) FROM sales_order WHERE deleted_at IS NULL") == [(2,)]
    landed = await demo.land(first, *seen, mode=SyncMode.RECONCILE)
    assert landed.counts.removed == 1
    assert await rows(store, "SELECT key FROM sales_order WHERE deleted_at IS NULL") == [("O1",)]


async def test_a_source_that_shows_half_its_data_cannot_empty_the_hub(demo: Source, store: Store) -> None:
    await demo.send(*(order(f"O{n}", seller="A") for n in range(40)))
    with pytest.raises(TooMuchChange):
        await demo.withdraw(*(f"order:O{n}" for n in range(20)))
    assert await rows(store, "SELECT count(*) FROM sales_order WHERE deleted_at IS NULL") == [(40,)]


async def test_a_payload_that_cannot_be_mapped_is_set_aside_and_replayed(demo: Source, store: Store) -> None:
    bad = Record(key=("order:O1",), raw=b"nonsense")
    refused = Reject(raw=b"\xff", code="encoding", message="Not text.", field=None)
    landed = await demo.land(bad, demo.record(order("O2", seller="A")))
    assert (landed.counts.rejected, landed.counts.new) == (1, 1)
    landing = await demo.landing()
    await land(store, landing, Batch(Checkpoint(state={}), [refused]))
    assert await rows(store, "SELECT code, occurrences FROM reject ORDER BY code") == [("bad_code", 1), ("encoding", 1)]
    demo.payloads[b"nonsense"] = (order("O1", seller="A"),)
    await demo.land(bad, again=True, mode=SyncMode.REPLAY)
    assert await rows(store, "SELECT code, state FROM reject ORDER BY code") == [("bad_code", "replayed"), ("encoding", "open")]


async def test_a_mapping_that_breaks_sets_aside_its_payload_alone(demo: Source, store: Store) -> None:
    good = demo.record(order("O2", seller="A"))
    landing = await demo.landing()

    def breaks(raw: bytes) -> Any:
        return [1 / 0] if raw == b"breaks" else demo.payloads[raw]

    landing.normalise = breaks
    await land(store, landing, Batch(Checkpoint(state={}), [Record(key=("order:O1",), raw=b"breaks"), good]))
    assert await rows(store, "SELECT key, code FROM reject") == [("order:O1", "bad_value")]
    assert await rows(store, "SELECT key FROM sales_order") == [("O2",)]


async def test_an_older_row_does_not_bring_back_what_was_withdrawn_later(demo: Source, store: Store) -> None:
    await demo.land(demo.record(order("O1", seller="A"), version="2026-03-01T00:00:00Z"))
    await demo.land(Tombstone(key=("order:O1",), version="2026-03-05T00:00:00Z"))
    landed = await demo.land(demo.record(order("O1", line(2), seller="A"), version="2026-03-02T00:00:00Z"))
    assert (landed.counts.stale, landed.counts.changed) == (1, 0)
    late = await demo.land(Tombstone(key=("order:O1",), version="2026-03-01T00:00:00Z"))
    assert (late.counts.stale, late.counts.removed) == (1, 0)
    await demo.land(demo.record(order("O1", line(2), seller="A"), version="2026-03-06T00:00:00Z"))
    assert await rows(store, "SELECT line_count, deleted_at FROM sales_order") == [(1, None)]


async def test_a_tree_stays_a_tree_whatever_comes_later(demo: Source, store: Store) -> None:
    await demo.send(partner("D"), partner("E", parent="D"), region("CN-GD", parent="CN"))
    landed = await demo.land(
        demo.record(partner("D", parent="E")), demo.record(region("CN", parent="CN-GD")), demo.record(partner("F", parent="F"))
    )
    assert landed.counts.rejected == 3
    assert await rows(store, "SELECT key, code, value FROM reject ORDER BY key") == [
        ("partner:D", "cycle", "E"),
        ("partner:F", "cycle", "F"),
        ("region:CN", "cycle", "CN-GD"),
    ]
    assert await rows(store, "SELECT code, level FROM partner WHERE code IN ('D', 'E') ORDER BY code") == [("D", 0), ("E", 1)]


async def test_the_only_source_that_has_a_noun_speaks_for_it(demo: Source, store: Store) -> None:
    other = await source(store, "erp")
    landed = await other.send(order("E1", seller="A", ship_to_region="CN-SH"))
    assert landed.counts.rejected == 0
    assert await rows(store, "SELECT count(*) FROM sales_order") == [(1,)]


async def test_an_unknown_key_that_is_withdrawn_is_no_change(demo: Source, store: Store) -> None:
    landed = await demo.land(Tombstone(key=("order:never",)))
    assert landed.counts.removed == 0
    assert await marks(store) == []


async def test_records_of_two_sources_stay_two_until_something_exact_joins_them(store: Store) -> None:
    masters, shop = await source(store, "masters", masters=True), await source(store, "shop")
    await masters.send(product("P1", name="Tonic"), partner("A", tax_id="91310000X"))
    await shop.send(product("P1", name="Tonic water"), product("P2"), partner("7", name="Someone", tax_id="91310000X"))
    assert await rows(store, "SELECT code, name FROM product ORDER BY code") == [("P1", "Tonic"), ("shop:P2", "P2")]
    assert await rows(store, "SELECT code, name FROM partner") == [("A", "A Trading")]
    basis = """
        SELECT l.noun, l.key, l.basis FROM identity_link AS l
          JOIN source AS s ON s.id = l.source_id
         WHERE s.name = 'shop' ORDER BY 1, 2
    """
    assert await rows(store, basis) == [("partner", "7", "tax_id"), ("product", "P1", "masters"), ("product", "P2", "own")]


async def test_masters_that_come_late_take_the_record_over(store: Store) -> None:
    shop, masters = await source(store, "shop"), await source(store, "masters", masters=True)
    await shop.send(product("P1", name="Tonic water"))
    before = await rows(store, "SELECT id FROM product")
    await masters.send(product("P1", name="Tonic"))
    assert await rows(store, "SELECT id FROM product") == before
    assert await rows(store, "SELECT code, name FROM product") == [("P1", "Tonic")]


async def test_a_published_policy_is_never_withdrawn(store: Store) -> None:
    demo = await source(store)
    for version in (1, 2):
        await demo.send(
            PolicyVersion(version=version, effective_from=date(2026, 1, 1), base_currency="CNY", timezone="UTC", body={})
        )
    async with store.connection() as connection:
        await connection.execute("UPDATE policy_version SET state = 'published' WHERE version = 1")
    await demo.withdraw("policy_version:1", "policy_version:2")
    async with store.connection() as connection:
        kept = await connection.fetch("SELECT version FROM policy_version WHERE deleted_at IS NULL")
    assert [row["version"] for row in kept] == [1]


async def test_a_batch_that_ends_in_a_deadlock_is_landed_all_the_same(demo: Source, store: Store, address: str) -> None:
    await demo.send(order("O1", seller="A"), order("O2", seller="A"))
    await marks(store)
    # The batch looks after two seconds, whoever it meets only after a minute: it is the batch that is ended.
    async with (
        open_store(f"{address}&deadlock_timeout=2s&application_name=batch", connections=1) as batches,
        open_store(f"{address}&deadlock_timeout=1min", connections=1) as others,
        asyncio.TaskGroup() as beside,
        others.transaction() as other,
    ):
        feed = Source(batches, demo.source_id, demo.name)
        await other.execute("SELECT 1 FROM sales_order WHERE key = 'O2' FOR UPDATE")
        changed = feed.record(order("O1", line(1, qty=Decimal(7)), seller="A"))
        landing = beside.create_task(feed.land(changed, Tombstone(key=("order:O2",))))
        async with asyncio.timeout(60):
            while not await rows(store, BATCH_WAITS):
                await asyncio.sleep(0.01)
        await other.execute("SELECT 1 FROM sales_order WHERE key = 'O1' FOR UPDATE")
    landed = landing.result()
    assert (landed.counts.changed, landed.counts.removed) == (1, 1)
    assert await marks(store) == [("sales_order", True), ("sales_order", True)]
    assert await rows(store, "SELECT key FROM sales_order WHERE deleted_at IS NULL") == [("O1",)]
    assert await rows(store, "SELECT qty FROM order_line WHERE deleted_at IS NULL") == [(Decimal(7),)]
    assert await rows(store, "SELECT records_changed, records_removed FROM sync_run ORDER BY id DESC LIMIT 1") == [(1, 1)]


async def test_what_changed_is_told_a_hundred_at_a_time(demo: Source, store: Store) -> None:
    told = "SELECT topic, kind, cardinality(subject_ids) FROM event WHERE topic <> 'sync' ORDER BY number"
    await demo.send(location("W1"), *(order(f"O{n}", seller="A") for n in range(250)), level("W1"))
    assert await rows(store, told) == [
        ("order", "changed", 100), ("order", "changed", 100), ("order", "changed", 50), ("inventory", "changed", 1)
    ]  # fmt: skip
    named = "SELECT array_agg(id) FROM (SELECT unnest(subject_ids) AS id FROM event WHERE topic = 'order') AS named"
    ((ids,),) = await rows(store, named)
    assert sorted(ids) == [id for (id,) in await rows(store, "SELECT id FROM sales_order ORDER BY id")]
    await demo.send(order("O1", seller="A"), customer("C1", name="New"))
    assert len(await rows(store, told)) == 4
    await demo.withdraw("order:O1")
    assert await rows(store, f"{told} OFFSET 4") == [("order", "changed", 1)]
