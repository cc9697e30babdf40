"""As little of an HTTP client as the answers need, so that the client is not what is measured."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson

from benchmarks.measure import WrongAnswer

LONGEST = 2**22


class Wire:
    """One connection that stays open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def post(self, path: str, body: object, token: str | None) -> bytes:
        """Send JSON and return the body of the answer. Raises WrongAnswer."""
        content = orjson.dumps(body)
        lines = [f"POST {path} HTTP/1.1", "Host: hub", "Content-Type: application/json", f"Content-Length: {len(content)}"]
        if token is not None:
            lines.append(f"Authorization: Bearer {token}")
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + content)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answer = await self.reader.readexactly(length)
        if not head.startswith(b"http/1.1 200 "):
            raise WrongAnswer(f"{path} answered {head[:30]!r} {answer[:300]!r}.")
        return answer


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Wire]:
    """Hold one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=LONGEST)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()
