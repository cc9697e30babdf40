"""Alerts reach their readers over a real mail server, each once, in their language, with one outcome on record."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from structlog.testing import capture_logs

from hub.alerts.routing import raise_alerts
from hub.clock import now
from hub.settings import Settings, SmtpSettings
from hub.store.database import Store
from jobs.detect import detect
from jobs.notify import Notified, notify
from tests.casework import case, finding
from tests.mail import mailbox
from tests.trading import NOON, example_world

ROUTE = {"name": "sales", "severity": "low", "to": ["li@example.com", "owner@localhost"]}


def settings(smtp: SmtpSettings | None, **route: Any) -> Settings:
    """Settings with one route."""
    return Settings(home=Path("."), route=[ROUTE | route], smtp=smtp)


async def alerted(store: Store, given: Settings, **money: Any) -> None:
    """A case of two orders, and its alert in the outbox."""
    async with store.transaction() as connection:
        made = await case(connection)
        for order in ("O1", "O2"):
            await finding(connection, made, order, **money)
        assert await raise_alerts(connection, given, []) == 1


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
    await world.run("UPDATE partner SET manager = 'chen@example.com' WHERE code = 'GD-B'")
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")], invoice="INV1")
    await world.order("O2", "SH-A", "CN-SH", [("P1", "100", "9000")])
    async with mailbox() as box:
        given = Settings(home=Path("."), smtp=box.smtp)
        assert (await detect(store, given, at=NOON)).alerts == 1
        assert (await detect(store, given, at=NOON, full=True)).alerts == 0
        assert await notify(store, given) == Notified(delivered=1)
    ((reader, mail),) = box.mails
    assert reader == "chen@example.com"
    assert "GD-B delivered 40 units of P1 (order O1, line 1, 2026-03-01) to CN-SH" in mail.get_content()
    # What the other partner sells and for how much is not this reader's business.
    for other in ("9000", "9,000", "O2"):
        assert other not in mail.get_content()
