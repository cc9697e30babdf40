"""Whose word lets a version of the policy hold."""

from datetime import date
from typing import Any

import pytest

from hub.conflicts.publication import changes, known, needs_two, numbered, publish, publish_landed
from hub.errors import Declined, NeedsPerson
from hub.store.database import Store
from hub.store.user import Person, add_user
from tests.trading import NOON, World, example_world

LIVE: dict[str, Any] = {"jurisdiction": {"regions": {"CN": "CN", "EU": "EEA", "US": "US"}}}
LOOSE: dict[str, Any] = {
    "jurisdiction": {"regions": LIVE["jurisdiction"]["regions"], "profile": {"CN": {"price_rules": "case"}}}
}


async def user(store: Store, email: str, role: str = "admin") -> int:
    async with store.transaction() as connection:
        return await add_user(connection, Person(email=email, name=email, roles=(role,)))


async def owner(world: World) -> int:
    (row,) = await world.rows("SELECT id FROM hub_user WHERE email = 'owner@localhost'")
    return int(row["id"])


async def propose(world: World, version: int, body: dict[str, Any], two_person: bool | None = None) -> list[str]:
    """Let a run bring a version."""
    await world.put(
        "policy_version", str(version), version=version, effective_from=date(2026, 3, 1), base_currency="CNY",
        timezone="Asia/Shanghai", body=body, fetched_at=NOON, state="proposed",
    )  # fmt: skip
    async with world.store.transaction() as connection:
        return await publish_landed(connection, await world.source(), NOON, two_person)


async def say(world: World, version: int, user_id: int, reason: str | None = None, two_person: bool | None = None) -> str:
    async with world.store.transaction() as connection:
        one = await numbered(connection, version)
        return await publish(connection, one["id"], user_id, at=NOON, note=reason, two_person=two_person)


async def state(world: World, version: int) -> str:
    async with world.store.connection() as connection:
        return str((await numbered(connection, version))["state"])


async def test_one_administrator_needs_nobody_and_two_need_each_other(store: Store) -> None:
    world = await example_world(store)
    async with store.connection() as connection:
        assert not await needs_two(connection, None)
        assert await needs_two(connection, True)
    await user(store, "second@example.com")
    async with store.connection() as connection:
        assert await needs_two(connection, None)
        assert not await needs_two(connection, False)
    assert await propose(world, 2, LIVE, two_person=False) == []
    assert await state(world, 2) == "published"


async def test_a_version_that_needs_two_waits_and_judges_nothing(store: Store) -> None:
    world = await example_world(store)
    rule = "cross_region_sale"
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")])
    await world.detect()
    second, manager = await user(store, "second@example.com"), await user(store, "li@example.com", "channel_manager")
    (said,) = await propose(world, 2, LIVE | {"thresholds": {rule: {"min_units": 60, "min_share": 0.9}}})
    assert "Policy version 2 is proposed" in said
    await world.detect()
    assert {row["classification"] for row in (await world.findings(rule)).values()} == {"suspected"}
    with pytest.raises(Declined, match="word of an administrator"):
        await say(world, 2, manager)
    assert await say(world, 2, second, "Less noise") == "waiting"
    with pytest.raises(Declined, match="another person"):
        await say(world, 2, second)
    assert await say(world, 2, manager) == "published"
    await world.detect()
    assert {row["classification"] for row in (await world.findings(rule)).values()} == {"minor"}
    with pytest.raises(Declined, match="published already"):
        await say(world, 2, second)
    async with store.connection() as connection:
        (first, _) = await known(connection)
    assert (first["proposed_by"], first["published_by"], first["note"]) == (
        "second@example.com",
        "li@example.com",
        "Less noise",
    )


async def test_loosening_needs_two_administrators_and_a_reason_whatever_the_setting(store: Store) -> None:
    world = await example_world(store)
    (said,) = await propose(world, 2, LOOSE, two_person=False)
    assert "CN: price_rules observe > case" in said
    first = await owner(world)
    with pytest.raises(Declined, match="write the reason"):
        await say(world, 2, first, " ", two_person=False)
    assert await say(world, 2, first, "The law changed.", two_person=False) == "waiting"
    with pytest.raises(Declined, match="word of an administrator"):
        await say(world, 2, await user(store, "li@example.com", "channel_manager"), two_person=False)
    assert await say(world, 2, await user(store, "second@example.com"), two_person=False) == "published"
    async with store.connection() as connection:
        one = await numbered(connection, 2)
    assert (one["loosens"], one["note"]) == (["CN: price_rules observe > case"], "The law changed.")


async def test_a_proposal_that_changes_has_to_be_agreed_to_anew(store: Store) -> None:
    world = await example_world(store)
    await user(store, "second@example.com")
    await propose(world, 2, LIVE)
    assert await say(world, 2, await owner(world)) == "waiting"
    await propose(world, 2, LIVE | {"distribution": {"X": "open"}})
    assert await say(world, 2, await owner(world)) == "waiting"
    assert await state(world, 2) == "proposed"


async def test_versions_are_compared_by_path(store: Store) -> None:
    world = await example_world(store)
    override = [{"rule": "cross_region_sale", "region": "CN-GD", "min_units": 24}]
    await propose(world, 2, LIVE | {"override": override, "sla": {"holidays": ["2026-10-01"]}}, two_person=False)
    async with store.connection() as connection:
        one, other = await numbered(connection, 1), await numbered(connection, 2)
        found = {row["path"]: (row["before"], row["after"]) for row in await changes(connection, one["id"], other["id"])}
        assert await changes(connection, one["id"], one["id"]) == []
    assert found == {
        "effective_from": ("2026-01-01", "2026-03-01"),
        "override[0].min_units": (None, 24),
        "override[0].region": (None, "CN-GD"),
        "override[0].rule": (None, "cross_region_sale"),
        "sla.holidays": (None, ["2026-10-01"]),
    }


async def test_a_version_there_is_not_is_refused(store: Store) -> None:
    await example_world(store)
    async with store.connection() as connection:
        with pytest.raises(NeedsPerson, match="no policy version 9"):
            await numbered(connection, 9)
