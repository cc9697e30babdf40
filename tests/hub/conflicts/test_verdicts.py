"""What a person dismissed stays so until it has grown, counts for no other finding, and is what a run over everything says."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from hub.store import dirty
from hub.store.database import open_store
from tests.hub.conflicts.test_reference import differences
from tests.reference.finding import Finding
from tests.reference.findings import RULES, judge
from tests.reference.world import load
from tests.trading import World
from tests.worlds import SUBJECTS, TIMES, Edit, apply, begin, rounds_of

NewDatabase = Callable[[], Awaitable[str]]
Verdicts = dict[str, tuple[Fraction, bool]]
"""Of dismissed findings the uncapped score when they were dismissed, and whether they were last seen in a full class."""

STANDING = "SELECT * FROM conflict WHERE state = 'open' OR (state = 'dismissed' AND NOT evidence_changed)"
SAID = "SELECT to_jsonb(c) - 'judged_at' - 'watermark_at' AS said FROM conflict AS c ORDER BY id"
GROWTH = 10


@pytest.mark.soak
@pytest.mark.parametrize("subject", SUBJECTS)
@settings(
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
async def test_what_was_dismissed_stays_so_until_it_has_grown(
    new_database: NewDatabase, subject: str, data: st.DataObject
) -> None:
    rounds = data.draw(rounds_of(subject, 4, 16))
    async with open_store(await new_database(), connections=2) as store:
        world = World(store)
        await begin(world)
        await world.detect(TIMES[0])
        verdicts: Verdicts = {}
        for edits, at, _ in rounds:
            verdicts |= await dismiss(world, data.draw(st.sets(st.integers(0, 40), max_size=12)))
            await make(world, edits)
            expected = await outcome(world, at, verdicts)
            await world.detect(at)
            assert differences(expected, await world.rows(STANDING)) == []
            assert {row["finding_key"] for row in await world.rows("SELECT * FROM conflict WHERE state = 'dismissed'")} == set(
                verdicts
            )
            before = await world.rows(SAID)
            await world.detect(at, full=True)
            assert await world.rows(SAID) == before


async def make(world: World, edits: list[Edit]) -> None:
    for name, fields in edits:
        await apply(world, name, fields)


async def dismiss(world: World, places: set[int]) -> Verdicts:
    """Dismiss some of the open findings, as closing their case does."""
    rows = await world.rows("SELECT id, finding_key, uncapped_score, is_full FROM conflict WHERE state = 'open' ORDER BY 2")
    chosen = [rows[place] for place in places if place < len(rows)]
    async with world.store.transaction() as connection:
        ids = [row["id"] for row in chosen]
        await connection.execute(
            "UPDATE conflict SET state = 'dismissed', dismissed_score = uncapped_score WHERE id = ANY($1)", ids
        )
        await dirty.mark(connection, [("conflict", one, None) for one in ids])
    return {row["finding_key"]: (Fraction(row["uncapped_score"]), row["is_full"]) for row in chosen}


async def outcome(world: World, at: datetime, verdicts: Verdicts) -> dict[str, Finding]:
    """Return what the reference finds, and drop the verdicts that no longer hold."""
    records = await load(world.store)
    while True:
        found = judge(records, at, RULES, verdicts)
        grown = [key for key in verdicts.keys() & found.keys() if has_grown(found[key], *verdicts[key])]
        if not grown:
            break
        for key in grown:
            del verdicts[key]
            event("opened again")
    for key in verdicts.keys() & found.keys():
        verdicts[key] = verdicts[key][0], found[key].full
    return found


def has_grown(one: Finding, then: Fraction, full: bool) -> bool:
    return (one.full and not full) or one.uncapped_score - then >= GROWTH
