"""Server-sent events, one operation a connection (the distinct connections mode of graphql-sse)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from schema.auth.tokens import Pass
from schema.operation import Answer, encode
from schema.visitors import Visitors

# Proxies close a connection on which nothing is said.
HEARTBEAT_S = 12.0
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class EventStream(Response):
    """Sends each answer as it comes, and `farewell` when the token stops being valid meanwhile."""

    media_type = "text/event-stream"

    def __init__(self, answers: AsyncGenerator[Answer, None], visitors: Visitors, admitted: Pass, farewell: Answer) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self.answers = answers
        self.visitors = visitors
        self.admitted = admitted
        self.farewell = farewell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Speak until all is said, the client is gone or its token is."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        speaking = asyncio.create_task(self.speak(send))
        beating = asyncio.create_task(beat(send))
        watching = asyncio.create_task(gone(receive))
        try:
            with self.visitors.present(self.admitted, lambda: cancel(speaking)):
                await asyncio.wait({speaking, watching}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (speaking, beating, watching):
                task.cancel()
            done = await asyncio.gather(speaking, beating, watching, return_exceptions=True)
        if done[2] is True:
            return
        if speaking.cancelled():
            await send(part(event(self.farewell)))
        await send(part(b"event: complete\ndata:\n\n", more=False))

    async def speak(self, send: Send) -> None:
        """Send the answers."""
        async with aclosing(self.answers) as answers:
            async for answer in answers:
                await send(part(event(answer)))


def cancel(task: "asyncio.Task[None]") -> None:
    """End a task from outside of it."""
    task.cancel()


async def beat(send: Send) -> None:
    """Give a sign of life from time to time."""
    while True:
        await asyncio.sleep(HEARTBEAT_S)
        await send(part(b":\n\n"))


async def gone(receive: Receive) -> bool:
    """Return when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    return True


def event(answer: Answer) -> bytes:
    """Return an answer as an event."""
    return b"event: next\ndata: " + encode(answer.body()) + b"\n\n"


def part(text: bytes, *, more: bool = True) -> dict[str, object]:
    """Return a part of the body as ASGI wants it."""
    return {"type": "http.response.body", "body": text, "more_body": more}
