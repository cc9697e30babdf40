"""Serve the API in this process. The web application is named by a string: this room imports nothing above it."""

import asyncio
import errno
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager

from hub.errors import SettingsError

APPLICATION = "schema.app:create_app"
GRACE_S = 10


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else is started; port 0 takes a free one. Raises SettingsError when it is in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        door = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            said = f"Port {port} is in use; stop the program that uses it or choose another with --port."
        elif error.errno == errno.EACCES:
            said = f"Port {port} needs more rights than we have; choose one above 1023 with --port."
        else:
            said = f"We cannot listen on {host}, port {port}: {error.strerror or error}. Set another host in [server]."
        raise SettingsError(said) from error
    # The loop does so only for sockets that name their protocol: without it an answer in two pieces waits for 40 ms.
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return door


def url(door: socket.socket) -> str:
    """Return the address a browser on this machine opens."""
    host, port = door.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


async def serve(door: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until cancelled, then let open requests finish for 10 s. Calls `ready` when the first can be answered.

    Signals are the caller's: the server would raise them again when it is done, and nothing after it would run.
    """
    import uvicorn

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Generator[None]:
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready()

    config = uvicorn.Config(
        APPLICATION, factory=True, lifespan="on", log_config=None, access_log=False, timeout_graceful_shutdown=GRACE_S
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve([door]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise
    if not server.started:
        raise SettingsError("The web application did not start; the lines above say why.")
