"""The lines of trade that rules read are kept current here, from the same marks the rules are heard for.

Only the detector writes them, one at a time, so that what stands in them is what the last judgement saw: the lines as they
were are read from here, not from the marks.
"""

from collections.abc import Mapping
from typing import Any

from hub.conflicts.statements import FOLDER, run
from hub.store.database import Connection
from hub.store.statements import read_statements

NAME = "trade_line"
VERSION = 1


async def refresh(connection: Connection, values: Mapping[str, Any], *, full: bool) -> None:
    """Derive anew what the marks reach, or everything, and lay it into `reached_line` as it was and as it is.

    Everything is derived too when the base currency is not the one the values stand in. It is then not laid out: whoever
    judges does so over everything.
    """
    await run(connection, TRADE["everything" if full else "reached"], values)
    await connection.execute("ANALYZE stale_line")
    await run(connection, TRADE["derive"], values)
    await connection.execute("ANALYZE fresh_line")
    for name in () if full else CHANGES:
        await run(connection, TRADE[name], values)
    for name in (*LINES, *(SUMS_ANEW if full else SUMS)):
        await run(connection, TRADE[name], values)
    if full:
        # Nothing is known of what was filled just now, and the rules read it next.
        await connection.execute("ANALYZE trade_line, trade_month, trade_span")


CHANGES = ("reach", "units", "months")
LINES = ("drop", "rewrite", "add")
SUMS = ("add_months", "widen_spans")
SUMS_ANEW = ("forget_months", "fill_months", "forget_spans", "fill_spans")
TRADE = read_statements(FOLDER / "trade.sql")
