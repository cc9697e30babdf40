"""The client in Python pages, follows, takes up a connection that broke, and tells what it may not have."""

import asyncio
import os
import subprocess
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from hub.store.database import Store
from tests.web import Client, token

SCRIPT = Path(__file__).parents[2] / "examples" / "python_client.py"
PARTNER = "GD-HENGTONG"
EVENTS = 5


async def run(address: str, key: str, *arguments: str, partner: str = PARTNER) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), f"http://{address}", "--partner", partner, *arguments]
    environment = {**os.environ, "CHANNELHUB_TOKEN": key, "no_proxy": "*"}
    return await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, text=True, check=False)


def said(done: subprocess.CompletedProcess[str], kind: str) -> list[str]:
    """Return the second word of each line of a kind."""
    assert done.returncode == 0, done.stderr
    return [line.split()[1] for line in done.stdout.splitlines() if line.startswith(kind)]


@dataclass
class Gate:
    """Stands before the hub, and shuts in the middle of a stream when the third event comes by, once."""

    address: str
    events: int = 0
    shut: bool = False
    pumps: set["asyncio.Task[None]"] = field(default_factory=set)

    async def pass_on(self, reader: StreamReader, writer: StreamWriter) -> None:
        host, _, port = self.address.partition(":")
        inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
        self.pumps.add(asyncio.create_task(pump(reader, inner_writer)))
        async for line in inner_reader:
            self.events += line == b"event: next\n"
            if writer.is_closing() or (self.events == 3 and not self.shut):
                self.shut = True
                break
            writer.write(line)
        writer.close()
        inner_writer.close()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        async with await asyncio.start_server(self.pass_on, "127.0.0.1", 0) as server:
            yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
            await asyncio.gather(*self.pumps)


async def pump(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(ConnectionError):
        while part := await reader.read(2**16):
            writer.write(part)
    writer.close()


async def test_it_pages_and_follows(demo: Client) -> None:
    whole = await run(demo.address, demo.token, "--events", str(EVENTS))
    numbers = said(whole, "order")
    held = await demo.data(
        f'{{ partners(filter: {{ code: {{ eq: "{PARTNER}" }} }}) {{ nodes {{ orders(first: 1) {{ totalCount }} }} }} }}'
    )
    assert len(numbers) == len(set(numbers)) == held["partners"]["nodes"][0]["orders"]["totalCount"] > 50
    events = said(whole, "event")
    assert len(set(events)) == EVENTS
    later = await run(demo.address, demo.token, "--events", "1", "--after", events[-2])
    assert said(later, "event") == events[-1:]


async def test_a_connection_that_breaks_loses_and_repeats_nothing(demo: Client) -> None:
    whole = said(await run(demo.address, demo.token, "--events", str(EVENTS)), "event")
    gate = Gate(demo.address)
    async with gate.open() as address:
        broken = await run(address, demo.token, "--events", str(EVENTS))
    assert said(broken, "event") == whole
    assert f"Connecting again after event {whole[1]}" in broken.stderr


async def test_what_is_not_for_the_role_is_left_out_and_told(demo: Client, store: Store) -> None:
    done = await run(demo.address, await token(store, "analyst"), "--events", "1")
    assert len(said(done, "order")) > 50
    assert "Left out, not for your role: partners.nodes.*.orders.nodes.*.soldTo.email" in done.stderr


async def test_what_is_refused_ends_it_with_the_code(demo: Client) -> None:
    for address, key, arguments, told in (
        (demo.address, "none", (), "UNAUTHENTICATED"),
        (demo.address, demo.token, ("--after", "nothing"), "BAD_USER_INPUT"),
    ):
        done = await run(address, key, *arguments)
        assert (done.returncode, done.stderr.partition(":")[0]) == (1, told)
    nobody = await run(demo.address, demo.token, partner="NOBODY")
    assert (nobody.returncode, nobody.stderr) == (1, "There is no partner NOBODY, or it is not for you.\n")
