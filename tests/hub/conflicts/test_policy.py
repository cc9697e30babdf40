from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from hub.conflicts import jurisdiction
from hub.conflicts.policy import read_policies, thresholds
from hub.conflicts.registry import all_rules
from hub.errors import SettingsError
from hub.store.database import Store
from tests.trading import NOON, World, example_world

RULE = all_rules()["cross_region_sale"].rule


async def test_the_latest_version_on_or_before_the_day_holds(store: Store) -> None:
    world = World(store)
    await world.policy(1, "2026-01-01")
    await world.policy(2, "2026-03-01")
    await world.policy(3, "2026-03-01")
    async with store.connection() as connection:
        policies = await read_policies(connection, NOON)
    days = ("2025-06-01", "2026-02-28", "2026-03-01", "2030-01-01")
    assert [policies.at(date.fromisoformat(day)).number for day in days] == [1, 1, 3, 3]
    assert (policies.timezone, policies.base_currency, policies.today) == ("Asia/Shanghai", "CNY", date(2026, 3, 31))


async def test_the_day_of_an_instant_is_that_of_the_policys_time_zone(store: Store) -> None:
    world = World(store)
    await world.policy()
    async with store.connection() as connection:
        policies = await read_policies(connection, datetime(2026, 3, 31, 20, tzinfo=UTC))
    assert policies.today == date(2026, 4, 1)


async def test_without_a_policy_the_defaults_hold_in_the_only_currency(store: Store) -> None:
    world = await example_world(store)
    await world.delete("policy_version", "1")
    async with store.connection() as connection:
        assert (await read_policies(connection, NOON)).basis == "UTC CNY"
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")], currency="USD")
    async with store.connection() as connection:
        assert (await read_policies(connection, NOON)).basis == "UTC -"
    await world.detect()
    (finding,) = (await world.findings(RULE.name)).values()
    assert (finding["classification"], finding["policy_version"], finding["value_at_risk"]) == ("suspected", None, None)


def test_thresholds_stand_in_the_order_of_their_weight() -> None:
    body = {
        "thresholds": {RULE.name: {"min_units": 20, "price_tol": 0.05}},
        "override": [
            {"rule": RULE.name, "region": "CN-GD", "min_units": 24},
            {"rule": "below_policy_offer", "tol": 0.5},
        ],
    }
    rows = [row for row in thresholds(RULE, body) if row[0] in ("min_units", "price_tol")]
    assert rows == [
        ("price_tol", None, None, -2, Decimal("0.01")),
        ("min_units", None, None, -2, Decimal(12)),
        ("price_tol", None, None, -1, Decimal("0.05")),
        ("min_units", None, None, -1, Decimal(20)),
        ("min_units", "CN-GD", None, 0, Decimal(24)),
    ]


def test_a_profile_differs_from_the_built_in_one_only_where_it_says_so() -> None:
    body = {"jurisdiction": {"regions": {"CN": "CN", "BR": "Brazil"}, "profile": {"CN": {"price_rules": "off"}}}}
    profiles = jurisdiction.profiles(body)
    assert (profiles["CN"].price_rules, profiles["CN"].price_reference) == ("off", ("map", "msrp", "retail"))
    assert profiles["Brazil"] == profiles["default"]
    assert (profiles["EEA"].exclusive_max_holders, profiles["US"].price_rules) == (5, "case")


def test_a_profile_that_cannot_be_read_is_refused_in_a_sentence() -> None:
    body = {"jurisdiction": {"profile": {"CN": {"price_rules": "perhaps"}}}}
    with pytest.raises(SettingsError, match=r"jurisdiction\.profile\.CN cannot be used"):
        jurisdiction.profiles(body)


async def test_a_policy_may_weigh_otherwise(store: Store) -> None:
    world = await example_world(store)
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")], initiated="passive")
    await world.detect()
    (before,) = (await world.findings(RULE.name)).values()
    await world.policy(severity={"weights": {"evidence": 40}, "caps": {"passive_info": 60}, "bands": {"medium": 65}})
    await world.detect()
    (after,) = (await world.findings(RULE.name)).values()
    assert (before["score"], before["band"]) == (Decimal(20), "info")
    assert after["uncapped_score"] == before["uncapped_score"] + Decimal("0.7") * 20
    assert (after["score"], after["band"], after["capped_by"]) == (Decimal(60), "low", "passive_info")
