"""What was done stays as it was written."""

import pytest
from asyncpg import PostgresError

from hub.store.audit import Entry, write
from hub.store.database import Store
from tests import casework


@pytest.mark.parametrize("table", ["audit", "case_step"])
@pytest.mark.parametrize("change", ["UPDATE {} SET actor_id = 1", "DELETE FROM {}", "TRUNCATE {}"])
async def test_what_was_done_cannot_be_changed(store: Store, table: str, change: str) -> None:
    async with store.connection() as connection:
        case = await casework.case(connection)
        await connection.execute("INSERT INTO case_step (case_id, comment) VALUES ($1, 'Looked at.')", case)
        with pytest.raises(PostgresError, match="stays as it was written"):
            await connection.execute(change.format(table))


async def test_entries_say_who_did_what_and_what_it_was_before(store: Store) -> None:
    async with store.connection() as connection:
        entry = Entry(
            actor_id=3,
            action="published",
            noun="policy_version",
            subject_id=5,
            before={"state": "proposed"},
            after={"state": "published"},
        )
        await write(connection, entry)
        row = await connection.fetchrow("SELECT * FROM audit")
    assert (row["actor_id"], row["action"], row["before"], row["after"]) == (
        3,
        "published",
        {"state": "proposed"},
        {"state": "published"},
    )


async def test_every_step_of_a_case_is_in_the_log(store: Store) -> None:
    async with store.connection() as connection:
        case = await casework.case(connection)
        await connection.execute(
            "INSERT INTO case_step (case_id, kind, actor_id, from_state, to_state, comment) "
            "VALUES ($1, 'advanced', 9, 'detected', 'triaged', 'Mine.')",
            case,
        )
        row = await connection.fetchrow("SELECT * FROM audit")
    assert (row["noun"], row["subject_id"], row["action"], row["actor_id"]) == ("conflict_case", case, "advanced", 9)
    assert (row["before"], row["after"], row["reason"]) == ({"state": "detected"}, {"state": "triaged"}, "Mine.")
