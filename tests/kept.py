"""A database that serves one test after the other and is as new for each."""

from typing import Any
from uuid import uuid4

import asyncpg

from hub.store.database import Pool, prepare
from hub.store.embedded import Server

TEMPLATE = "hub_template"
NAME = "kept"


async def statement(one: Server, sql: str) -> None:
    """Run one statement outside of any test's database."""
    connection = await asyncpg.connect(one.database("postgres"))
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


class Kept:
    """Made on first use, cleared after each, and made anew when a test has left more than rows behind."""

    pool: Pool

    def __init__(self, server: Server) -> None:
        self.server = server
        self.name: str | None = None
        self.shape: list[Any] = []

    async def lend(self) -> str:
        """Return the address of the database as a migration leaves it."""
        if self.name is None:
            await self.make()
        return self.server.database(str(self.name))

    async def make(self) -> None:
        """Copy the template and note what lies in it."""
        self.name = f"test_{uuid4().hex[:12]}"
        await statement(self.server, f"CREATE DATABASE {self.name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        self.pool = await asyncpg.create_pool(
            self.server.database(self.name), min_size=1, max_size=5, init=prepare, server_settings={"application_name": NAME}
        )
        async with self.pool.acquire() as connection:
            await connection.execute(KEEP)
            self.shape = await connection.fetch(SHAPE)

    async def clear(self) -> None:
        """Take away what a test wrote, the whole database when that is not all it did."""
        if self.pool.is_closing() or not await self.cleared():
            await self.close()

    async def cleared(self) -> bool:
        """Take away the rows; False when the rest is not what it was."""
        async with self.pool.acquire() as connection:
            alike: bool = await connection.fetch(SHAPE) == self.shape
            if alike:
                await connection.execute(CLEAR)
        return alike

    async def close(self) -> None:
        """Let the database go."""
        if self.name is not None:
            self.pool.terminate()
            await statement(self.server, f"DROP DATABASE {self.name} WITH (FORCE)")
            self.name = None


# By name: detection makes the indexes of an empty table anew.
SHAPE = """
    WITH relation AS (
        SELECT oid, concat_ws('.', relnamespace, relname) AS name FROM pg_class
         WHERE oid >= 16384 AND relpersistence = 'p' AND relnamespace <> 'pg_toast'::regnamespace
    )
    SELECT relation.name, string_agg(concat_ws(' ', a.attname, a.atttypid, a.attnotnull), ', ' ORDER BY a.attnum) AS said
      FROM relation LEFT JOIN pg_attribute AS a ON a.attrelid = relation.oid AND a.attnum > 0
     GROUP BY relation.name
    UNION ALL
    SELECT tgname, concat_ws(' ', tgrelid, tgenabled) FROM pg_trigger
    UNION ALL
    SELECT proname, md5(concat(prosrc, prosqlbody)) FROM pg_proc WHERE oid >= 16384
    UNION ALL
    SELECT setdatabase::text, setconfig::text FROM pg_db_role_setting
     ORDER BY 1, 2
"""
# What a migration leaves: rows of a few tables, and where the numbers of all stand.
KEEP = """
    CREATE SCHEMA kept;
    CREATE TABLE kept.number AS
    SELECT s.seqrelid::regclass AS name, coalesce(pg_sequence_last_value(s.seqrelid), s.seqstart) AS value,
           pg_sequence_last_value(s.seqrelid) IS NOT NULL AS used
      FROM pg_sequence AS s JOIN pg_class AS c ON c.oid = s.seqrelid WHERE c.relnamespace = 'public'::regnamespace;
    DO $$
    DECLARE one text;
    BEGIN
        FOR one IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
                      AND pg_relation_size(oid) > 0
        LOOP
            EXECUTE format('CREATE TABLE kept.%1$I AS TABLE public.%1$I', one);
        END LOOP;
    END $$;
"""
# Rows that may not be changed go too, and nothing follows from it: triggers and foreign keys are asleep.
CLEAR = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name <> 'kept' AND pid <> pg_backend_pid();
    BEGIN;
    SET LOCAL session_replication_role = replica;
    DO $$
    DECLARE one record;
    BEGIN
        FOR one IN SELECT c.relname, EXISTS (SELECT FROM pg_class AS k WHERE k.relname = c.relname AND k.relkind = 'r'
                                                AND k.relnamespace = 'kept'::regnamespace) AS filled,
                          (SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
                            WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') AS columns,
                          CASE WHEN pg_relation_size(c.oid) > 200000 THEN 'TRUNCATE' ELSE 'DELETE FROM' END AS away
                     FROM pg_class AS c
                    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND pg_relation_size(c.oid) > 0
        LOOP
            EXECUTE format('%s public.%I', one.away, one.relname);
            IF one.filled THEN
                EXECUTE format('INSERT INTO public.%1$I (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM kept.%1$I',
                               one.relname, one.columns);
            END IF;
        END LOOP;
    END $$;
    SELECT setval(k.name, k.value, k.used) FROM kept.number AS k
     WHERE (coalesce(pg_sequence_last_value(k.name), k.value), pg_sequence_last_value(k.name) IS NOT NULL) <> (k.value, k.used);
    COMMIT;
"""
