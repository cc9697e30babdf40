"""A mail server on loopback that keeps what it is given."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP

from hub.settings import SmtpSettings


class Mailbox:
    """The mails that came, and the settings of the server that takes them."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []
        self.refuses = False
        self.smtp = SmtpSettings()
        self.called = asyncio.Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take a mail, or refuse it."""
        if self.refuses:
            return "451 Not now"
        self.mails += [(to, message_from_bytes(envelope.content, policy=policy.default)) for to in envelope.rcpt_tos]
        return "250 OK"


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    """Serve for as long as the block runs."""
    box = Mailbox()
    callers: list[SMTP] = []

    def answer() -> SMTP:
        callers.append(SMTP(box))
        box.called.set()
        return callers[-1]

    server = await asyncio.get_running_loop().create_server(answer, "127.0.0.1", 0)
    async with server:
        box.smtp = SmtpSettings(host="127.0.0.1", port=server.sockets[0].getsockname()[1], sender="hub@example.com")
        yield box
    # Who called or hung up a moment ago may not have been noticed yet.
    for caller in callers:
        while caller.session is None:
            await asyncio.sleep(0)
        if caller.transport is not None:
            caller.transport.close()
    await asyncio.sleep(0)
