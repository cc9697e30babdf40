"""The name of the state of the data: another one after every commit that wrote, the same otherwise."""

from hub.clock import now
from hub.store.change import RESTLESS, UNSEEN, settle, version, watch
from hub.store.database import Connection, Store

UNWATCHED = """
    SELECT c.relname FROM pg_class AS c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname NOT LIKE 'procrastinate%'
       AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname = 'changed' AND t.tgenabled = 'O')
"""
ADD = "INSERT INTO hub_user (email, name) VALUES ($1, 'somebody')"
COUNT = "SELECT count(*) FROM data_change"


async def state(store: Store) -> str:
    async with store.connection() as connection:
        return await version(connection, now())


async def add(connection: Connection, code: str) -> None:
    await connection.execute(ADD, code)


async def test_every_table_but_those_nobody_is_shown_is_watched(store: Store) -> None:
    async with store.connection() as connection:
        assert {row["relname"] for row in await connection.fetch(UNWATCHED)} == {*UNSEEN, "tortoise_migrations"}


async def test_a_column_that_comes_later_is_watched_too(store: Store) -> None:
    table, column = RESTLESS
    async with store.connection() as connection:
        await connection.execute(f"ALTER TABLE {table} ADD COLUMN later text; CREATE TABLE another (id bigint)")
        await watch(connection)
        await connection.execute("INSERT INTO access_token (name, prefix, digest, role) VALUES ('n', 'p', 'd', 'admin')")
        before = await version(connection, now())
        await connection.execute(f"UPDATE {table} SET {column} = now()")
        assert await version(connection, now()) == before
        await connection.execute(f"UPDATE {table} SET later = 'said'")
        moved = await version(connection, now())
        await connection.execute("INSERT INTO another VALUES (1)")
        assert len({before, moved, await version(connection, now())}) == 3


async def test_reading_changes_nothing_and_every_way_of_writing_does(store: Store) -> None:
    seen = [await state(store)]
    assert await state(store) == seen[0]
    async with store.connection() as connection:
        for statement in (
            ADD.replace("$1", "'a'"),
            "UPDATE hub_user SET name = 'b'",
            "UPDATE hub_user SET name = 'c'",
            "DELETE FROM hub_user",
            "TRUNCATE hub_user",
        ):
            await connection.execute(statement)
            seen.append(await state(store))
        await connection.copy_records_to_table("hub_user", records=[("a", "copied")], columns=["email", "name"])
        seen.append(await state(store))
    assert len(set(seen)) == len(seen)


async def test_a_statement_that_finds_nothing_changes_nothing(store: Store) -> None:
    before = await state(store)
    async with store.connection() as connection:
        for statement in (
            "UPDATE hub_user SET name = 'b' WHERE email = 'nobody'",
            "DELETE FROM hub_user WHERE email = 'nobody'",
            "INSERT INTO hub_user (email, name) SELECT email, name FROM hub_user WHERE email = 'nobody'",
        ):
            await connection.execute(statement)
    assert await state(store) == before


async def test_a_row_changed_inside_a_savepoint_alone_is_told_of(store: Store) -> None:
    before = await state(store)
    async with store.transaction() as connection:
        await connection.execute("DELETE FROM hub_user WHERE email = 'nobody'")
        async with connection.transaction():
            await add(connection, "a")
    assert await state(store) != before


async def test_what_is_not_committed_is_not_told_of(store: Store) -> None:
    before = await state(store)
    async with store.connection() as connection:
        turn = connection.transaction()
        await turn.start()
        await add(connection, "a")
        assert await state(store) == before
        await turn.rollback()
        assert await state(store) == before
        await add(connection, "a")
    assert await state(store) != before


async def test_one_mark_is_left_by_each_transaction_also_after_a_savepoint_was_taken_back(store: Store) -> None:
    async with store.connection() as connection:
        many = await connection.fetchval(COUNT)
        async with connection.transaction():
            await add(connection, "a")
            await add(connection, "b")
        assert await connection.fetchval(COUNT) == many + 1
        async with connection.transaction():
            savepoint = connection.transaction()
            await savepoint.start()
            await add(connection, "c")
            await savepoint.rollback()
            await add(connection, "d")
        assert await connection.fetchval(COUNT) == many + 2


async def test_two_that_write_at_the_same_time_do_not_wait_and_both_are_told_of(store: Store) -> None:
    seen = {await state(store)}
    async with store.connection() as one, store.connection() as other:
        first, second = one.transaction(), other.transaction()
        await first.start()
        await second.start()
        await add(one, "a")
        await add(other, "b")
        await second.commit()
        seen.add(await state(store))
        await first.commit()
    assert len(seen | {await state(store)}) == 3


async def test_putting_marks_together_changes_nothing(store: Store) -> None:
    async with store.connection() as connection:
        for number in range(120):
            await add(connection, f"c{number}")
        before = await version(connection, now())
        await settle(connection)
        assert await connection.fetchval(COUNT) == 1
        await settle(connection)
        assert await version(connection, now()) == before
        await add(connection, "one more")
        assert await version(connection, now()) != before
