"""Whatever changes in whatever order, judging what changed ends where judging everything ends."""

from collections.abc import Awaitable, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.store.database import open_store
from tests.anew import COMPARED, from_scratch
from tests.judging import settle
from tests.trading import World
from tests.worlds import ROUNDS, SUBJECTS, TIMES, Rounds, apply, begin, rounds_of

UNHURRIED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
NewDatabase = Callable[[], Awaitable[str]]


@settings(UNHURRIED, max_examples=4)
@given(rounds=ROUNDS)
async def test_the_incremental_result_is_the_full_one(new_database: NewDatabase, rounds: Rounds) -> None:
    await compare(await new_database(), rounds)


@pytest.mark.soak
@pytest.mark.parametrize("subject", SUBJECTS)
@settings(UNHURRIED, max_examples=45)
@given(data=st.data())
async def test_the_incremental_result_stays_the_full_one(new_database: NewDatabase, subject: str, data: st.DataObject) -> None:
    await compare(await new_database(), data.draw(rounds_of(subject, 6, 24)))


async def compare(address: str, rounds: Rounds) -> None:
    """Make the edits round by round, and after each compare what is known with a run over everything."""
    async with open_store(address, connections=2) as store:
        world = World(store)
        await begin(world)
        await world.detect(TIMES[0])
        for edits, at, way in rounds:
            for name, fields in edits:
                await apply(world, name, fields)
            await settle(world, at, way)
            assert await world.rows(COMPARED) == await from_scratch(world, at)
