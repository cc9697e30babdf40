"""The lines of trade that rules read are kept current here, from the same marks the rules are heard for.

Only the detector writes them, one at a time, so that what stands in them is what the last judgement saw: the lines as they
were are read from here, not from the marks.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hub.conflicts.statements import FOLDER, run
from hub.store.database import Connection
from hub.store.statements import read_statements

NAME = "trade_line"
VERSION = 3


async def refresh(connection: Connection, values: Mapping[str, Any], *, full: bool) -> None:
    """Derive anew what the marks reach, or everything, and lay what is not as it was into `reached_line`, before and after.

    Everything is derived too when the base currency is not the one the values stand in. It is then not laid out: whoever
    judges does so over everything.
    """
    if full:
        await run(connection, DERIVE_ALL, values)
    else:
        await run(connection, TRADE["reached"], {**values, "lines": NAME})
        await connection.execute("ANALYZE stale_order")
        await run(connection, TRADE["derive"], values)
    for name in CHANGES:
        await run(connection, TRADE[name], values)
    await connection.execute("ANALYZE fresh_line (line_id, kind, base_id, day), was_line (line_id)")
    for name in () if full else LAID_OUT:
        await run(connection, TRADE[name], values)
    ways_in = await connection.fetch(TRADE["ways_in"].sql) if full else []
    for way in ways_in:
        await connection.execute(f"DROP INDEX {way['name']}")
    for name in LINES:
        await run(connection, TRADE[name], values)
    for way in ways_in:
        await connection.execute(way["made"])
    for name in SUMS_ANEW if full else SUMS:
        await run(connection, TRADE[name], values)
    if full:
        # Nothing is known of what was filled just now, and the rules read it next.
        await connection.execute("ANALYZE trade_line, trade_month, trade_span")


async def read(connection: Connection) -> None:
    """Note that the rules have read what they judge by."""
    await run(connection, TRADE["read"], {"lines": NAME})


CHANGES = ("was", "gone")
LAID_OUT = ("reach", "units", "months")
LINES = ("drop", "rewrite", "add")
SUMS = ("add_months", "widen_spans")
SUMS_ANEW = ("forget_months", "fill_months", "forget_spans", "fill_spans")
TRADE = read_statements(FOLDER / "trade.sql")
# All orders are not laid out first: reading them where they are takes half the time.
EVERY_ORDER = "FROM (SELECT id AS order_id, false AS entire FROM sales_order) AS every_order"
DERIVE_ALL = replace(TRADE["derive"], sql=TRADE["derive"].sql.replace("FROM stale_order", EVERY_ORDER))
