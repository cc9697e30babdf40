"""What detection keeps from changes, to be compared with what one run over everything gives."""

from datetime import datetime
from typing import Any

from hub.conflicts.engine import examine
from hub.store.database import Connection, Store
from tests.trading import NOON, World

# What must be equal; ids of cases, revisions, times and history tell how a finding came about, not what it says.
COMPARED = """
    SELECT finding_key, rule, rule_version, policy_version, parts, scope, classification, is_full, mode, partner_id,
           affected_id, product_id, region_id, accused, victim, product_group, base_sku, region, event_day, value_at_risk,
           value_currency, depth, strength, peers, group_key, score, uncapped_score, band, days, places,
           caps, capped_by, evidence,
           filters_tried
      FROM conflict WHERE state = 'open' ORDER BY finding_key
"""
# A month in which nothing is priced any more says what a month without a row says.
KEPT = {
    "lines": "SELECT * FROM trade_line ORDER BY line_id",
    "months": "SELECT partner_id, month, value, priced FROM trade_month WHERE (value, priced) <> (0, 0) ORDER BY 1, 2",
    "spans": "SELECT base_id, month, lowest, highest FROM trade_span ORDER BY 1, 2",
}


async def from_scratch(world: World, at: datetime) -> list[dict[str, Any]]:
    """Return what one run over everything finds, and put back what was known before."""
    await world.run("CREATE TABLE kept AS TABLE conflict; CREATE TABLE kept_detection AS TABLE detection")
    await world.run("TRUNCATE conflict, detection")
    await world.detect(at, full=True)
    found = await world.rows(COMPARED)
    await world.run("TRUNCATE conflict, detection, conflict_history")
    await world.run("INSERT INTO conflict SELECT * FROM kept; INSERT INTO detection SELECT * FROM kept_detection")
    await world.run("DROP TABLE kept, kept_detection")
    return found


async def compare_trade(store: Store, at: datetime = NOON) -> None:
    """Fail unless the lines of trade and their sums are those of all orders; what is derived anew is not put down."""
    async with store.connection() as connection:
        kept = await trade(connection)
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("TRUNCATE trade_line, trade_month, trade_span")
        await examine(connection, at, limit=None, full=True, rules=())
        derived = await trade(connection)
        await transaction.rollback()
    spans = {row[:2]: row[2:] for row in kept.pop("spans")}
    for base_id, month, lowest, highest in derived.pop("spans"):
        # A span is never narrower than its prices; at times it is wider.
        least, most = spans[base_id, month]
        assert least <= lowest
        assert highest <= most
    assert kept == derived


async def trade(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Return the lines of trade and their sums."""
    return {name: [tuple(row) for row in await connection.fetch(sql)] for name, sql in KEPT.items()}
