"""When a case is told, once, and to whom."""

from pathlib import Path
from typing import Any, Literal

import pytest

from hub.alerts.routing import raise_alerts
from hub.conflicts.cases import CaseChange
from hub.settings import Settings
from hub.store.database import Store
from tests.casework import case, finding, partner, region

Reason = Literal["opened", "band_up", "evidence_changed"]
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


async def told(store: Store, given: Settings, *case_ids: int, reason: Reason = "opened") -> list[tuple[str, str, str]]:
    """Raise alerts for these cases; return reason, route and recipient of every delivery of new alerts."""
    async with store.transaction() as connection:
        before = await connection.fetchval("SELECT coalesce(max(id), 0) FROM alert")
        await raise_alerts(connection, given, [change(one, reason) for one in case_ids])
        rows = await connection.fetch(
            "SELECT a.reason, d.route, d.recipient FROM delivery AS d JOIN alert AS a ON a.id = d.alert_id"
            " WHERE a.id > $1 ORDER BY d.id",
            before,
        )
    return [tuple(row) for row in rows]


async def opened(store: Store, *scores: float, mode: str = "case", **about: Any) -> int:
    """A case with one finding for each score, each of an order of its own."""
    async with store.transaction() as connection:
        made = await case(connection, score=max(scores), **about)
        for place, score in enumerate(scores):
            await finding(connection, made, f"O{place}", score=score, mode=mode)
    return made


async def test_two_orders_in_another_region_are_told(store: Store) -> None:
    made = await opened(store, 60, 55)
    assert await told(store, settings(SALES), made) == [("opened", "sales", "sales@example.com")]


async def test_one_order_waits_for_a_second(store: Store) -> None:
    made = await opened(store, 60)
    assert await told(store, settings(SALES), made) == []
    async with store.transaction() as connection:
        await finding(connection, made, "O9")
    # The second order changed neither band nor case, so detection reports nothing: it is told all the same.
    assert await told(store, settings(SALES)) == [("opened", "sales", "sales@example.com")]


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


async def test_changed_evidence_is_told_once(store: Store) -> None:
    made = await opened(store, 60, 60)
    await told(store, settings(SALES), made)
    assert [one[0] for one in await told(store, settings(SALES), made, reason="evidence_changed")] == ["evidence_changed"]
    assert await told(store, settings(SALES), made, reason="evidence_changed") == []


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
    ],
)
async def test_a_route_asks_for_rule_severity_and_region(store: Store, route: dict[str, Any], fits: bool) -> None:
    async with store.transaction() as connection:
        country = await region(connection, "CN")
        shanghai = await region(connection, "CN-SH", country)
        await region(connection, "CN-GD", country)
    made = await opened(store, 60, 60, region=shanghai)
    assert bool(await told(store, settings(SALES | route), made)) is fits


async def test_the_manager_of_the_accused_hears_of_it_else_of_the_victim(store: Store) -> None:
    async with store.transaction() as connection:
        led, unled = await partner(connection, "GD-B", "li@example.com"), await partner(connection, "JS-C")
    assert await told(store, settings(), await opened(store, 60, 60, accused=led)) == [("opened", "manager", "li@example.com")]
    by_victim = await opened(store, 60, 60, accused=unled, victim=led)
    assert await told(store, settings(), by_victim) == [("opened", "manager", "li@example.com")]


async def test_without_a_mail_server_managers_are_not_written_to(store: Store) -> None:
    async with store.transaction() as connection:
        led = await partner(connection, "GD-B", "li@example.com")
    assert await told(store, settings(smtp=False), await opened(store, 60, 60, accused=led)) == []


async def test_an_address_named_twice_gets_one_message(store: Store) -> None:
    twice = {"name": "again", "severity": "low", "to": ["Sales@example.com"], "target": "env:HOOK"}
    made = await opened(store, 60, 60)
    assert await told(store, settings(SALES, twice), made) == [
        ("opened", "sales", "sales@example.com"),
        ("opened", "again", "env:HOOK"),
    ]


async def test_a_users_address_is_tied_to_the_user_and_a_target_to_its_channel(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", "dingtalk://key@secret")
    route = {"name": "owner", "to": ["owner@localhost"], "target": "env:HOOK"}
    await told(store, settings(route), await opened(store, 60, 60))
    async with store.connection() as connection:
        rows = await connection.fetch("SELECT channel, user_id IS NOT NULL AS tied FROM delivery ORDER BY id")
    assert [tuple(row) for row in rows] == [("email", True), ("dingtalk", False)]
