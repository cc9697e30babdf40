"""The mailbox keeps what a sender sends."""

import asyncio
import smtplib
from email.message import EmailMessage

from jobs.demo.mailbox import open_mailbox, text_of


async def test_a_letter_arrives_as_it_was_sent() -> None:
    sent = EmailMessage()
    sent["From"], sent["To"], sent["Subject"] = "hub@example.com", "manager@example.com", "Case 1: 疑似跨区域销售"
    sent.set_content("First line\n.a line that begins with a dot\nLast line\n")

    def send(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as smtp:
            smtp.send_message(sent)

    async with open_mailbox() as mailbox:
        await asyncio.to_thread(send, mailbox.port)
    (letter,) = mailbox.letters
    assert letter["Subject"] == sent["Subject"]
    assert text_of(letter).splitlines() == ["First line", ".a line that begins with a dot", "Last line"]
