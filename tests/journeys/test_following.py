"""Several web processes: what is written through one reaches who follows another, also over the death of that one."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import websockets

from hub.store.database import Store
from hub.store.user import Person, add_user
from schema.ids import global_id
from tests.jobs.cli.conftest import command, environment
from tests.web import PROTOCOL, Socket, token
from tests.world import a_case

FOLLOW = "subscription ($after: BigInt) { caseEvents(after: $after) { eventId case { number } } }"
COMMENT = """mutation ($case: ID!, $text: String!) {
    commentCase(input: {caseId: $case, comment: $text, idempotencyKey: $text}) { userErrors { message } }
}"""
# So many events are told before the kill, and so many that happen after it.
BEFORE, AFTER = 20, 20


@dataclass
class Hub:
    """A web process."""

    process: Process
    url: str


@asynccontextmanager
async def started(address: str, home: Path) -> AsyncIterator[Hub]:
    """Run `channelhub up` on a database; it is gone at the end."""
    variables = environment(CHANNELHUB_HOME=str(home), CHANNELHUB_DATABASE_URL=address)
    process = await asyncio.create_subprocess_exec(*command("up", "--port", "0"), cwd=home, env=variables, stdout=PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            line = (await process.stdout.readline()).decode()
        yield Hub(process, line.split()[3].removesuffix(";"))
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


class Follower:
    """Follows, and notes what it was told."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.told: list[int] = []

    @asynccontextmanager
    async def at(self, hub: Hub) -> AsyncIterator[Socket]:
        """Follow a hub from where we were."""
        url = hub.url.replace("http:", "ws:")
        async with websockets.connect(url, subprotocols=[PROTOCOL]) as connection:
            socket = Socket(connection)
            await socket.send(type="connection_init", payload={"authorization": f"Bearer {self.key}"})
            assert await socket.next() == {"type": "connection_ack"}
            await socket.subscribe(FOLLOW, after=str(self.told[-1] if self.told else 0))
            yield socket

    async def hear(self, socket: Socket, count: int) -> None:
        """Note the next events."""
        for _ in range(count):
            message = await socket.next()
            assert message["type"] == "next", message
            self.told.append(int(message["payload"]["data"]["caseEvents"]["eventId"]))


class Writer:
    """Comments on a case through a hub, one comment after the other."""

    def __init__(self, hub: Hub, key: str, case: str) -> None:
        self.hub, self.key, self.case = hub, key, case
        self.count = 0
        self.enough = False

    async def write(self) -> None:
        """Comment until it is enough."""
        async with httpx2.AsyncClient(headers={"authorization": f"Bearer {self.key}"}, trust_env=False) as http:
            while not self.enough:
                variables = {"case": self.case, "text": f"remark {self.count}"}
                answer: Any = (await http.post(self.hub.url, json={"query": COMMENT, "variables": variables})).json()
                assert answer["data"]["commentCase"] == {"userErrors": []}, answer
                self.count += 1


async def test_nothing_is_lost_or_told_twice_when_a_web_process_is_killed(store: Store, address: str, open_home: Path) -> None:
    case = global_id("ConflictCase", await a_case(store, 1))
    async with store.transaction() as connection:
        user = await add_user(connection, Person(email="ann@example.com", name="Ann", roles=("admin",)))
    key = await token(store, "admin", user_id=user)
    follower = Follower(key)
    async with started(address, open_home) as one:
        writer = Writer(one, key, case)
        async with started(address, open_home) as two, follower.at(two) as socket:
            writing = asyncio.create_task(writer.write())
            await follower.hear(socket, BEFORE)
            two.process.kill()
            with suppress(websockets.ConnectionClosed):
                await follower.hear(socket, sys.maxsize)
        async with started(address, open_home) as three, follower.at(three) as socket:
            missed = writer.count - len(follower.told)
            await follower.hear(socket, missed + AFTER)
            writer.enough = True
            await writing
            async with store.connection() as connection:
                rows = await connection.fetch("SELECT number FROM event WHERE topic = 'case' ORDER BY number")
            written = [row["number"] for row in rows]
            await follower.hear(socket, len(written) - len(follower.told))
    assert missed > 0
    assert follower.told == written
