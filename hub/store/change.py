"""How a client's copy of an answer is known to be good still: every transaction that writes leaves a random mark.

What all marks add up to names the state of the data. It differs after every commit, it never comes back, also not in a
database restored from a copy, and no writer waits for another. A trigger on each table leaves the mark, so that nobody has
to think of it; tables are fitted with it after every migration.
"""

from datetime import datetime

from hub.store.base import Numeric, Row
from hub.store.database import Connection
from hub.store.statements import prepared

# Nothing the API shows hangs on these.
UNSEEN = ("data_change", "dirty_record", "event", "event_counter", "given_answer")
# A table and its column that moves with every use; what shows the column cannot be known to be good still.
RESTLESS = ("access_token", "last_used_at")


class DataChangeRow(Row):
    """The mark of one transaction that wrote, or the sum of many."""

    mark = Numeric()

    class Meta:
        table = "data_change"


async def version(connection: Connection, at: datetime) -> str:
    """Return the name of the present state of the data, and of which streams are stale at an instant."""
    row = await connection.fetchrow(*prepared("change", "version", now=at))
    return f"{row['marks']} {row['stale']}"


async def settle(connection: Connection) -> None:
    """Put the marks together when there are many; what they add up to stays the same."""
    await connection.execute(*prepared("change", "settle"))


async def watch(connection: Connection) -> None:
    """Have every table leave marks; does nothing where all do."""
    table, column = RESTLESS
    found = await connection.fetch(*prepared("change", "unwatched", unseen=list(UNSEEN), table=table, column=column))
    for row in found:
        await connection.execute(row["command"])
