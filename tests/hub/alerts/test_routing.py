"""When a case is told, once, and to whom."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
import time_machine

from hub.alerts.routing import raise_alerts
from hub.conflicts.grouping import CaseChange
from hub.settings import Settings
from hub.store.alert_route import Route, upsert_route
from hub.store.database import Store
from tests.casework import case, finding, partner, policy, region, user

Reason = Literal["opened", "band_up", "sla", "evidence_changed"]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SALES = {"name": "sales", "severity": "low", "to": ["sales@example.com"]}


def settings(*routes: dict[str, Any], smtp: bool = True) -> Settings:
    """Settings with these routes."""
    return Settings.model_validate({"home": Path("."), "route": routes, "smtp": {} if smtp else None})


def change(case_id: int, reason: Reason = "opened") -> CaseChange:
    """What detection reports of a case."""
    return CaseChange(
        case_id=case_id,
        reason=reason,
        band="high",
        rule="cross_region_sale",
        score=60.0,
    )


async def told(
    store: Store, given: Settings, *case_ids: int, reason: Reason = "opened", findings: tuple[int, ...] = ()
) -> list[tuple[str, str, str]]:
    """Raise alerts for these cases at noon; return reason, route and recipient of every delivery of new alerts."""
    with time_machine.travel(NOON, tick=False):
        async with store.transaction() as connection:
            before = await connection.fetchval("SELECT coalesce(max(id), 0) FROM alert")
            await raise_alerts(connection, given, [change(one, reason) for one in case_ids], findings=findings)
            rows = await connection.fetch(
                "SELECT a.reason, d.route, d.recipient FROM delivery AS d JOIN alert AS a ON a.id = d.alert_id"
                " WHERE a.id > $1 ORDER BY d.recipient",
                before,
            )
    return [tuple(row) for row in rows]


async def opened(store: Store, *scores: float, mode: str = "case", **about: Any) -> int:
    """A case with one finding for each score, each of an order of its own."""
    async with store.transaction() as connection:
        if "accused" not in about:
            about["accused"] = await connection.fetchval("SELECT id FROM partner WHERE code = 'P'") or await partner(
                connection, "P"
            )
        made = await case(connection, score=max(scores), **about)
        for place, score in enumerate(scores):
            await finding(connection, made, f"O{place}", score=score, mode=mode)
    return made


async def test_two_orders_in_another_region_are_told(store: Store) -> None:
    made = await opened(store, 60, 55)
    assert await told(store, settings(SALES), made) == [("opened", "sales", "sales@example.com")]


async def test_one_order_waits_for_a_second(store: Store) -> None:
    async with store.transaction() as connection:
        accused = await partner(connection, "GD-B")
    made = await opened(store, 60, accused=accused)
    assert await told(store, settings(SALES), made) == []
    # The second order is of another product, below every line, and changes no case: this one is told all the same.
    async with store.transaction() as connection:
        other = await case(connection, score=20, accused=accused, group="Y")
        second = await finding(connection, other, "O9", score=20)
    assert await told(store, settings(SALES), findings=(second,)) == [("opened", "sales", "sales@example.com")]


async def test_an_order_of_another_partner_is_no_second(store: Store) -> None:
    async with store.transaction() as connection:
        accused, other = await partner(connection, "GD-B"), await partner(connection, "JS-C")
        second = await finding(connection, await case(connection, score=20, accused=other), "O9", score=20)
    made = await opened(store, 60, accused=accused)
    assert await told(store, settings(SALES), made, findings=(second,)) == []


async def test_orders_too_far_apart_wait(store: Store) -> None:
    async with store.transaction() as connection:
        accused = await partner(connection, "GD-B")
        made = await case(connection, accused=accused)
        await finding(connection, made, "O1", day=NOON.date())
        await finding(connection, made, "O2", day=NOON.date() - timedelta(days=90))
    assert await told(store, settings(SALES), made) == []
    async with store.transaction() as connection:
        await finding(connection, made, "O3", day=NOON.date() - timedelta(days=89))
    assert len(await told(store, settings(SALES), made)) == 1


async def test_one_strong_finding_is_told_at_once(store: Store) -> None:
    made = await opened(store, 70)
    assert len(await told(store, settings(SALES), made)) == 1


async def test_other_rules_need_one_event(store: Store) -> None:
    made = await opened(store, 50, rule="territory_overlap")
    assert len(await told(store, settings(SALES), made)) == 1


async def test_a_weak_case_is_not_told(store: Store) -> None:
    made = await opened(store, 49, 49, 49)
    assert await told(store, settings(SALES), made) == []


async def test_what_may_only_be_observed_is_never_told(store: Store) -> None:
    made = await opened(store, 90, 90, mode="observe")
    assert await told(store, settings(SALES), made) == []


async def test_a_case_is_told_once_and_once_for_each_higher_band(store: Store) -> None:
    made = await opened(store, 60, 60)
    assert len(await told(store, settings(SALES), made)) == 1
    assert await told(store, settings(SALES), made) == []
    for band, expected in (("critical", ["band_up"]), ("critical", []), ("medium", []), ("critical", [])):
        async with store.connection() as connection:
            await connection.execute("UPDATE conflict_case SET band = $2 WHERE id = $1", made, band)
        assert [one[0] for one in await told(store, settings(SALES), made, reason="band_up")] == expected


async def test_changed_evidence_is_told_once_even_where_no_finding_is_left(store: Store) -> None:
    made = await opened(store, 60, 60)
    await told(store, settings(SALES), made)
    async with store.connection() as connection:
        await connection.execute("UPDATE conflict SET state = 'resolved_by_data'")
    assert [one[0] for one in await told(store, settings(SALES), made, reason="evidence_changed")] == ["evidence_changed"]
    assert await told(store, settings(SALES), made, reason="evidence_changed") == []


async def test_an_overdue_step_is_told_to_its_owner_once_whatever_the_score(store: Store) -> None:
    async with store.transaction() as connection:
        led = await partner(connection, "GD-B", "li@example.com")
        await user(connection, "li@example.com")
        owner = await user(connection, "wu@example.com")
    made = await opened(store, 20, band="low", accused=led, assignee=owner)
    assert await told(store, settings(), made, reason="sla") == [("sla", "the owner", "wu@example.com")]
    assert await told(store, settings(), made, reason="sla") == []
    async with store.connection() as connection:
        passed_on = await connection.fetchval("SELECT escalates_at FROM alert")
    # The second of March 2026 is a Monday.
    assert passed_on == NOON + timedelta(days=2)


async def test_a_rule_that_always_tells_does_so_at_any_score(store: Store) -> None:
    made = await opened(store, 10, rule="oversell", band="info")
    assert await told(store, settings(SALES | {"severity": "info"}), made) == [("opened", "sales", "sales@example.com")]


async def test_what_is_high_or_critical_is_passed_on_after_a_day(store: Store) -> None:
    for band in ("medium", "high", "critical"):
        await told(store, settings(SALES), await opened(store, 60, 60, band=band))
    async with store.connection() as connection:
        rows = await connection.fetch("SELECT severity, escalates_at FROM alert ORDER BY id")
    day = NOON + timedelta(hours=24)
    assert [tuple(row) for row in rows] == [("medium", None), ("high", day), ("critical", day)]


@pytest.mark.parametrize(
    ("route", "fits"),
    [
        ({}, True),
        ({"rules": ["below_policy_offer"]}, False),
        ({"rules": ["cross_region_sale"]}, True),
        ({"severity": "critical"}, False),
        ({"severity": "high"}, True),
        ({"regions": ["CN"]}, True),
        ({"regions": ["CN-SH"]}, True),
        ({"regions": ["CN-GD"]}, False),
        ({"product_groups": ["X", "Y"]}, True),
        ({"product_groups": ["Y"]}, False),
        ({"partners": ["GD-B"]}, True),
        ({"partners": ["SH-A"]}, False),
        ({"partners": ["GD-B"], "product_groups": ["Y"]}, False),
    ],
)
async def test_a_route_asks_for_rule_severity_region_product_group_and_partner(
    store: Store, route: dict[str, Any], fits: bool
) -> None:
    async with store.transaction() as connection:
        country = await region(connection, "CN")
        shanghai = await region(connection, "CN-SH", country)
        await region(connection, "CN-GD", country)
        accused, victim = await partner(connection, "GD-B"), await partner(connection, "SH-A")
    made = await opened(store, 60, 60, region=shanghai, accused=accused, victim=victim)
    assert bool(await told(store, settings(SALES | route), made)) is fits


async def test_a_case_without_a_partner_is_that_of_the_affected_one(store: Store) -> None:
    async with store.transaction() as connection:
        victim = await partner(connection, "SH-A")
    made = await opened(store, 60, rule="territory_overlap", accused=None, victim=victim)
    assert len(await told(store, settings(SALES | {"partners": ["SH-A"]}), made)) == 1


async def test_the_manager_of_the_accused_hears_of_it_else_of_the_victim_else_the_default(store: Store) -> None:
    async with store.transaction() as connection:
        await policy(connection, default="Default@example.com")
        await user(connection, "li@example.com")
        await user(connection, "default@example.com")
        led, unled = await partner(connection, "GD-B", " Li@example.com"), await partner(connection, "JS-C")
        stranger = await partner(connection, "SH-A", "nobody@example.com")
    assert await told(store, settings(), await opened(store, 60, 60, accused=led)) == [
        ("opened", "the manager", "li@example.com")
    ]
    by_victim = await opened(store, 60, 60, accused=unled, victim=led)
    assert await told(store, settings(), by_victim) == [("opened", "the manager of the other", "li@example.com")]
    by_none = await opened(store, 60, 60, accused=stranger, victim=unled)
    assert await told(store, settings(), by_none) == [("opened", "the default", "default@example.com")]


async def test_nobody_who_acts_for_a_partner_or_was_shut_out_is_told(store: Store) -> None:
    async with store.transaction() as connection:
        await policy(connection, default="boss@example.com")
        led = await partner(connection, "GD-B", "boss@example.com")
        await user(connection, "boss@example.com", role="partner", of=led)
        await user(connection, "gone@example.com")
        await connection.execute("UPDATE hub_user SET active = false WHERE email = 'gone@example.com'")
    route = SALES | {"to": ["boss@example.com", "gone@example.com"]}
    assert await told(store, settings(route), await opened(store, 60, 60, accused=led)) == []


async def test_without_a_mail_server_managers_are_not_written_to(store: Store) -> None:
    async with store.transaction() as connection:
        await user(connection, "li@example.com")
        led = await partner(connection, "GD-B", "li@example.com")
    assert await told(store, settings(smtp=False), await opened(store, 60, 60, accused=led)) == []


async def test_a_route_of_the_api_counts_unless_the_settings_have_one_of_its_name(store: Store) -> None:
    async with store.transaction() as connection:
        for name in ("sales", "extra"):
            await upsert_route(connection, Route(name=name, severity="low", addresses=(f"{name}-api@example.com",)), NOON)
    made = await opened(store, 60, 60)
    assert await told(store, settings(SALES), made) == [
        ("opened", "extra", "extra-api@example.com"),
        ("opened", "sales", "sales@example.com"),
    ]


async def test_an_address_named_twice_gets_one_message(store: Store) -> None:
    twice = {"name": "again", "severity": "low", "to": ["Sales@example.com"], "target": "env:HOOK"}
    made = await opened(store, 60, 60)
    assert await told(store, settings(SALES, twice), made) == [
        ("opened", "again", "env:HOOK"),
        ("opened", "sales", "sales@example.com"),
    ]


async def test_a_users_address_is_tied_to_the_user_and_a_target_to_its_channel(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", "dingtalk://key@secret")
    route = {"name": "owner", "to": ["owner@localhost"], "target": "env:HOOK"}
    await told(store, settings(route), await opened(store, 60, 60))
    async with store.connection() as connection:
        rows = await connection.fetch("SELECT channel, user_id IS NOT NULL AS tied FROM delivery ORDER BY id")
    assert {tuple(row) for row in rows} == {("email", True), ("dingtalk", False)}


async def test_no_wait_of_a_policy_is_too_long(store: Store) -> None:
    async with store.transaction() as connection:
        await policy(connection, escalate_after_hours=1e30, max_per_receiver_day=2**31 - 1)
        await connection.execute(
            """UPDATE policy_version SET body = body || '{"thresholds": {"cross_region_sale":
               {"alert_window_days": 1e30, "alert_min_events": 1e30}}}'"""
        )
    assert len(await told(store, settings(SALES), await opened(store, 90.0))) == 1
