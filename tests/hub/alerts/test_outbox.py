"""Every delivery ends in one recorded outcome."""

import asyncio
from datetime import UTC, datetime, timedelta

import time_machine

from hub.alerts.outbox import MOST_ATTEMPTS, Due, due, settle
from hub.store.database import Store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def letter(store: Store, *recipients: str) -> None:
    """Put deliveries of one alert into the outbox, at noon."""
    async with store.transaction() as connection:
        alert = await connection.fetchval(
            "INSERT INTO alert (case_id, reason, severity, dedupe) VALUES (1, 'opened', 'high', $1) RETURNING id", recipients[0]
        )
        await connection.execute(
            "INSERT INTO delivery (alert_id, route, channel, recipient, created_at)"
            " SELECT $1, 'r', 'email', unnest($2::text[]), $3",
            alert,
            list(recipients),
            NOON,
        )


async def take(store: Store) -> list[Due]:
    """Take what is due."""
    async with store.transaction() as connection:
        return await due(connection)


async def end(store: Store, tried: Due, error: str | None) -> str:
    """Record an outcome."""
    async with store.transaction() as connection:
        return await settle(connection, tried, error)


async def state(store: Store) -> tuple[str, int, str | None]:
    """The one delivery there is."""
    async with store.connection() as connection:
        row = await connection.fetchrow("SELECT state, attempts, error FROM delivery")
    return row["state"], row["attempts"], row["error"]


async def test_a_message_that_was_accepted_is_delivered_once(store: Store) -> None:
    await letter(store, "a@example.com")
    (taken,) = await take(store)
    assert await end(store, taken, None) == "delivered"
    assert await take(store) == []
    assert await state(store) == ("delivered", 1, None)


async def test_what_is_held_for_a_digest_is_not_taken(store: Store) -> None:
    await letter(store, "a@example.com")
    async with store.connection() as connection:
        await connection.execute("UPDATE delivery SET held = true")
    assert await take(store) == []


async def test_a_refused_message_is_tried_six_times_with_growing_waits_and_then_failed(store: Store) -> None:
    await letter(store, "a@example.com")
    with time_machine.travel(NOON, tick=False) as clock:
        waits = []
        for attempt in range(1, MOST_ATTEMPTS + 1):
            (taken,) = await take(store)
            assert taken.attempts == attempt
            state_now = await end(store, taken, "no answer")
            if state_now == "retrying":
                async with store.connection() as connection:
                    at = await connection.fetchval("SELECT next_attempt_at FROM delivery")
                waits.append(at - datetime.now(UTC))
                clock.move_to(at - timedelta(seconds=1))
                assert await take(store) == []
                clock.move_to(at)
        assert waits == [timedelta(seconds=30 * 4**power) for power in range(5)]
        assert await take(store) == []
    assert await state(store) == ("failed", 6, "no answer")


async def test_two_notifiers_never_hold_one_delivery(store: Store) -> None:
    await letter(store, *(f"{number}@example.com" for number in range(40)))
    taken = await asyncio.gather(*(take(store) for _ in range(4)))
    ids = [one.id for part in taken for one in part]
    assert len(ids) == len(set(ids)) == 40


async def test_two_notifiers_at_the_same_moment_share_the_work(store: Store) -> None:
    await letter(store, "a@example.com", "b@example.com")
    async with store.transaction() as first, store.transaction() as second:
        held = await due(first, many=1)
        # The row the first has locked is passed over, not waited for.
        other = await due(second, many=2)
    assert len(held) == len(other) == 1
    assert held[0].id != other[0].id


async def test_a_notifier_that_died_before_settling_leaves_the_message_due_again(store: Store) -> None:
    await letter(store, "a@example.com")
    with time_machine.travel(NOON, tick=False) as clock:
        (lost,) = await take(store)
        clock.shift(timedelta(minutes=9))
        assert await take(store) == []
        clock.shift(timedelta(minutes=2))
        (again,) = await take(store)
        assert again.attempts == 2
        # The first notifier was only slow: what it says now counts no more.
        await end(store, lost, "too late")
        assert await end(store, again, None) == "delivered"
    assert await state(store) == ("delivered", 2, None)


async def test_a_notifier_that_died_in_the_last_try_leaves_a_failure_on_record(store: Store) -> None:
    await letter(store, "a@example.com")
    with time_machine.travel(NOON, tick=False) as clock:
        async with store.connection() as connection:
            await connection.execute("UPDATE delivery SET attempts = $1", MOST_ATTEMPTS - 1)
        await take(store)
        clock.shift(timedelta(minutes=11))
        assert await take(store) == []
    assert await state(store) == ("failed", 6, "The last try ended without an answer.")
