"""A server in a process of its own: it prints its port once it can be asked, and ends when its input does."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from starlette.types import ASGIApp

from benchmarks.measure import WrongAnswer

# Every one of them has as many to the database.
CONNECTIONS = 8
BACKLOG = 512


def plain_door() -> socket.socket:
    """Return a socket as the server opens one itself: without a named protocol its small answers would wait for each other."""
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.bind(("127.0.0.1", 0))
    door.listen(BACKLOG)
    return door


async def serve(app: ASGIApp, door: socket.socket) -> None:
    """Serve until the input ends: the same server with the same settings for every application."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, lifespan="on", log_config=None, access_log=False))
    with door:
        serving = asyncio.create_task(server.serve([door]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        print(door.getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)
        server.should_exit = True
        await serving


class Started(NamedTuple):
    """Where a server is: its port, and the number of its process."""

    port: int
    process: int


@asynccontextmanager
async def started(*command: str, quiet: bool = False) -> AsyncIterator[Started]:
    """Run a server, if so wanted without its warnings; lend where it is. Raises WrongAnswer when it does not start."""
    pipe = asyncio.subprocess.PIPE
    warnings = asyncio.subprocess.DEVNULL if quiet else None
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=warnings)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = await process.stdout.readline()
        if not port.strip().isdigit():
            raise WrongAnswer(f"{' '.join(command[:3])} did not start.")
        yield Started(int(port), process.pid)
    finally:
        process.stdin.close()
        await process.wait()


def module(name: str, *arguments: str) -> tuple[str, ...]:
    """Return the command that runs a server of this package."""
    return (sys.executable, "-m", f"benchmarks.graphql.{name}", *arguments)
