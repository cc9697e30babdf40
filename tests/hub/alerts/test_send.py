"""Messages reach a mail server and a webhook over real sockets."""

import json
import logging
from typing import Any

import pytest
import requests
from aiohttp import web

from hub.alerts.message import Message
from hub.alerts.route import channel_of
from hub.alerts.send import mail_address, send
from hub.errors import SettingsError
from hub.settings import SmtpSettings
from tests.hook import hook
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

    async def takes(request: web.Request) -> web.Response:
        got.append(await request.json())
        return web.Response(status=204)

    caplog.set_level(logging.DEBUG)
    async with hook(takes, "/alerts") as port:
        assert await send(f"json://user:hidden@127.0.0.1:{port}/alerts", MESSAGE)
    assert (got[0]["title"], got[0]["message"]) == (MESSAGE.subject, MESSAGE.body)
    assert "hidden" not in caplog.text


async def test_a_target_that_refuses_is_not_delivered_to() -> None:
    async def takes(request: web.Request) -> web.Response:
        return web.Response(status=500)

    async with hook(takes, "/alerts") as port:
        assert not await send(f"json://127.0.0.1:{port}/alerts", MESSAGE)


async def test_a_target_that_is_away_is_not_delivered_to() -> None:
    async def never(request: web.Request) -> web.Response:
        return web.Response()

    async with hook(never, "/alerts") as port:
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


VENDORS = {
    "slack": ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"),
    "teams": ("workflows://teams.example.com:443/flow/sig", "/workflows/flow/triggers/manual/paths/invoke"),
    "dingtalk": ("dingtalk://shared@token", "/robot/send"),
    "wecom": ("wecombot://bot-key", "/cgi-bin/webhook/send"),
    "feishu": ("feishu://bot-token", "/open-apis/bot/v2/hook/bot-token/"),
}


@pytest.mark.parametrize("channel", VENDORS)
async def test_each_service_gets_subject_and_body_in_its_own_form(channel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The services' hosts are fixed in the library: the call is turned to a server on loopback, all else is as it leaves us."""
    address, path = VENDORS[channel]
    got: list[tuple[str, str, dict[str, str]]] = []
    answers = iter([200, 500])

    async def service(request: web.Request) -> web.Response:
        text = json.dumps(await request.json(), ensure_ascii=False)
        got.append((request.path, text, dict(request.query)))
        return web.Response(status=next(answers), text="ok")

    monkeypatch.setenv("SERVICE", address)
    assert channel_of("env:SERVICE") == channel
    request = requests.Session.request
    async with hook(service, path) as port:

        def turned(session: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
            assert url.startswith("https://")
            return request(session, method, "http://127.0.0.1:{}/{}".format(port, url.split("/", 3)[3]), **options)

        monkeypatch.setattr(requests.Session, "request", turned)
        assert await send(address, MESSAGE)
        assert not await send(address, MESSAGE)
    asked, text, query = got[0]
    assert asked == path
    for part in ("Case 12: 疑似跨区销售", "another", "第二行"):
        assert part in text
    # A robot of DingTalk that asks for signatures gets one.
    assert ("sign" in query) is (channel == "dingtalk")
