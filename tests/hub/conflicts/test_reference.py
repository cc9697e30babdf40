"""What detection finds, change by change and from scratch, is what a plain reading of the rules finds in the same records."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from hub.conflicts.registry import all_rules
from hub.store.database import open_store
from tests.judging import settle
from tests.reference.arithmetic import rounded
from tests.reference.finding import Finding, code
from tests.reference.findings import RULES, judge
from tests.reference.world import load
from tests.trading import World
from tests.worlds import ROUNDS, SUBJECTS, TIMES, Rounds, apply, begin, rounds_of

UNHURRIED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
NewDatabase = Callable[[], Awaitable[str]]
OPEN = "SELECT * FROM conflict WHERE state = 'open' AND rule = ANY($1)"


@settings(UNHURRIED, max_examples=5)
@given(rounds=ROUNDS)
async def test_detection_finds_what_the_reference_finds(new_database: NewDatabase, rounds: Rounds) -> None:
    await compare(await new_database(), rounds)


@pytest.mark.soak
@pytest.mark.parametrize("subject", SUBJECTS)
@settings(UNHURRIED, max_examples=45)
@given(data=st.data())
async def test_detection_keeps_finding_what_the_reference_finds(
    new_database: NewDatabase, subject: str, data: st.DataObject
) -> None:
    await compare(await new_database(), data.draw(rounds_of(subject, 6, 24)))


async def compare(address: str, rounds: Rounds) -> None:
    """Make the edits round by round, and after each compare both ways of judging with the reference."""
    known = [rule for rule in RULES if rule in all_rules()]
    seen: set[str] = set()
    async with open_store(address, connections=2) as store:
        world = World(store)
        await begin(world)
        await world.detect(TIMES[0])
        for edits, at, way in rounds:
            for name, fields in edits:
                await apply(world, name, fields)
            expected = judge(await load(store), at, known)
            seen |= {f"{finding.rule}: {finding.classification}" for finding in expected.values()}
            await settle(world, at, way)
            assert differences(expected, await world.rows(OPEN, known)) == []
        await world.detect(at, full=True)
        assert differences(expected, await world.rows(OPEN, known)) == []
    for what in seen:
        event(what)


def differences(expected: Mapping[str, Finding], rows: list[dict[str, Any]]) -> list[str]:
    """Tell rule, key parts, field, what the reference says and what the hub says."""
    found = {row["finding_key"]: row for row in rows}
    told = [
        f"{one.rule} {one.parts}: missing, {one.classification} {one.evidence}"
        for key, one in expected.items()
        if key not in found
    ]
    told += [
        f"{row['rule']} {tuple(row['parts'])}: not expected, {row['classification']} {row['evidence']}"
        for key, row in found.items()
        if key not in expected
    ]
    for key in sorted(expected.keys() & found.keys()):
        one, row = expected[key], found[key]
        ours, theirs = said(one), stands(one, row)
        told += [
            f"{one.rule} {one.parts}: {name} is {shown(ours[name])} in the reference, {shown(theirs[name])} in the hub"
            for name in ours
            if ours[name] != theirs[name]
        ]
    return told


def said(one: Finding) -> dict[str, object]:
    return {
        "class": one.classification,
        "full": one.full,
        "mode": one.mode,
        "accused": code(one.accused),
        "victim": code(one.victim),
        "product_group": one.product_group,
        "base_sku": code(one.base),
        "region": code(one.region),
        "event_day": one.event_day,
        "value_at_risk": money(one.value_at_risk),
        "depth": clipped(one.depth),
        "strength": one.strength,
        "caps": sorted(one.caps),
        "uncapped": one.uncapped_score,
        "score": one.score,
        "band": one.band,
    } | {f"evidence.{name}": value for name, value in one.evidence.items()}


def stands(one: Finding, row: Mapping[str, Any]) -> dict[str, object]:
    evidence = row["evidence"]
    return {
        "class": row["classification"],
        "full": row["is_full"],
        "mode": row["mode"],
        "accused": row["accused"],
        "victim": row["victim"],
        "product_group": row["product_group"],
        "base_sku": row["base_sku"],
        "region": row["region"],
        "event_day": row["event_day"],
        "value_at_risk": money(exact(row["value_at_risk"])),
        "depth": clipped(exact(row["depth"])),
        "strength": exact(row["strength"]),
        "caps": sorted(cap["code"] for cap in row["caps"]),
        "uncapped": exact(row["uncapped_score"]),
        "score": exact(row["score"]),
        "band": row["band"],
    } | {f"evidence.{name}": like(value, evidence.get(name)) for name, value in one.evidence.items()}


def exact(value: Decimal | None) -> Fraction | None:
    return None if value is None else Fraction(value)


def money(value: Fraction | None) -> Fraction | None:
    """Return an amount as it is shown; the score is compared beside it."""
    return None if value is None else rounded(value, 2)


def clipped(depth: Fraction | None) -> Fraction | None:
    """Return the depth as the score takes it."""
    return None if depth is None else rounded(min(max(depth, Fraction(0)), Fraction(1)), 4)


def like(expected: object, value: object) -> object:
    """Return a value of the evidence as the reference would write it."""
    if isinstance(expected, Fraction | int) and not isinstance(expected, bool) and value is not None:
        return Fraction(str(value))
    return value


def shown(value: object) -> object:
    return float(value) if isinstance(value, Fraction) else value.isoformat() if isinstance(value, date) else value
