"""The protocol graphql-transport-ws, word for word.

Browsers cannot send headers with a WebSocket, so the token comes in the payload of `connection_init`; a page of another
site can open a socket but has no token, and is turned away by its Origin before that.
"""

import asyncio
from collections.abc import Collection
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from schema.ask import Ask, Malformed, read_ask
from schema.auth.tokens import Pass, Tokens
from schema.context import Viewer
from schema.errors import ErrorCode, HubGraphQLError
from schema.operation import Operations, encode, new_request_id, refused
from schema.probes import Metrics
from schema.visitors import Visitors

PROTOCOL = "graphql-transport-ws"
INITIALISE_S = 10.0
OPERATIONS = 100
LARGEST_MESSAGE = 1024 * 1024

INVALID, UNAUTHORISED, FORBIDDEN, NO_PROTOCOL, NOT_INITIALISED, SUBSCRIBER_EXISTS, INITIALISED_TWICE = (
    4400, 4401, 4403, 4406, 4408, 4409, 4429,
)  # fmt: skip


class Closed(Exception):
    """The protocol wants the socket closed."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass
class Sockets:
    """Opens a conversation for each socket."""

    operations: Operations
    tokens: Tokens
    visitors: Visitors
    metrics: Metrics
    allowed_origins: Collection[str]

    async def graphql(self, socket: WebSocket) -> None:
        """Talk until one side has enough."""
        if foreign(socket, self.allowed_origins):
            await socket.close()
            return
        if PROTOCOL not in socket.scope["subprotocols"]:
            await socket.accept()
            await socket.close(NO_PROTOCOL, "Subprotocol not acceptable")
            return
        await socket.accept(PROTOCOL)
        with self.metrics.sockets.track_inprogress():
            await Conversation(self, socket).run()


@dataclass
class Conversation:
    """One socket: what it has told so far, and what runs for it."""

    sockets: Sockets
    socket: WebSocket
    running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    admitted: Pass | None = None
    initialised: bool = False
    ending: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Listen until the socket is closed; nothing that was started for it survives it."""
        try:
            await self.initialise()
            assert self.admitted is not None
            with self.sockets.visitors.present(self.admitted, self.leave):
                while True:
                    await self.obey(await self.receive())
        except Closed as closed:
            await self.close(closed.code, closed.reason)
        except WebSocketDisconnect:
            pass
        finally:
            left = [*self.running.values(), *([self.ending] if self.ending else [])]
            for task in self.running.values():
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def initialise(self) -> None:
        """Wait for `connection_init`; pings may come before it."""
        try:
            async with asyncio.timeout(INITIALISE_S):
                while not self.initialised:
                    await self.obey(await self.receive())
        except TimeoutError as error:
            raise Closed(NOT_INITIALISED, "Connection initialisation timeout") from error

    async def receive(self) -> dict[str, Any]:
        """Return the next message."""
        arrived = await self.socket.receive()
        if arrived["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(arrived.get("code", 1005))
        text = arrived.get("text") or ""
        if len(text) > LARGEST_MESSAGE:
            raise Closed(INVALID, "Message is too long")
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise Closed(INVALID, "Message is not JSON") from error
        if not isinstance(message, dict):
            raise Closed(INVALID, "Message is not an object")
        return message

    async def obey(self, message: dict[str, Any]) -> None:
        """Do what a message asks."""
        match message:
            case {"type": "connection_init"}:
                await self.admit(message.get("payload"))
            case {"type": "ping"}:
                await self.send({"type": "pong"})
            case {"type": "pong"}:
                pass
            case {"type": "subscribe", "id": str() as name, "payload": dict() as payload} if name:
                await self.subscribe(name, payload)
            case {"type": "complete", "id": str() as name}:
                if (task := self.running.pop(name, None)) is not None:
                    task.cancel()
            case _:
                raise Closed(INVALID, "Invalid message")

    async def admit(self, payload: object) -> None:
        """Check the token."""
        if self.initialised:
            raise Closed(INITIALISED_TWICE, "Too many initialisation requests")
        words = payload if isinstance(payload, dict) else {}
        authorization = words.get("authorization", words.get("Authorization"))
        self.admitted = await self.sockets.tokens.admit(authorization if isinstance(authorization, str) else None)
        if self.admitted is None:
            raise Closed(FORBIDDEN, "Forbidden")
        self.initialised = True
        await self.send({"type": "connection_ack"})

    async def subscribe(self, name: str, payload: dict[str, Any]) -> None:
        """Start an operation."""
        if self.admitted is None:
            raise Closed(UNAUTHORISED, "Unauthorized")
        if name in self.running:
            raise Closed(SUBSCRIBER_EXISTS, f"Subscriber for {name[:80]} already exists")
        try:
            ask = read_ask(payload)
        except Malformed as malformed:
            raise Closed(INVALID, "Invalid message") from malformed
        if len(self.running) >= OPERATIONS:
            busy = HubGraphQLError(f"A socket carries at most {OPERATIONS} operations.", ErrorCode.BAD_REQUEST)
            await self.send({"type": "error", "id": name, "payload": refused([busy], new_request_id()).errors})
            return
        task = asyncio.create_task(self.operate(name, ask, self.admitted.viewer))
        self.running[name] = task

    async def operate(self, name: str, ask: Ask, viewer: Viewer) -> None:
        """Run one operation and send its answers."""
        # A client that is gone is noticed by the listener too, which then ends everything.
        with suppress(WebSocketDisconnect, RuntimeError):
            async with aclosing(self.sockets.operations.answers(ask, viewer, new_request_id())) as answers:
                async for answer in answers:
                    if not answer.executed:
                        self.running.pop(name, None)
                        await self.send({"type": "error", "id": name, "payload": answer.errors})
                        return
                    await self.send({"type": "next", "id": name, "payload": answer.body()})
            # The id is free before the client hears that it is.
            self.running.pop(name, None)
            await self.send({"type": "complete", "id": name})

    async def send(self, message: dict[str, Any]) -> None:
        """Send a message."""
        await self.socket.send_text(encode(message).decode())

    def leave(self) -> None:
        """Close the socket because its token is no longer what it was."""
        self.ending = asyncio.create_task(self.close(FORBIDDEN, "Forbidden"))

    async def close(self, code: int, reason: str) -> None:
        """Close the socket unless it is closed already."""
        with suppress(RuntimeError, WebSocketDisconnect):
            await self.socket.close(code, reason)


def foreign(socket: WebSocket, allowed: Collection[str]) -> bool:
    """Say whether a page of another site opens the socket that is not allowed to. Programs send no Origin."""
    origin = socket.headers.get("origin")
    return origin is not None and origin not in allowed and urlsplit(origin).netloc != socket.headers.get("host")
