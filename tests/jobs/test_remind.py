"""Digests and escalations: once, at the hour of the receiver, however many processes look and wherever one stops."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hub.alerts.digest import rounds_due, write_round
from hub.alerts.routing import raise_alerts
from hub.conflicts.grouping import CaseChange
from hub.settings import Settings, SmtpSettings
from hub.store.alert import acknowledge
from hub.store.database import Store
from jobs.detect import detect
from jobs.notify import Notified, notify
from jobs.remind import Reminded, anything_due, remind
from tests import casework
from tests.casework import alert, case, finding, user
from tests.mail import mailbox
from tests.trading import example_world

DAY = datetime(2026, 3, 2, tzinfo=UTC)
MORNING = DAY + timedelta(days=1, hours=8, minutes=30)


def settings(*routes: dict[str, Any], smtp: SmtpSettings | None = None) -> Settings:
    """Settings with a mail server and these routes."""
    return Settings(home=Path("."), route=list(routes), smtp=smtp or SmtpSettings())


TEAM = {"name": "team", "severity": "info", "to": ["team@example.com"]}


async def policy(store: Store, **alerts: Any) -> None:
    """A policy with this to say of alerts, without quiet hours unless it says so."""
    async with store.transaction() as connection:
        await casework.policy(connection, **{"quiet": "", **alerts})
        await connection.execute("UPDATE hub_user SET quiet_hours = '' WHERE email = 'owner@localhost'")


async def a_case(store: Store, at: datetime, *scores: float, **about: Any) -> int:
    """A case with one finding for each score, found at an instant."""
    async with store.transaction() as connection:
        made = await case(connection, score=max(scores), **about)
        for place, score in enumerate(scores):
            await finding(connection, made, f"O{place}", score=score, at=at)
    return made


async def told(store: Store, given: Settings, at: datetime, *case_ids: int) -> None:
    """Raise the alerts of new cases at an instant."""
    changes = [CaseChange(case_id=one, reason="opened", band="high", rule="oversell", score=75) for one in case_ids]
    with time_machine.travel(at, tick=False):
        async with store.transaction() as connection:
            await raise_alerts(connection, given, changes)


async def rows(store: Store, sql: str) -> list[tuple[Any, ...]]:
    async with store.connection() as connection:
        return [tuple(row) for row in await connection.fetch(sql)]


DIGESTS = "SELECT recipient, day, alert_count, finding_count FROM digest ORDER BY recipient, day"


async def test_what_is_below_the_line_is_told_once_the_next_morning(store: Store) -> None:
    await policy(store)
    await a_case(store, DAY + timedelta(hours=10), 30, 20)
    given = settings(TEAM)
    assert await remind(store, given, at=DAY + timedelta(hours=12)) == Reminded()
    assert not await anything_due(store, MORNING - timedelta(seconds=1))
    assert await anything_due(store, MORNING)
    assert await remind(store, given, at=MORNING) == Reminded(digests=1)
    assert await remind(store, given, at=MORNING + timedelta(hours=1)) == Reminded()
    assert await remind(store, given, at=MORNING + timedelta(days=1)) == Reminded()
    assert await rows(store, DIGESTS) == [("team@example.com", date(2026, 3, 3), 0, 2)]


async def test_what_was_told_at_once_is_not_told_again_and_what_joined_later_is(store: Store) -> None:
    await policy(store)
    given = settings(TEAM)
    made = await a_case(store, DAY + timedelta(hours=10), 75, band="medium")
    await told(store, given, DAY + timedelta(hours=10, minutes=1), made)
    assert await remind(store, given, at=MORNING) == Reminded()
    async with store.transaction() as connection:
        await finding(connection, made, "O9", score=30, at=MORNING + timedelta(hours=1))
    assert await remind(store, given, at=MORNING + timedelta(days=1)) == Reminded(digests=1)
    assert await rows(store, DIGESTS) == [("team@example.com", date(2026, 3, 4), 0, 1)]


async def test_what_fell_into_quiet_hours_is_carried_by_the_digest(store: Store) -> None:
    await policy(store, quiet="21:00-07:30")
    async with mailbox() as box:
        given = settings(TEAM, smtp=box.smtp)
        night = DAY + timedelta(hours=22)
        made = await a_case(store, night, 75)
        await told(store, given, night, made)
        with time_machine.travel(night + timedelta(minutes=1)):
            assert await notify(store, given) == Notified()
        with time_machine.travel(MORNING, tick=False):
            assert await remind(store, given) == Reminded(digests=1)
            assert await notify(store, given) == Notified(delivered=1)
            assert await notify(store, given) == Notified()
    ((reader, mail),) = box.mails
    assert reader == "team@example.com"
    (number,) = (await rows(store, "SELECT number FROM conflict_case"))[0]
    assert f"case {number}: " in mail.get_content()
    states = await rows(store, "SELECT state, digest_id IS NOT NULL FROM delivery ORDER BY id")
    assert states == [("suppressed", True), ("delivered", True)]


async def test_a_digest_waits_for_the_end_of_the_readers_own_quiet_hours(store: Store) -> None:
    await policy(store)
    async with store.transaction() as connection:
        await user(connection, "team@example.com", quiet="20:00-10:00")
    await a_case(store, DAY, 30)
    assert await remind(store, settings(TEAM), at=MORNING) == Reminded(digests=1)
    assert await rows(store, "SELECT next_attempt_at FROM delivery") == [(MORNING.replace(hour=10, minute=0),)]


async def test_the_hour_is_that_of_each_reader(store: Store) -> None:
    await policy(store, digest_at="08:30")
    async with store.transaction() as connection:
        await user(connection, "berlin@example.com", zone="Europe/Berlin")
        await user(connection, "shanghai@example.com", zone="Asia/Shanghai", locale="zh-CN")
    both = TEAM | {"to": ["berlin@example.com", "shanghai@example.com"]}
    await a_case(store, DAY - timedelta(hours=5), 30)
    async with mailbox() as box:
        given = settings(both, smtp=box.smtp)
        for hour, minute, expected in ((0, 29, 0), (0, 30, 1), (7, 29, 0), (7, 30, 1), (8, 30, 0)):
            assert (await remind(store, given, at=DAY + timedelta(hours=hour, minutes=minute))).digests == expected
        assert (await notify(store, given)).delivered == 2
    by_reader = dict(box.mails)
    assert "每日摘要" in by_reader["shanghai@example.com"]["subject"]
    assert "Digest of 2026-03-02" in by_reader["berlin@example.com"]["subject"]


async def test_observations_and_findings_that_went_are_in_no_digest(store: Store) -> None:
    await policy(store)
    async with store.transaction() as connection:
        made = await case(connection)
        await finding(connection, made, "O1", mode="observe", score=90, at=DAY)
        await finding(connection, made, "O2", state="resolved_by_data", at=DAY)
        await connection.execute("UPDATE conflict SET case_id = NULL")
    assert await remind(store, settings(TEAM), at=MORNING) == Reminded()


async def test_a_finding_that_came_back_is_new(store: Store) -> None:
    await policy(store)
    await a_case(store, DAY, 30)
    assert (await remind(store, settings(TEAM), at=MORNING)).digests == 1
    async with store.connection() as connection:
        await connection.execute(
            "INSERT INTO conflict_history (conflict_id, revision, classification, state, score, until)"
            " SELECT id, 1, classification, 'resolved_by_data', score, $1 FROM conflict",
            MORNING + timedelta(hours=3),
        )
        await connection.execute("UPDATE conflict SET changed_at = $1", MORNING + timedelta(hours=3))
    assert (await remind(store, settings(TEAM), at=MORNING + timedelta(days=1))).digests == 1


async def test_a_hub_that_was_away_tells_what_it_missed(store: Store) -> None:
    await policy(store)
    given = settings(TEAM)
    await remind(store, given, at=MORNING)
    for days in (1, 2, 3):
        await a_case(store, MORNING + timedelta(days=days), 30)
    assert await remind(store, given, at=MORNING + timedelta(days=5)) == Reminded(digests=1)
    assert (await rows(store, DIGESTS))[0][3] == 3


async def test_many_processes_write_each_digest_once(store: Store) -> None:
    await policy(store)
    await a_case(store, DAY, 30)
    done = await asyncio.gather(*(remind(store, settings(TEAM), at=MORNING) for _ in range(4)))
    assert sum(one.digests for one in done) == 1
    assert len(await rows(store, "SELECT id FROM delivery")) == 1


async def test_a_process_that_dies_on_the_way_leaves_the_digest_to_the_next(store: Store) -> None:
    await policy(store)
    await a_case(store, DAY, 30)
    async with store.connection() as connection:
        (due,) = await rounds_due(connection, MORNING)

    class Killed(Exception):
        pass

    async def dies() -> None:
        async with store.transaction() as connection:
            assert await write_round(connection, settings(TEAM), due, MORNING) == 1
            raise Killed

    with pytest.raises(Killed):
        await dies()
    assert await rows(store, "SELECT id FROM digest UNION SELECT id FROM delivery") == []
    assert await remind(store, settings(TEAM), at=MORNING) == Reminded(digests=1)


@hypothesis_settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(zone="Europe/Berlin", clock="00:30", found=[0], looks=[71])
@given(
    zone=st.sampled_from(["Europe/Berlin", "Asia/Shanghai"]),
    clock=st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 30])),
    found=st.lists(st.integers(0, 96), min_size=1, max_size=8),
    looks=st.lists(st.integers(0, 120), min_size=1, max_size=12),
)
async def test_every_finding_is_in_one_digest_and_no_day_has_two(
    store: Store, zone: str, clock: str, found: list[int], looks: list[int]
) -> None:
    async with store.connection() as connection:
        await connection.execute("TRUNCATE delivery, alert, conflict_case, conflict, digest, digest_round")
        await connection.execute("DELETE FROM hub_user WHERE email = 'team@example.com'")
        await user(connection, "team@example.com", zone=zone)
    await policy(store, digest_at=clock)
    # The first digest looks back a day; this one begins where that was written.
    hour, minute = (int(part) for part in clock.split(":"))
    await remind(store, settings(TEAM), at=datetime(2026, 10, 22, hour, minute, tzinfo=ZoneInfo(zone)))
    # Over the night in which the clocks of Berlin go back.
    start = datetime(2026, 10, 23, tzinfo=UTC)
    events = sorted([(hour, 0) for hour in found] + [(hour, 1) for hour in looks])
    for hour, look in events:
        at = start + timedelta(hours=hour)
        if look:
            await remind(store, settings(TEAM), at=at)
        else:
            await a_case(store, at, 30)
    await remind(store, settings(TEAM), at=datetime(2026, 10, 29, 23, 59, tzinfo=ZoneInfo(zone)))
    written = await rows(store, "SELECT day, finding_count, created_at FROM digest ORDER BY day")
    assert sum(count for _, count, _ in written) == len(found)
    assert len({day for day, _, _ in written}) == len(written)
    for day, _, at in written:
        local = at.astimezone(ZoneInfo(zone))
        assert (local.date(), local.strftime("%H:%M") >= clock) == (day, True)


async def test_an_alert_nobody_acknowledged_goes_to_the_administrators_once(store: Store) -> None:
    await policy(store)
    async with store.transaction() as connection:
        await user(connection, "chief@example.com", role="admin")
    made = await a_case(store, DAY, 75)
    async with mailbox() as box:
        given = settings(TEAM, smtp=box.smtp)
        await told(store, given, DAY, made)
        due = DAY + timedelta(hours=24)
        assert (await remind(store, given, at=due - timedelta(seconds=1))).escalated == 0
        assert await anything_due(store, due)
        done = await asyncio.gather(*(remind(store, given, at=due) for _ in range(3)))
        assert sum(one.escalated for one in done) == 1
        assert (await remind(store, given, at=due + timedelta(days=3))).escalated == 0
        await notify(store, given)
    assert await rows(store, "SELECT state, escalates_at FROM alert") == [("escalated", None)]
    by_reader = {reader: mail for reader, mail in box.mails if "nobody has acknowledged" in mail["subject"]}
    assert set(by_reader) == {"chief@example.com", "owner@localhost"}


async def test_an_acknowledged_alert_is_passed_on_to_nobody(store: Store) -> None:
    await policy(store)
    given = settings(TEAM)
    await told(store, given, DAY, await a_case(store, DAY, 75))
    async with store.transaction() as connection:
        one = await connection.fetchval("SELECT id FROM alert")
        await acknowledge(connection, one, None, None)
    assert (await remind(store, given, at=DAY + timedelta(days=3))).escalated == 0


async def test_the_alert_of_a_closed_case_is_closed_and_left_out(store: Store) -> None:
    await policy(store, quiet="00:00-23:59")
    given = settings(TEAM)
    made = await a_case(store, DAY, 75)
    await told(store, given, DAY, made)
    async with store.connection() as connection:
        await connection.execute("UPDATE conflict_case SET state = 'closed', closed_at = $1", DAY)
        await connection.execute("UPDATE conflict SET state = 'dismissed'")
    assert await anything_due(store, DAY)
    assert await remind(store, given, at=DAY + timedelta(days=2)) == Reminded(closed=1)
    assert await rows(store, "SELECT a.state, d.state FROM alert AS a JOIN delivery AS d ON d.alert_id = a.id") == [
        ("closed", "suppressed")
    ]


async def test_an_escalation_respects_quiet_hours_unless_it_is_critical(store: Store) -> None:
    await policy(store)
    async with store.transaction() as connection:
        await user(connection, "chief@example.com", role="admin", quiet="21:00-07:30")
        for band in ("high", "critical"):
            await alert(connection, await case(connection, band=band), band=band, at=DAY, escalates=DAY)
    assert (await remind(store, settings(), at=DAY + timedelta(hours=22))).escalated == 2
    held = await rows(
        store,
        "SELECT a.severity, d.held FROM delivery AS d JOIN alert AS a ON a.id = d.alert_id"
        " WHERE d.recipient = 'chief@example.com' ORDER BY 1",
    )
    assert held == [("critical", False), ("high", True)]


COPIES = (
    """
    INSERT INTO partner
    SELECT (jsonb_populate_record(p, to_jsonb(p) || jsonb_build_object('id', nextval('hub_id'), 'code', 'N' || n))).*
      FROM partner AS p CROSS JOIN generate_series(1, $1) AS n WHERE p.code = 'GD-B'
    """,
    """
    INSERT INTO sales_order
    SELECT (jsonb_populate_record(o, to_jsonb(o) || jsonb_build_object(
                'id', nextval('hub_id'), 'key', p.code, 'number', p.code, 'partner_id', p.id, 'invoice_ref', p.code))).*
      FROM sales_order AS o CROSS JOIN partner AS p WHERE o.key = 'O1' AND p.code LIKE 'N%'
    """,
    """
    INSERT INTO order_line
    SELECT (jsonb_populate_record(l, to_jsonb(l) || jsonb_build_object('id', nextval('hub_id'), 'order_id', o.id))).*
      FROM order_line AS l JOIN sales_order AS first ON first.id = l.order_id AND first.key = 'O1'
     CROSS JOIN sales_order AS o WHERE o.key LIKE 'N%'
    """,
)


async def test_a_storm_becomes_one_digest_for_each_reader(store: Store) -> None:
    """Thousands of cases in one detection: the most serious go out up to the day's limit, the rest is one message."""
    many = 2_000
    world = await example_world(store)
    await world.policy(alerts={"quiet": "", "max_per_receiver_day": 5})
    await world.run("UPDATE partner SET manager = 'li@example.com' WHERE code = 'GD-B'")
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")], invoice="INV1")
    await world.order("O2", "SH-A", "CN-SH", [("P1", "100", "9000")])
    async with store.transaction() as connection:
        for email in ("li@example.com", "wu@example.com"):
            await user(connection, email)
        for sql in COPIES:
            await connection.execute(sql, *[many] * ("$1" in sql))
    async with mailbox() as box:
        given = settings({"name": "wu", "to": ["wu@example.com"]}, smtp=box.smtp)
        with time_machine.travel(DAY + timedelta(days=28, hours=12), tick=False):
            done = await detect(store, given, full=True)
            assert (done.cases_opened, done.alerts) == (many + 1, many + 1)
            assert (await notify(store, given)).delivered == 2 * 5
        with time_machine.travel(DAY + timedelta(days=29, hours=8, minutes=30), tick=False):
            assert (await remind(store, given)).digests == 2
            assert (await notify(store, given)).delivered == 2
            assert (await remind(store, given)).digests == 0
    digests = [(reader, mail) for reader, mail in box.mails if "Digest" in mail["subject"]]
    assert sorted(reader for reader, _ in digests) == ["li@example.com", "wu@example.com"]
    for _, mail in digests:
        assert f"findings {many - 4}, alerts held {many - 4}" in mail["subject"]
        assert "The most serious (20 of" in mail.get_content()
        assert len(mail.get_content()) < 4_000
    assert len(box.mails) == 2 * 6
