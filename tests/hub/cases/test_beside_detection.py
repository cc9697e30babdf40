"""A person closes a case while a detector is at work. It comes out as if one had gone before the other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest

from hub.cases.case import Actor, Desk
from hub.cases.moves import advance, dismiss
from hub.conflicts import engine, grouping, ledger, severity
from hub.conflicts.policy import read_policies
from hub.errors import Declined
from hub.store.database import Connection, Store, open_store
from hub.store.embedded import Server
from hub.store.statements import Statement
from jobs.detect import detect
from tests.kept import TEMPLATE, statement
from tests.trading import NOON, World, example_world

# Where a detector stands when the case is closed: about to run one of these. Each is the first of its batch.
POINTS = (
    "identify", "remember_changed", "rewrite", "score", "remember", "write", "close_books", "leave", "join",
    "open", "weigh", "run_dry",
)  # fmt: skip
STAND = (
    "SELECT finding_key, rule, classification, state, score, uncapped_score, dismissed_score, band, days, places, evidence,"
    " evidence_changed, revision FROM conflict ORDER BY finding_key",
    "SELECT c.finding_key, one.number FROM conflict AS c JOIN conflict_case AS one ON one.id = c.case_id ORDER BY 1",
    "SELECT c.finding_key, h.revision, h.state, h.score FROM conflict_history AS h JOIN conflict AS c ON c.id = h.conflict_id"
    " ORDER BY 1, 2",
    "SELECT one.number, one.group_key, one.state, one.outcome, one.score, one.band, one.evidence_changed, earlier.number AS"
    " earlier FROM conflict_case AS one LEFT JOIN conflict_case AS earlier ON earlier.id = one.previous_case_id ORDER BY 1",
    "SELECT one.number, step.kind, step.to_state FROM case_step AS step JOIN conflict_case AS one ON one.id = step.case_id"
    " ORDER BY one.number, step.id",
)
WAITS = """
    SELECT 1 FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'person' AND wait_event_type = 'Lock'
"""


async def sale(world: World, code: str, units: str, day: str = "2026-03-01") -> None:
    await world.order(code, "GD-B", "CN-SH", [("P1", units, str(90 * int(units)))], day=day, invoice="INV")


async def nothing_of_it(world: World) -> None:
    await world.order("O9", "JS-C", "CN-SH", [("P1", "30", "2700")], invoice="INV")


async def a_little_more(world: World) -> None:
    await sale(world, "O1", "21")


async def much_more(world: World) -> None:
    await sale(world, "O1", "400")


async def it_goes(world: World) -> None:
    await world.delete("sales_order", "O1")


async def one_more(world: World) -> None:
    await sale(world, "O3", "25")


async def one_more_claim(world: World) -> None:
    for code, day in (("CL3", "2026-03-05"), ("CL4", "2026-03-06")):
        await world.claim(code, "SH-A", invoice="INV4", day=day)


async def a_peer_grows(world: World) -> None:
    await sale(world, "O2", "300", day="2026-02-20")


CHANGES = (nothing_of_it, a_little_more, much_more, it_goes, one_more, one_more_claim, a_peer_grows)
Change = Callable[[World], Awaitable[None]]


@asynccontextmanager
async def traded(postgres: Server) -> AsyncIterator[tuple[World, Store]]:
    """A world of its own with a case in each of two months, and the store of the person who closes one."""
    name = f"test_{uuid4().hex[:12]}"
    await statement(postgres, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    address = postgres.database(name)
    try:
        async with (
            open_store(address, connections=4) as store,
            open_store(f"{address}&application_name=person&lock_timeout=30s", connections=1) as person,
        ):
            world = await example_world(store)
            await world.order("H1", "SH-A", "CN-SH", [("P1", "100", "9000")])
            await world.order("H2", "GD-B", "CN-GD", [("P1", "2000", "180000")])
            await sale(world, "O1", "20")
            await sale(world, "O2", "20", day="2026-02-20")
            for code, day in (("CL1", "2026-03-05"), ("CL2", "2026-03-06")):
                await world.claim(code, "SH-A", invoice="INV2", day=day)
            await world.detect()
            yield world, person
    finally:
        await statement(postgres, f"DROP DATABASE {name} WITH (FORCE)")


def rule_of(change: Change) -> str:
    """Return the rule whose case of March is closed beside a change."""
    return "duplicate_claim" if change is one_more_claim else "cross_region_sale"


async def end(person: Store, rule: str, outcome: str) -> None:
    """Close the case of March, unless the data has ended it."""
    async with person.transaction() as connection:
        case = await connection.fetchval("SELECT id FROM conflict_case WHERE month = '2026-03-01' AND rule = $1", rule)
        desk = Desk(connection, Actor(user_id=1, role="admin"), NOON, await read_policies(connection, NOON))
        try:
            if outcome == "dismissed":
                await dismiss(desk, case, "border", None)
            else:
                await advance(desk, case, "closed", "Why.", outcome=outcome)
        except Declined:
            pass


async def stand(world: World) -> list[list[dict[str, Any]]]:
    """Return what stands once everything has been judged."""
    await detect(world.store, at=NOON)
    return [await world.rows(sql) for sql in STAND]


async def beside(world: World, person: Store, change: Change, outcome: str, point: str, patch: pytest.MonkeyPatch) -> bool:
    """Detect a change, and close the case when the detector comes to a point; say whether the detector was waited for."""
    closing: list[asyncio.Task[None]] = []
    waited = False

    async def meanwhile() -> None:
        nonlocal waited
        closing.append(asyncio.create_task(end(person, rule_of(change), outcome)))
        while not closing[0].done():
            if await world.rows(WAITS):
                waited = True
                return
            await asyncio.sleep(0.005)

    def stopping(module: ModuleType) -> None:
        run = module.run

        async def watched(connection: Connection, one: Statement, values: Any) -> None:
            if one.name == point and values.get("rule", rule_of(change)) == rule_of(change) and not closing:
                await meanwhile()
            await run(connection, one, values)

        patch.setattr(module, "run", watched)

    with patch.context() as patch:
        for module in (engine, ledger, severity, grouping):
            stopping(module)
        await change(world)
        await detect(world.store, at=NOON)
    assert closing, f"The detector did not come to {point}."
    await closing[0]
    return waited


async def one_after_the_other(postgres: Server, change: Change, outcome: str, *, person_first: bool) -> Any:
    async with traded(postgres) as (world, person):
        await change(world)
        if person_first:
            await end(person, rule_of(change), outcome)
        await detect(world.store, at=NOON)
        if not person_first:
            await end(person, rule_of(change), outcome)
        return await stand(world)


@pytest.mark.parametrize(
    ("change", "point", "waits"),
    [
        (nothing_of_it, "close_books", False),
        (much_more, "rewrite", True),
        (one_more, "open", True),
        (it_goes, "leave", True),
    ],
)
async def test_a_case_is_closed_beside_a_detector_that_has_it_not_in_hand(
    postgres: Server, change: Change, point: str, waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with traded(postgres) as (world, person):
        assert await beside(world, person, change, "dismissed", point, monkeypatch) is waits
        found = await stand(world)
    assert found == await one_after_the_other(postgres, change, "dismissed", person_first=not waits)


@pytest.mark.soak
@pytest.mark.parametrize("outcome", ["dismissed", "withdrawn"])
@pytest.mark.parametrize("change", CHANGES)
async def test_wherever_the_detector_stands_it_comes_out_as_if_one_had_gone_first(
    postgres: Server, change: Change, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [await one_after_the_other(postgres, change, outcome, person_first=first) for first in (True, False)]
    for point in POINTS:
        async with traded(postgres) as (world, person):
            await beside(world, person, change, outcome, point, monkeypatch)
            found = await stand(world)
        assert found in expected, point
