"""Followers on WebSockets, as light as they can be: each notes when it is told, and nothing else."""

import asyncio
import resource
import time
from collections.abc import Sequence
from math import ceil
from socket import SO_LINGER, SOL_SOCKET
from struct import pack
from typing import Any

import orjson
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from benchmarks.measure import WrongAnswer

PROTOCOL = Subprotocol("graphql-transport-ws")
# The hub allows 100 operations a socket, and a query tells when all that came before it has begun.
SHARED = 99
# What a process has open besides the sockets.
SPARE_FILES = 300
AT_ONCE = 50
PATIENCE_S = 120


class Crowd:
    """So many followers of a few questions, in turn."""

    def __init__(self, port: int, token: str, count: int, sockets: int, questions: Sequence[dict[str, Any]]) -> None:
        self.uri = f"ws://127.0.0.1:{port}/graphql"
        self.token = token
        self.count = count
        self.questions = questions
        self.sockets = sockets
        self.lines: list[Line] = []
        self.told: list[float] = []
        self.all_told = asyncio.Event()

    async def come(self) -> None:
        """Open the sockets, and return when the hub has begun with every follower."""
        async with asyncio.timeout(PATIENCE_S):
            for first in range(0, self.sockets, AT_ONCE):
                await asyncio.gather(*(self.open(place) for place in range(first, min(first + AT_ONCE, self.sockets))))

    async def open(self, place: int) -> None:
        """Open one socket with its followers."""
        loop = asyncio.get_running_loop()
        _, line = await loop.create_connection(lambda: Line(self, range(place, self.count, self.sockets)), *self.host())
        self.lines.append(line)
        await line.begun

    def host(self) -> tuple[str, int]:
        """Return where the hub is."""
        found = parse_uri(self.uri)
        return found.host, found.port

    async def hear(self) -> list[float]:
        """Return when each follower was told of one event, once all were."""
        async with asyncio.timeout(PATIENCE_S):
            await self.all_told.wait()
        found, self.told = self.told, []
        self.all_told.clear()
        return found

    def tell(self, message: dict[str, Any]) -> None:
        """Note that a follower was told."""
        if message["type"] != "next" or "errors" in message["payload"]:
            raise WrongAnswer(f"A follower was told {message}.")
        self.told.append(time.perf_counter())
        if len(self.told) == self.count:
            self.all_told.set()

    def cut_off(self) -> None:
        """End all connections by a reset, as when their processes are killed."""
        for line in self.lines:
            line.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
            line.transport.abort()


class Line(asyncio.Protocol):
    """One socket."""

    transport: asyncio.Transport

    def __init__(self, crowd: Crowd, followers: range) -> None:
        self.crowd = crowd
        self.followers = followers
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.protocol = ClientProtocol(parse_uri(crowd.uri), subprotocols=[PROTOCOL])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.protocol.send_request(self.protocol.connect())
        self.flush()

    def data_received(self, data: bytes) -> None:
        self.protocol.receive_data(data)
        for frame in self.protocol.events_received():
            if not isinstance(frame, Frame):
                self.say(type="connection_init", payload={"authorization": f"Bearer {self.crowd.token}"})
            elif frame.opcode is Opcode.TEXT:
                self.obey(orjson.loads(frame.data))
        self.flush()

    def obey(self, message: dict[str, Any]) -> None:
        """Follow once the hub knows us; note what it tells."""
        if message["type"] == "connection_ack":
            for number in self.followers:
                questions = self.crowd.questions
                self.say(type="subscribe", id=str(number), payload=questions[number % len(questions)])
            self.say(type="subscribe", id="begun", payload={"query": "{ __typename }"})
        elif message["id"] != "begun":
            self.crowd.tell(message)
        elif message["type"] == "complete":
            self.begun.set_result(None)

    def say(self, **message: Any) -> None:
        """Send a message."""
        self.protocol.send_text(orjson.dumps(message))

    def flush(self) -> None:
        """Write what is to be sent."""
        for data in self.protocol.data_to_send():
            self.transport.write(data)


def sockets_for(count: int) -> int:
    """Return over how many sockets so many followers come: one each if both sides may have as many files open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    room = count if most == resource.RLIM_INFINITY else most - SPARE_FILES
    sockets = min(count, room)
    if ceil(count / sockets) > SHARED:
        raise WrongAnswer(f"{count} followers need more than the {most} files that a process may have open here.")
    return sockets
