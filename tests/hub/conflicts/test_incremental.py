"""Whatever changes in whatever order, judging what changed ends where judging everything ends."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from hub.store.database import open_store
from tests.trading import World
from tests.worlds import ROUNDS, TIMES, Rounds, apply, begin

# What must be equal; ids of cases, revisions, times and history tell how a finding came about, not what it says.
COMPARED = """
    SELECT finding_key, rule, rule_version, policy_version, parts, scope, classification, is_full, mode, partner_id,
           affected_id, product_id, region_id, accused, victim, product_group, base_sku, region, event_day, value_at_risk,
           value_currency, depth, strength, peers, group_key, score, uncapped_score, band, days, places,
           caps, capped_by, evidence,
           filters_tried
      FROM conflict WHERE state = 'open' ORDER BY finding_key
"""

UNHURRIED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
NewDatabase = Callable[[], Awaitable[str]]


@settings(UNHURRIED, max_examples=15)
@given(rounds=ROUNDS)
async def test_the_incremental_result_is_the_full_one(new_database: NewDatabase, rounds: Rounds) -> None:
    await compare(await new_database(), rounds)


@pytest.mark.soak
@settings(UNHURRIED, max_examples=300)
@given(rounds=ROUNDS)
async def test_the_incremental_result_stays_the_full_one(new_database: NewDatabase, rounds: Rounds) -> None:
    await compare(await new_database(), rounds)


async def compare(address: str, rounds: Rounds) -> None:
    """Make the edits round by round, and after each compare what is known with a run over everything."""
    async with open_store(address, connections=2) as store:
        world = World(store)
        await begin(world)
        await world.detect(TIMES[0])
        for edits, at in rounds:
            for name, fields in edits:
                await apply(world, name, fields)
            await world.detect(at)
            assert await world.rows(COMPARED) == await from_scratch(world, at)


async def from_scratch(world: World, at: datetime) -> list[dict[str, Any]]:
    """Return what one run over everything finds, and put back what was known before."""
    await world.run("CREATE TABLE kept AS TABLE conflict; CREATE TABLE kept_detection AS TABLE detection")
    await world.run("TRUNCATE conflict, detection")
    await world.detect(at, full=True)
    found = await world.rows(COMPARED)
    await world.run("TRUNCATE conflict, detection, conflict_history")
    await world.run("INSERT INTO conflict SELECT * FROM kept; INSERT INTO detection SELECT * FROM kept_detection")
    await world.run("DROP TABLE kept, kept_detection")
    return found
