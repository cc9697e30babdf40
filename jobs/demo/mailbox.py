"""A mailbox on loopback: it speaks as much SMTP as a sender needs and keeps what arrives, for the demo to show."""

import asyncio
import email
import email.policy
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from typing import Any

GREETING = b"220 channelhub.example.com mailbox\r\n"
SAYS = {
    b"EHLO": b"250 channelhub.example.com\r\n",
    b"HELO": b"250 channelhub.example.com\r\n",
    b"DATA": b"354 end with a dot\r\n",
    b"QUIT": b"221 bye\r\n",
}
FINE = b"250 fine\r\n"
NUMBER = re.compile(r"\d+")


class Mailbox:
    """What has arrived, oldest first."""

    def __init__(self) -> None:
        self.port = 0
        self.talks: set[asyncio.Task[Any]] = set()
        self.letters: list[EmailMessage] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hear one sender out."""
        if (talk := asyncio.current_task()) is not None:
            self.talks.add(talk)
        try:
            writer.write(GREETING)
            while line := await reader.readline():
                word = line[:4].upper()
                writer.write(SAYS.get(word, FINE))
                if word == b"DATA":
                    self.letters.append(await letter(reader))
                    writer.write(FINE)
                elif word == b"QUIT":
                    break
            await writer.drain()
        except ConnectionError:  # the sender left; what it finished is kept
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def letter(reader: asyncio.StreamReader) -> EmailMessage:
    """Read one message up to the dot that ends it."""
    lines = []
    while (line := await reader.readline()) not in (b".\r\n", b""):
        lines.append(line.removeprefix(b"."))
    return email.message_from_bytes(b"".join(lines), policy=email.policy.default)


def text_of(letter: EmailMessage) -> str:
    """Return a letter's text."""
    body = letter.get_body(("plain", "html"))
    return body.get_content() if body is not None else ""


def first_case(letters: Sequence[EmailMessage]) -> EmailMessage | None:
    """Return the letter about the case of the lowest number, or None."""
    return min(letters, key=lambda letter: [int(number) for number in NUMBER.findall(letter["Subject"])], default=None)


@asynccontextmanager
async def open_mailbox() -> AsyncIterator[Mailbox]:
    """Receive mail on a free port of loopback for as long as the block runs."""
    mailbox = Mailbox()
    server = await asyncio.start_server(mailbox.talk, "127.0.0.1", 0)
    mailbox.port = server.sockets[0].getsockname()[1]
    async with server:
        yield mailbox
    for talk in mailbox.talks:
        talk.cancel()
    await asyncio.gather(*mailbox.talks, return_exceptions=True)
