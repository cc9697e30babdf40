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


async def test_progress_is_kept_a_day_changes_seven_and_the_rest_thirty(store: Store) -> None:
    hours = {"sync": (23, 25), "order": (167, 169), "inventory": (167, 169), "case": (719, 721)}
    async with store.transaction() as connection:
        for topic, ages in hours.items():
            await publish(connection, [Happening(topic, "x", age) for age in ages])
        await connection.execute("UPDATE event SET occurred_at = now() - subject_id * interval '1 hour'")
        await forget(connection)
        left = await connection.fetch("SELECT topic, subject_id FROM event ORDER BY number")
    assert [tuple(row) for row in left] == [(topic, kept) for topic, (kept, _) in hours.items()]
