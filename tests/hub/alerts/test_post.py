"""What a receiver gets at once, and what is held for the digest."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.alerts.policy import AlertPolicy, alert_policy
from hub.alerts.post import post_alerts
from hub.settings import Settings
from hub.store.database import Store
from tests import casework
from tests.casework import alert, case, finding, partner, user

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ROUTES = [{"name": "team", "severity": "info", "to": ["berlin@example.com", "shanghai@example.com"], "target": "env:HOOK"}]
GIVEN = Settings.model_validate({"home": Path("."), "route": ROUTES, "smtp": {}})


async def policy(store: Store, **alerts: Any) -> AlertPolicy:
    """A policy with this to say of alerts."""
    async with store.transaction() as connection:
        await casework.policy(connection, **alerts)
        return await alert_policy(connection, NOON)


async def people(store: Store, quiet: str | None = None) -> None:
    """Two users on different clocks, by default with the quiet hours of the policy."""
    async with store.transaction() as connection:
        await user(connection, "berlin@example.com", zone="Europe/Berlin", quiet=quiet)
        await user(connection, "shanghai@example.com", zone="Asia/Shanghai", quiet=quiet)


async def post(store: Store, said: AlertPolicy, at: datetime, *bands: str) -> None:
    """Alerts of these bands, each of a case of its own, at an instant."""
    score = {"info": 20, "low": 45, "medium": 60, "high": 80, "critical": 90}
    async with store.transaction() as connection:
        ids = []
        for band in bands:
            one = await case(connection, score=score[band], band=band)
            ids.append(await alert(connection, one, band=band, at=at))
        await post_alerts(connection, GIVEN, said, ids, at)


async def sent(store: Store) -> dict[str, list[str]]:
    """The bands of what goes out at once, by receiver."""
    async with store.connection() as connection:
        rows = await connection.fetch(
            "SELECT d.recipient, a.severity FROM delivery AS d JOIN alert AS a ON a.id = d.alert_id"
            " WHERE NOT d.held ORDER BY d.id"
        )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["recipient"], []).append(row["severity"])
    return found


async def test_quiet_hours_are_those_of_each_receiver_and_critical_ignores_them(store: Store) -> None:
    await people(store)
    said = await policy(store)
    # 22:00 in Shanghai, 15:00 in Berlin, 14:00 where the policy counts its days.
    await post(store, said, NOON.replace(hour=14), "high", "critical")
    assert await sent(store) == {
        "berlin@example.com": ["high", "critical"],
        "shanghai@example.com": ["critical"],
        "env:HOOK": ["high", "critical"],
    }


async def test_a_users_own_quiet_hours_go_before_those_of_the_policy(store: Store) -> None:
    await people(store, quiet="12:00-14:00")
    await post(store, await policy(store, quiet=""), NOON, "high")
    # 13:00 in Berlin, 20:00 in Shanghai.
    assert set(await sent(store)) == {"shanghai@example.com", "env:HOOK"}


async def test_more_than_a_days_worth_waits_and_the_most_serious_go_out(store: Store) -> None:
    said = await policy(store, max_per_receiver_day=2, quiet="")
    await post(store, said, NOON, "low", "critical", "medium", "high")
    assert [sorted(bands) for bands in (await sent(store)).values()] == [["critical", "high"]] * 3
    await post(store, said, NOON + timedelta(hours=2), "critical")
    assert len((await sent(store))["env:HOOK"]) == 2
    await post(store, said, NOON + timedelta(hours=12), "critical")
    assert len((await sent(store))["env:HOOK"]) == 3


async def test_a_day_is_the_receivers(store: Store) -> None:
    await people(store, quiet="")
    said = await policy(store, max_per_receiver_day=1, quiet="")
    await post(store, said, NOON.replace(hour=15), "high")
    # A new day in Shanghai, not yet in Berlin.
    await post(store, said, NOON.replace(hour=16), "high")
    found = await sent(store)
    assert (len(found["shanghai@example.com"]), len(found["berlin@example.com"])) == (2, 1)


async def test_two_at_the_same_time_do_not_go_over_the_limit_together(store: Store) -> None:
    said = await policy(store, max_per_receiver_day=3, quiet="")
    await asyncio.gather(*(post(store, said, NOON, "high", "high") for _ in range(3)))
    assert {len(bands) for bands in (await sent(store)).values()} == {3}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rounds=st.lists(
        st.tuples(st.integers(0, 72), st.lists(st.sampled_from(["low", "medium", "high", "critical"]), min_size=1, max_size=5)),
        min_size=1,
        max_size=6,
    ),
    most=st.integers(0, 4),
)
async def test_nobody_gets_more_than_the_limit_in_a_day_or_anything_but_critical_in_quiet_hours(
    store: Store, rounds: list[tuple[int, list[str]]], most: int
) -> None:
    async with store.connection() as connection:
        await connection.execute(
            "TRUNCATE delivery, alert, conflict_case, conflict; DELETE FROM hub_user WHERE email LIKE '%.com'"
        )
    await people(store)
    said = await policy(store, max_per_receiver_day=most)
    # Over the night in which the clocks of Berlin go forward.
    start = datetime(2026, 3, 28, tzinfo=UTC)
    for hours, bands in sorted(rounds):
        await post(store, said, start + timedelta(hours=hours), *bands)
    async with store.connection() as connection:
        rows = await connection.fetch(
            "SELECT d.recipient, d.held, a.severity, d.created_at AT TIME ZONE coalesce(u.time_zone, 'UTC') AS at"
            " FROM delivery AS d JOIN alert AS a ON a.id = d.alert_id LEFT JOIN hub_user AS u ON u.id = d.user_id"
        )
    # Nothing is lost: everybody has one of each, sent or held.
    assert len(rows) == 3 * sum(len(bands) for _, bands in rounds)
    out = [row for row in rows if not row["held"]]
    assert all(many <= most for many in Counter((row["recipient"], row["at"].date()) for row in out).values())
    for row in out:
        clock = row["at"].strftime("%H:%M")
        assert row["severity"] == "critical" or "07:30" <= clock < "21:00"


async def test_a_storm_is_written_in_as_many_statements_as_one_alert(store: Store) -> None:
    said = await policy(store)

    async def statements(*bands: str) -> int:
        async with store.connection() as connection:
            seen: list[str] = []
            connection.add_query_logger(lambda one: seen.append(one.query))
            async with connection.transaction():
                ids = [await alert(connection, await case(connection, band=band), band=band) for band in bands]
                seen.clear()
                await post_alerts(connection, GIVEN, said, ids, NOON)
            return len(seen)

    await statements("high")
    assert await statements(*["high"] * 30) == await statements("high")


@pytest.mark.parametrize("manager", ["gd@example.com", "GD@example.com"])
async def test_a_partner_hears_nothing_even_where_it_is_called_its_own_manager(store: Store, manager: str) -> None:
    said = await policy(store, default=manager)
    async with store.transaction() as connection:
        made = await partner(connection, "GD-B", manager)
        await user(connection, "gd@example.com", role="partner", of=made)
        one = await case(connection, accused=made, victim=made)
        await finding(connection, one, "O1")
        told = await alert(connection, one)
        await post_alerts(connection, GIVEN, said, [told], NOON)
    assert "gd@example.com" not in await sent(store)
