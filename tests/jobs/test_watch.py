"""The clocks of cases: who hears of them, and what ends by itself."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hub.conflicts.grouping import CaseChange
from hub.settings import Settings
from hub.store.database import Store
from jobs.watch import watch_cases
from tests import casework

# A Thursday.
DUE = datetime(2026, 4, 2, 9, tzinfo=UTC)


async def late_case(store: Store, state: str = "investigating") -> int:
    async with store.transaction() as connection:
        case = await casework.case(connection)
        await connection.execute("UPDATE conflict_case SET due_at = $1, state = $2 WHERE id = $3", DUE, state, case)
        await connection.execute(
            "INSERT INTO case_step (case_id, kind, occurred_at, to_state) VALUES ($1, 'opened', $2, 'detected')",
            case,
            DUE - timedelta(days=2),
        )
    return case


async def look(store: Store, at: datetime) -> list[CaseChange]:
    return await watch_cases(store, Settings(home=Path("unused")), at=at)


async def the_case(store: Store) -> dict[str, Any]:
    async with store.connection() as connection:
        return dict(await connection.fetchrow("SELECT * FROM conflict_case"))


async def test_the_owner_hears_once_of_a_step_that_is_overdue(store: Store) -> None:
    case = await late_case(store)
    assert await look(store, DUE - timedelta(minutes=1)) == []
    (told,) = await look(store, DUE)
    assert (told.case_id, told.reason, told.band) == (case, "sla", "high")
    assert await look(store, DUE + timedelta(days=40)) == []
    async with store.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM case_step WHERE kind = 'overdue'") == 1
        assert await connection.fetchval("SELECT array_agg(kind) FROM event WHERE topic = 'case'") == ["commented"]


async def test_nothing_moves_by_itself_when_a_step_is_overdue(store: Store) -> None:
    await late_case(store)
    await look(store, DUE + timedelta(days=60))
    assert (await the_case(store))["state"] == "investigating"


async def test_what_nobody_took_up_ends_after_thirty_days(store: Store) -> None:
    await late_case(store, "triaged")
    opened = DUE - timedelta(days=2)
    await look(store, opened + timedelta(days=30) - timedelta(minutes=1))
    assert (await the_case(store))["state"] == "triaged"
    ending = opened + timedelta(days=30)
    assert await look(store, ending) == []
    case = await the_case(store)
    assert (case["state"], case["outcome"], case["closed_at"], case["due_at"]) == ("closed", "expired", ending, None)
    async with store.connection() as connection:
        last = await connection.fetchrow("SELECT * FROM audit ORDER BY id DESC LIMIT 1")
        assert (last["action"], last["before"], last["after"]) == (
            "closed", {"state": "triaged"}, {"state": "closed", "outcome": "expired"},
        )  # fmt: skip


async def test_whoever_does_something_keeps_a_case_from_ending(store: Store) -> None:
    case = await late_case(store, "detected")
    async with store.connection() as connection:
        await connection.execute(
            "INSERT INTO case_step (case_id, occurred_at, comment) VALUES ($1, $2, 'Asked them.')",
            case,
            DUE + timedelta(days=20),
        )
    await look(store, DUE + timedelta(days=40))
    assert (await the_case(store))["state"] == "detected"
