"""Alerts reach their readers over a real mail server, each once, in their language, with one outcome on record."""

import asyncio
import hashlib
import hmac
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import time_machine
from aiohttp import web
from structlog.testing import capture_logs

from hub.alerts.routing import raise_alerts
from hub.clock import now
from hub.conflicts.grouping import CaseChange
from hub.settings import Settings, SmtpSettings
from hub.store.database import Store
from jobs.detect import detect
from jobs.notify import Notified, notify
from tests.casework import case, finding, partner, policy, user
from tests.hook import hook
from tests.mail import mailbox
from tests.trading import NOON, example_world

ROUTE = {"name": "sales", "severity": "low", "to": ["li@example.com", "owner@localhost"]}


def settings(smtp: SmtpSettings | None, **route: Any) -> Settings:
    """Settings with one route."""
    return Settings(home=Path("."), route=[ROUTE | route], smtp=smtp)


async def alerted(
    store: Store, given: Settings, *, accused: int | None = None, victim: int | None = None, **money: Any
) -> None:
    """A case of two findings, strong enough to be told of at once, and its alert in the outbox."""
    async with store.transaction() as connection:
        await connection.execute("UPDATE hub_user SET quiet_hours = '' WHERE email = 'owner@localhost'")
        await policy(connection, quiet="")
        made = await case(connection, accused=accused, victim=victim)
        for order in ("O1", "O2"):
            await finding(connection, made, order, score=75, **money)
        opened = CaseChange(case_id=made, reason="opened", band="high", rule="cross_region_sale", score=75)
        assert await raise_alerts(connection, given, [opened]) == 1


async def outcomes(store: Store) -> list[tuple[str, str, int]]:
    """Recipient, state and attempts of every delivery."""
    async with store.connection() as connection:
        rows = await connection.fetch("SELECT recipient, state, attempts FROM delivery ORDER BY recipient")
    return [tuple(row) for row in rows]


async def test_each_reader_gets_one_mail_in_the_readers_language(store: Store) -> None:
    async with store.connection() as connection:
        await connection.execute("UPDATE hub_user SET locale = 'zh-CN' WHERE email = 'owner@localhost'")
    async with mailbox() as box:
        given = settings(box.smtp)
        await alerted(store, given)
        assert await notify(store, given) == Notified(delivered=2)
        assert await notify(store, given) == Notified()
    by_reader = dict(box.mails)
    assert len(box.mails) == 2
    assert "Potential out-of-territory sale" in by_reader["li@example.com"]["subject"]
    assert "2,400.00 CNY" in by_reader["li@example.com"].get_content()
    assert "疑似" in by_reader["owner@localhost"]["subject"]
    assert await outcomes(store) == [("li@example.com", "delivered", 1), ("owner@localhost", "delivered", 1)]


async def test_money_of_which_a_part_is_unknown_is_unknown(store: Store) -> None:
    async with mailbox() as box:
        given = settings(box.smtp)
        await alerted(store, given, value=None, currency=None)
        await notify(store, given)
    assert "Money at stake: unknown" in box.mails[0][1].get_content()


async def test_a_server_that_refuses_is_tried_again_later(store: Store) -> None:
    async with mailbox() as box:
        given = settings(box.smtp)
        await alerted(store, given)
        box.refuses = True
        assert await notify(store, given) == Notified(retrying=2)
        box.refuses = False
        assert await notify(store, given) == Notified()
        with time_machine.travel(now() + timedelta(seconds=31)):
            assert await notify(store, given) == Notified(delivered=2)
    assert {state for _, state, _ in await outcomes(store)} == {"delivered"}


async def test_two_notifiers_at_once_send_each_message_once(store: Store) -> None:
    async with mailbox() as box:
        given = settings(box.smtp)
        for _ in range(3):
            await alerted(store, given)
        done = await asyncio.gather(notify(store, given), notify(store, given))
    assert sum(one.delivered for one in done) == len(box.mails) == 6


async def test_a_message_that_cannot_be_sent_says_what_to_do_and_no_address(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", "json://user:hidden@127.0.0.1:1/alerts")
    given = settings(None, target="env:HOOK")
    await alerted(store, given)
    with capture_logs() as lines:
        assert await notify(store, given) == Notified(retrying=3)
    assert "hidden" not in str(lines)
    assert "example.com" not in str(lines)
    async with store.connection() as connection:
        errors = [row["error"] for row in await connection.fetch("SELECT error FROM delivery ORDER BY recipient")]
    assert errors[0] == "The target did not accept the message or did not answer."
    assert "add the server that sends our mail" in errors[1]


async def test_a_case_that_is_gone_has_nothing_to_say(store: Store) -> None:
    async with mailbox() as box:
        given = settings(box.smtp)
        await alerted(store, given)
        async with store.connection() as connection:
            await connection.execute("DELETE FROM conflict")
        assert await notify(store, given) == Notified(retrying=2)
    assert box.mails == []


async def test_a_sale_in_another_region_becomes_a_case_an_alert_and_a_mail(store: Store) -> None:
    world = await example_world(store)
    await world.policy(alerts={"quiet": ""})
    await world.run("UPDATE partner SET manager = 'chen@example.com' WHERE code = 'GD-B'")
    async with store.connection() as connection:
        await user(connection, "chen@example.com")
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")], invoice="INV1")
    await world.order("O2", "SH-A", "CN-SH", [("P1", "100", "9000")])
    async with mailbox() as box:
        given = Settings(home=Path("."), smtp=box.smtp)
        assert (await detect(store, given, at=NOON)).alerts == 1
        assert (await detect(store, given, at=NOON, full=True)).alerts == 0
        assert await notify(store, given) == Notified(delivered=1)
    ((reader, mail),) = box.mails
    assert reader == "chen@example.com"
    for part in ("Partner: GD-B", "Region: CN-SH", "Product group: X", "Findings: 1"):
        assert part in mail.get_content()
    # What the other partner sells and for how much is not this reader's business.
    for other in ("9000", "9,000", "O2"):
        assert other not in mail.get_content()


async def test_whoever_looks_after_the_affected_partner_reads_no_money_of_the_other(store: Store) -> None:
    async with store.transaction() as connection:
        accused, victim = await partner(connection, "GD-B"), await partner(connection, "SH-A", "chen@example.com")
        await user(connection, "chen@example.com")
    async with mailbox() as box:
        given = settings(box.smtp, to=["li@example.com"])
        await alerted(store, given, accused=accused, victim=victim)
        assert await notify(store, given) == Notified(delivered=2)
    by_reader = dict(box.mails)
    assert "CNY" in by_reader["li@example.com"].get_content()
    assert "CNY" not in by_reader["chen@example.com"].get_content()


async def test_a_routes_language_is_that_of_readers_who_are_no_users(store: Store) -> None:
    async with mailbox() as box:
        given = settings(box.smtp, to=["li@example.com"], locale="zh-CN")
        await alerted(store, given)
        await notify(store, given)
    assert "疑似" in box.mails[0][1]["subject"]


async def test_a_webhook_is_signed_with_the_secret_of_its_route(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[tuple[str, dict[str, Any], bool]] = []

    async def checks(request: web.Request) -> web.Response:
        body, headers = await request.read(), request.headers
        expected = hmac.new(b"shared", headers["Channelhub-Timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
        got.append((headers["Channelhub-Delivery"], orjson.loads(body), headers["Channelhub-Signature"] == f"v1={expected}"))
        return web.Response(status=500 if len(got) == 1 else 200)

    monkeypatch.setenv("SIGNS", "shared")
    async with hook(checks, "/alerts") as port:
        monkeypatch.setenv("HOOK", f"http://127.0.0.1:{port}/alerts")
        given = settings(None, to=[], target="env:HOOK", secret="env:SIGNS")
        await alerted(store, given)
        assert await notify(store, given) == Notified(retrying=1)
        with time_machine.travel(now() + timedelta(seconds=31)):
            assert await notify(store, given) == Notified(delivered=1)
    (first, body, genuine), (second, *_) = got
    assert first == second
    assert genuine
    assert (body["kind"], body["reason"], body["severity"], body["rule"]) == ("alert", "opened", "high", "cross_region_sale")
    async with store.connection() as connection:
        assert await connection.fetchval("SELECT channel FROM delivery") == "webhook"


async def test_a_webhook_without_a_secret_says_what_to_add(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "http://127.0.0.1:1/hidden")
    given = settings(None, to=[], target="env:HOOK")
    await alerted(store, given)
    assert await notify(store, given) == Notified(retrying=1)
    async with store.connection() as connection:
        error = await connection.fetchval("SELECT error FROM delivery")
    assert "add the reference of what signs messages" in error
    assert "hidden" not in error
