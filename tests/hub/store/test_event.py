"""Events are numbered in commit order, without gaps."""

from hub.store.database import Store
from hub.store.event import Happening, forget, publish


async def test_numbers_have_no_gap_even_when_a_transaction_fails(store: Store) -> None:
    async with store.transaction() as connection:
        await publish(connection, [Happening("sync", "started", 1), Happening("sync", "finished", 1)])
    try:
        async with store.transaction() as connection:
            await publish(connection, [Happening("sync", "started", 2)])
            raise RuntimeError
    except RuntimeError:
        pass
    async with store.transaction() as connection:
        await publish(connection, [Happening("case", "opened", 3, {"score": 78.0})])
    async with store.connection() as connection:
        rows = await connection.fetch("SELECT number, topic, kind, subject_id, body FROM event ORDER BY number")
    assert [tuple(row) for row in rows] == [
        (1, "sync", "started", 1, {}),
        (2, "sync", "finished", 1, {}),
        (3, "case", "opened", 3, {"score": 78.0}),
    ]


async def test_progress_is_kept_a_day_and_the_rest_thirty(store: Store) -> None:
    async with store.transaction() as connection:
        await publish(connection, [Happening(topic, "x", 1) for topic in ("sync", "case", "sync", "case")])
        await connection.execute("UPDATE event SET occurred_at = now() - number * interval '12 hours' WHERE number < 3")
        await connection.execute("UPDATE event SET occurred_at = now() - number * interval '9 days' WHERE number >= 3")
        await forget(connection)
        left = await connection.fetch("SELECT number FROM event ORDER BY number")
    assert [row["number"] for row in left] == [1, 2]
