"""Tokens and roles: whom a token speaks for, and what each role may call."""

import hashlib
from datetime import timedelta

import pytest
from msgspec import structs

from hub.clock import now
from hub.errors import Declined, NeedsPerson
from hub.store.database import Store
from hub.store.token import create_token, digest, find_caller, revoke_token
from hub.store.user import Person, add_user, deactivate_user, upsert_user, user_id_of
from schema.auth.roles import MAY, demand
from schema.auth.tokens import Pass, Tokens
from schema.context import Locale, Role, Viewer
from schema.errors import HubGraphQLError
from tests.web import token

LI = Person(
    email="Li@Example.com ", name="Li", roles=("channel_manager",), partner_ids=(7, 8), product_groups=("tea",), locale="zh-CN"
)


async def admit(store: Store, text: str) -> Pass | None:
    return await Tokens(store).admit(f"Bearer {text}")


async def test_a_token_is_stored_as_its_hash_and_told_once(store: Store) -> None:
    async with store.transaction() as connection:
        made = await create_token(connection, name="nightly", role="service")
        row = await connection.fetchrow("SELECT * FROM access_token WHERE id = $1", made.id)
    assert row["digest"] == hashlib.sha256(made.text.encode()).digest()
    assert row["prefix"] == made.text[:8]
    assert made.text not in repr(made)
    assert made.text not in {str(value) for value in row.values()}
    assert len(made.text) >= 43


async def test_a_token_carries_what_is_assigned_to_its_user(store: Store) -> None:
    async with store.transaction() as connection:
        person = await add_user(connection, LI)
    found = await admit(store, await token(store, "channel_manager", user_id=person))
    assert found is not None
    assert found.viewer == Viewer(
        role=Role.CHANNEL_MANAGER,
        user_id=person,
        partner_ids=frozenset({7, 8}),
        product_groups=frozenset({"tea"}),
        locale=Locale.ZH_CN,
    )
    assert found.viewer.name == "Li"


async def test_nobody_comes_in_with_what_is_not_valid(store: Store) -> None:
    assert await Tokens(store).admit(None) is None
    assert await admit(store, "x" * 43) is None
    assert await admit(store, await token(store, expires_at=now() - timedelta(seconds=1))) is None
    text = await token(store)
    async with store.transaction() as connection:
        await revoke_token(connection, await connection.fetchval("SELECT max(id) FROM access_token"))
    assert await admit(store, text) is None


async def test_a_user_takes_its_tokens_along(store: Store) -> None:
    async with store.transaction() as connection:
        person = await add_user(connection, LI)
    text = await token(store, "channel_manager", user_id=person)
    assert await admit(store, text) is not None
    async with store.transaction() as connection:
        await deactivate_user(connection, person)
    assert await admit(store, text) is None
    async with store.transaction() as connection:
        assert await upsert_user(connection, LI) == person
    assert await admit(store, text) is not None
    async with store.transaction() as connection:
        await upsert_user(connection, Person(email="li@example.com", name="Li", roles=("analyst",)))
    assert await admit(store, text) is None


async def test_a_token_that_could_never_work_is_not_made(store: Store) -> None:
    async with store.transaction() as connection:
        person = await add_user(connection, LI)
    for wrong in ({"role": "partner"}, {"role": "admin", "partner_id": 1}, {"role": "admin", "user_id": person}):
        with pytest.raises(Declined):
            async with store.transaction() as connection:
                await create_token(connection, name="test", **wrong)


async def test_a_token_of_a_partners_user_is_for_that_partner(store: Store) -> None:
    west = Person(email="west@example.com", name="West", roles=("partner",), partner_id=7)
    async with store.transaction() as connection:
        person = await add_user(connection, west)
        with pytest.raises(Declined, match="another partner"):
            await create_token(connection, name="test", role="partner", user_id=person, partner_id=8)
    text = await token(store, "partner", user_id=person, partner_id=7)
    service = await token(store, "partner", partner_id=7)
    assert await admit(store, text) is not None
    async with store.transaction() as connection:
        await upsert_user(connection, structs.replace(west, partner_id=8))
    assert await admit(store, text) is None
    assert await admit(store, service) is not None


async def test_users_are_told_apart_by_their_address(store: Store) -> None:
    async with store.transaction() as connection:
        person = await add_user(connection, LI)
        assert await user_id_of(connection, "LI@example.com") == person
        with pytest.raises(NeedsPerson):
            await add_user(connection, LI)
        with pytest.raises(NeedsPerson):
            await user_id_of(connection, "nobody@example.com")


async def test_the_last_administrator_stays(store: Store) -> None:
    async with store.transaction() as connection:
        owner = await user_id_of(connection, "owner@localhost")
        assert not await deactivate_user(connection, owner)
        await add_user(connection, Person(email="second@example.com", name="Second", roles=("admin",)))
        assert await deactivate_user(connection, owner)


async def test_use_is_written_at_most_once_a_minute(store: Store) -> None:
    key = digest(await token(store))

    async def used() -> object:
        async with store.connection() as connection:
            await find_caller(connection, key)
            return await connection.fetchval("SELECT last_used_at FROM access_token")

    first = await used()
    assert first is not None
    assert await used() == first
    async with store.connection() as connection:
        await connection.execute("UPDATE access_token SET last_used_at = last_used_at - interval '2 minutes'")
    assert await used() != first


async def test_a_token_is_looked_up_once_in_a_moment(store: Store) -> None:
    tokens, text = Tokens(store), await token(store)
    assert await tokens.admit(f"bearer {text}") is not None
    async with store.connection() as connection:
        await connection.execute("DELETE FROM access_token")
    assert await tokens.admit(f"bearer {text}") is not None
    tokens.forget()
    assert await tokens.admit(f"bearer {text}") is None


@pytest.mark.parametrize("mutation", sorted(MAY))
def test_each_mutation_is_for_some_roles(mutation: str) -> None:
    for role in Role:
        if role in MAY[mutation]:
            demand(Viewer(role), mutation)
        else:
            with pytest.raises(HubGraphQLError, match=mutation):
                demand(Viewer(role), mutation)


def test_only_administrators_let_others_in() -> None:
    for mutation in ("createToken", "upsertUser", "deactivateUser"):
        assert MAY[mutation] == {Role.ADMIN}
