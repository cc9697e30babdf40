"""Two persons: one proposes, another one approves."""

import pytest

from hub.errors import Declined
from hub.store.approval import decide, pending, propose
from hub.store.database import Connection, Store


async def user(connection: Connection, email: str, *roles: str, active: bool = True) -> int:
    made: int = await connection.fetchval(
        "INSERT INTO hub_user (email, name, roles, active) VALUES ($1, $1, $2, $3) RETURNING id", email, list(roles), active
    )
    return made


async def test_another_person_approves_and_both_are_on_record(store: Store) -> None:
    async with store.transaction() as connection:
        one, two = await user(connection, "a@example.com", "admin"), await user(connection, "b@example.com", "channel_manager")
        made = await propose(connection, "outward_notice", 7, one, {"text": "Please look."})
        assert await pending(connection, "outward_notice", 7) == made
        done = await decide(connection, made.id, two, "approved")
        assert (done.state, done.proposer_id, done.decided_by, done.body) == ("approved", one, two, {"text": "Please look."})
        assert await pending(connection, "outward_notice", 7) is None
        log = await connection.fetch("SELECT actor_id, action, subject_id FROM audit ORDER BY id")
    assert [tuple(row) for row in log] == [(one, "proposed", made.id), (two, "approved", made.id)]


async def test_nobody_approves_what_it_proposed(store: Store) -> None:
    async with store.transaction() as connection:
        one = await user(connection, "a@example.com", "admin")
        made = await propose(connection, "identity_disclosure", 7, one)
        with pytest.raises(Declined, match="two persons"):
            await decide(connection, made.id, one, "approved")
        assert (await decide(connection, made.id, one, "withdrawn")).state == "withdrawn"
        with pytest.raises(Declined, match="withdrawn already"):
            await decide(connection, made.id, one, "withdrawn")


@pytest.mark.parametrize(("roles", "active"), [(("analyst",), True), (("partner",), True), (("admin",), False)])
async def test_who_may_neither_propose_nor_approve(store: Store, roles: tuple[str, ...], active: bool) -> None:
    async with store.transaction() as connection:
        one, other = (
            await user(connection, "a@example.com", "admin"),
            await user(connection, "b@example.com", *roles, active=active),
        )
        made = await propose(connection, "case_confirmed", 7, one)
        for verdict in ("approved", "rejected"):
            with pytest.raises(Declined):
                await decide(connection, made.id, other, verdict)
        with pytest.raises(Declined):
            await propose(connection, "case_confirmed", 8, other)
        with pytest.raises(Declined, match="takes a person"):
            await decide(connection, made.id, None, "approved")


async def test_others_reject_and_only_the_proposer_withdraws(store: Store) -> None:
    async with store.transaction() as connection:
        one, two = await user(connection, "a@example.com", "admin"), await user(connection, "b@example.com", "admin")
        made = await propose(connection, "outward_notice", 7, one)
        with pytest.raises(Declined, match="reject it instead"):
            await decide(connection, made.id, two, "withdrawn")
        assert (await decide(connection, made.id, two, "rejected", "Too early.")).reason == "Too early."
        with pytest.raises(Declined, match="no such proposal"):
            await decide(connection, 1, two, "approved")
