"""People around one case, and a desk at which each of them acts at any instant."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.cases.case import Actor, Desk
from hub.conflicts.policy import read_policies
from hub.store.database import Connection, Store
from tests import casework

# A Wednesday.
START = datetime(2026, 4, 1, 9, tzinfo=UTC)
STAFF = {
    "admin": "admin", "boss": "admin", "manager": "channel_manager", "deputy": "channel_manager", "analyst": "analyst",
}  # fmt: skip


class Office:
    """A case of GD-B's sales into SH-A's region with two findings, and the users who may work on it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.users: dict[str, int] = {}
        self.partners: dict[str, int] = {}
        self.findings: list[int] = []
        self.case = 0

    async def furnish(self) -> "Office":
        async with self.store.transaction() as connection:
            china = await casework.region(connection, "CN")
            south = await casework.region(connection, "CN-SH", china)
            for code in ("GD-B", "SH-A"):
                self.partners[code] = await casework.partner(connection, code)
            for name, role in STAFF.items():
                self.users[name] = await self.user(connection, name, role)
            self.users["partner"] = await self.user(connection, "partner", "partner", self.partners["GD-B"])
            self.users["victim"] = await self.user(connection, "victim", "partner", self.partners["SH-A"])
            self.case = await casework.case(
                connection, accused=self.partners["GD-B"], victim=self.partners["SH-A"], region=south
            )
            await connection.execute("UPDATE conflict_case SET opened_at = $1 WHERE id = $2", START, self.case)
            await connection.execute(
                "INSERT INTO case_step (case_id, kind, occurred_at, to_state) VALUES ($1, 'opened', $2, 'detected')",
                self.case,
                START,
            )
            self.findings = [await casework.finding(connection, self.case, order) for order in ("O1", "O2")]
        return self

    async def user(self, connection: Connection, name: str, role: str, partner: int | None = None) -> int:
        made: int = await connection.fetchval(
            "INSERT INTO hub_user (email, name, roles, partner_id) VALUES ($1, $2, $3, $4) RETURNING id",
            f"{name}@example.com", name, [role], partner,
        )  # fmt: skip
        return made

    @asynccontextmanager
    async def desk(self, name: str = "manager", at: datetime = START) -> AsyncIterator[Desk]:
        """Lend a desk to one of the users, in a transaction of its own."""
        async with self.store.transaction() as connection:
            role = STAFF.get(name, "partner")
            own = {"partner": "GD-B", "victim": "SH-A"}.get(name)
            actor = Actor(user_id=self.users[name], role=role, partner_id=self.partners[own] if own else None)
            yield Desk(connection, actor, at, await read_policies(connection, at))

    async def now(self) -> dict[str, Any]:
        """Return the case as it is."""
        async with self.store.connection() as connection:
            return dict(await connection.fetchrow("SELECT * FROM conflict_case WHERE id = $1", self.case))

    async def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        async with self.store.connection() as connection:
            return [dict(row) for row in await connection.fetch(sql, *values)]

    async def run(self, sql: str, *values: object) -> None:
        async with self.store.connection() as connection:
            await connection.execute(sql, *values)


@pytest.fixture
async def office(store: Store) -> Office:
    return await Office(store).furnish()
