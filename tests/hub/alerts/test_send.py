"""Messages reach a mail server and a webhook over real sockets."""

import logging
from typing import Any

import pytest
from aiohttp import web

from hub.alerts.message import Message
from hub.alerts.send import mail_address, send
from hub.errors import SettingsError
from hub.settings import SmtpSettings
from tests.mail import mailbox

MESSAGE = Message("Case 12: 疑似跨区销售", "One <line> & another.\n第二行")


async def test_a_mail_arrives_as_plain_text() -> None:
    async with mailbox() as box:
        assert await send(mail_address(box.smtp, "li+alerts@example.com"), MESSAGE)
    ((recipient, read),) = box.mails
    assert recipient == "li+alerts@example.com"
    assert (read["subject"], read["from"]) == (MESSAGE.subject, "hub@example.com")
    assert read.get_content_type() == "text/plain"
    assert read.get_content().splitlines() == ["One <line> & another.", "第二行"]


async def test_a_webhook_gets_title_and_message(caplog: pytest.LogCaptureFixture) -> None:
    got: list[dict[str, Any]] = []

    async def hook(request: web.Request) -> web.Response:
        got.append(await request.json())
        return web.Response(status=204)

    caplog.set_level(logging.DEBUG)
    async with Hook(hook) as port:
        assert await send(f"json://user:hidden@127.0.0.1:{port}/alerts", MESSAGE)
    assert (got[0]["title"], got[0]["message"]) == (MESSAGE.subject, MESSAGE.body)
    assert "hidden" not in caplog.text


async def test_a_target_that_refuses_is_not_delivered_to() -> None:
    async def hook(request: web.Request) -> web.Response:
        return web.Response(status=500)

    async with Hook(hook) as port:
        assert not await send(f"json://127.0.0.1:{port}/alerts", MESSAGE)


async def test_a_target_that_is_away_is_not_delivered_to() -> None:
    async with Hook(None) as port:
        pass
    assert not await send(f"json://127.0.0.1:{port}/alerts", MESSAGE)


async def test_an_address_that_means_nothing_is_a_mistake_and_not_repeated_in_the_sentence() -> None:
    with pytest.raises(SettingsError) as raised:
        await send("nonsense-with-a-secret", MESSAGE)
    assert "secret" not in str(raised.value)


def test_a_mail_servers_login_and_mode_are_part_of_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "p@ss/word")
    smtp = SmtpSettings(host="mail.example.com", port=587, user="hub@example.com", password="env:MAIL_PASSWORD", tls="starttls")
    address = mail_address(smtp, "li@example.com")
    assert address.startswith("mailtos://hub%40example.com:p%40ss%2Fword@mail.example.com:587?")
    assert "mode=starttls" in address


class Hook:
    """A web server on loopback for one address."""

    def __init__(self, handler: Any) -> None:
        self.app = web.Application()
        if handler is not None:
            self.app.router.add_post("/alerts", handler)
        self.runner = web.AppRunner(self.app)

    async def __aenter__(self) -> int:
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        port: int = self.runner.addresses[0][1]
        return port

    async def __aexit__(self, *error: object) -> None:
        await self.runner.cleanup()
