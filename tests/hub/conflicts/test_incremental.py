"""Whatever changes in whatever order, judging what changed ends where judging everything ends."""

from collections.abc import Awaitable, Callable

import pytest
from hypothesis import HealthCheck, given, settings

from hub.store.database import open_store
from tests.anew import COMPARED, from_scratch
from tests.trading import World
from tests.worlds import ROUNDS, TIMES, Rounds, apply, begin

UNHURRIED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
NewDatabase = Callable[[], Awaitable[str]]


@settings(UNHURRIED, max_examples=5)
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
