"""A rule that fails, anybody's, is told of and stops no other one."""

import sys
from collections.abc import Callable, Iterator
from datetime import date
from importlib.metadata import EntryPoint
from pathlib import Path

import asyncpg
import pytest

from hub.cases.precision import measure
from hub.conflicts import registry
from hub.conflicts.backtest import Draft, Question, backtest
from hub.conflicts.policy import read_policies
from hub.conflicts.registry import all_rules
from hub.errors import RuleFailed
from hub.store.database import LOST, Store
from hub.store.statements import read_statements
from jobs import detect as detection
from jobs.detect import detect
from jobs.doctor import ailing
from tests.trading import NOON, World, example_world

PYTHON = """
from hub.conflicts.rule import Rule, Text

acme = Rule(
    name="acme",
    title_en="Orders in a word",
    title_zh="订单用词",
    says={"": Text(en="Order {order}: {word}.", zh="订单 {order}:{word}。")},
    key=("order",),
    full=frozenset(),
    needs=(),
)
"""
# Says a word of each order, and cannot where the word is missing.
SQL = """
-- keys --
INSERT INTO judged SELECT DISTINCT record_id::text FROM changed WHERE noun = 'sales_order' ON CONFLICT DO NOTHING;

-- all_keys --
INSERT INTO judged SELECT id::text FROM sales_order ON CONFLICT DO NOTHING;

-- judge --
INSERT INTO found
SELECT o.id::text, ARRAY[o.key], w.word, 'case', 0, o.partner_id, NULL, NULL, NULL, NULL, o.ordered_on, NULL, 1, 1,
       '{}'::text[], jsonb_build_object('order', o.key, 'word', w.word), '[]'::jsonb
  FROM judged JOIN sales_order AS o ON o.id = judged.scope::bigint JOIN acme_word AS w ON w.key = o.key;
"""
Acme = Callable[[str], None]


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Acme]:
    """Have another package announce a rule; what is called with the rule's statements writes them."""
    package = tmp_path / "acme_rules"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "acme.py").write_text(PYTHON)

    def write(sql: str) -> None:
        (package / "acme.sql").write_text(sql)
        read_statements.cache_clear()
        all_rules.cache_clear()
        registry.foreign.cache_clear()

    write(SQL)
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("acme", "acme_rules", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group == registry.GROUP else [])
    yield write
    read_statements.cache_clear()
    all_rules.cache_clear()
    registry.foreign.cache_clear()
    for module in [name for name in sys.modules if name.startswith("acme_rules")]:
        del sys.modules[module]


@pytest.fixture
async def world(store: Store) -> World:
    world = await example_world(store)
    await world.run("CREATE TABLE acme_word (key text, word text)")
    await world.run("INSERT INTO acme_word VALUES ('O1', 'fine'), ('O2', 'fine'), ('O3', 'fine')")
    return world


async def sold(world: World, *numbers: int, amount: str = "2800") -> None:
    for number in numbers:
        await world.order(f"O{number}", "GD-B", "CN-SH", [("P1", "40", amount)])


async def words(world: World) -> dict[str, tuple[str, str, int]]:
    found = await world.rows("SELECT parts[1] AS key, classification, state, revision FROM conflict WHERE rule = 'acme'")
    return {row["key"]: (row["classification"], row["state"], row["revision"]) for row in found}


async def kept(world: World) -> list[dict[str, object]]:
    return await world.rows("SELECT * FROM conflict WHERE rule = 'acme' ORDER BY id")


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (SQL.replace("1, 1,", "1 / 0, 1,"), "DivisionByZeroError: division by zero"),
        (SQL.replace("-- judge --", "-- say --"), "KeyError: 'judge'"),
        (SQL.replace("0, o.partner_id", ":nothing, o.partner_id"), "KeyError: 'nothing'"),
        (SQL.replace("JOIN acme_word", "CROSS JOIN acme_word").replace(" ON w.key = o.key", ""), "UniqueViolationError: "),
        ("-- desk --\nCREATE TEMP TABLE acme_desk (a int); SELECT wrong;" + SQL, "UndefinedColumnError: "),
    ],
    ids=["statement", "step", "parameter", "two findings of one key", "desk"],
)
async def test_a_rule_that_fails_stops_no_other_one(world: World, acme: Acme, broken: str, says: str) -> None:
    acme(broken)
    await sold(world, 1, 2)
    done = await detect(world.store, at=NOON)
    assert (done.rules["acme"].failed or "").startswith(says)
    assert (done.rules["acme"].judged, done.rules["acme"].raised, done.failed) == (0, 0, frozenset({"acme"}))
    assert done.rules["cross_region_sale"].raised == 2
    assert await world.rows("SELECT * FROM dirty_record") == []
    # Mended, it judges what it missed, though nothing has changed since.
    acme(SQL)
    done = await detect(world.store, at=NOON)
    assert (done.rules["acme"].failed, done.rules["acme"].raised, done.failed) == (None, 2, frozenset())
    assert (await detect(world.store, at=NOON)).rules["acme"].judged == 0


async def test_what_a_failing_rule_had_found_stays_as_it_was(world: World, acme: Acme) -> None:
    await sold(world, 1, 2)
    await detect(world.store, at=NOON)
    before, judged_to = await kept(world), await world.rows("SELECT * FROM detection WHERE rule = 'acme'")
    # It rewrites the first, closes the second, and only then stumbles over the third.
    await world.run("UPDATE acme_word SET word = CASE key WHEN 'O1' THEN 'better' END WHERE key <> 'O2'")
    await world.run("DELETE FROM acme_word WHERE key = 'O2'")
    await sold(world, 1, 2, 3, amount="2900")
    done = await detect(world.store, at=NOON)
    assert (done.rules["acme"].failed or "").startswith("NotNullViolationError")
    assert (done.rules["acme"].changed, done.rules["cross_region_sale"].changed, done.rules["cross_region_sale"].raised) == (
        0, 2, 1,
    )  # fmt: skip
    assert await kept(world) == before
    assert await world.rows("SELECT * FROM conflict_history WHERE conflict_id = $1", before[0]["id"]) == []
    (row,) = await world.rows("SELECT * FROM detection WHERE rule = 'acme'")
    assert {**row, "failure": None, "failed_at": None} == judged_to[0]
    assert row["failed_at"] == NOON
    await world.run("UPDATE acme_word SET word = 'fine' WHERE word IS NULL")
    await detect(world.store, at=NOON)
    assert await words(world) == {
        "O1": ("better", "open", 2), "O2": ("fine", "resolved_by_data", 2), "O3": ("fine", "open", 1),
    }  # fmt: skip
    (row,) = await world.rows("SELECT failure, failed_at FROM detection WHERE rule = 'acme'")
    assert row == {"failure": None, "failed_at": None}


async def test_the_others_find_what_they_find_without_it(world: World, acme: Acme) -> None:
    acme(SQL.replace("1, 1,", "1 / 0, 1,"))
    for number in (1, 2, 3):
        await sold(world, number)
        await world.claim(f"C{number}", "GD-B", invoice="INV")
        await detect(world.store, at=NOON)
    compared = "SELECT finding_key, state, score, evidence FROM conflict ORDER BY finding_key"
    found = await world.rows(compared)
    assert {row["rule"] for row in await world.rows("SELECT rule FROM conflict")} >= {"cross_region_sale", "duplicate_claim"}
    await detect(world.store, at=NOON, full=True)
    assert await world.rows(compared) == found


async def test_it_is_left_alone_for_the_rest_of_the_run(world: World, acme: Acme, monkeypatch: pytest.MonkeyPatch) -> None:
    await detect(world.store, at=NOON)
    monkeypatch.setattr(detection, "BATCH", 2)
    await world.run("UPDATE acme_word SET word = NULL WHERE key = 'O1'")
    await sold(world, 1, 2, 3)
    done = await detect(world.store, at=NOON)
    assert (done.batches > 1, done.failed, done.rules["cross_region_sale"].raised) == (True, frozenset({"acme"}), 3)
    assert await words(world) == {}
    await world.run("UPDATE acme_word SET word = 'fine'")
    assert (await detect(world.store, at=NOON)).rules["acme"].raised == 3


async def test_operators_are_told(world: World, acme: Acme) -> None:
    acme(SQL.replace("1, 1,", "1 / 0, 1,"))
    await sold(world, 1)
    await detect(world.store, at=NOON)
    assert [sentence.partition(" and its")[0] for sentence in await ailing(world.store) if "acme" in sentence] == [
        "The rule acme failed (DivisionByZeroError: division by zero)"
    ]
    async with world.store.connection() as connection:
        rules = await measure(connection, await read_policies(connection, NOON), NOON)
    assert {one.rule: one.failure for one in rules if one.failure} == {"acme": "DivisionByZeroError: division by zero"}
    acme(SQL)
    await detect(world.store, at=NOON)
    assert [sentence for sentence in await ailing(world.store) if "acme" in sentence] == []


async def test_a_backtest_is_not_answered_without_it(world: World, acme: Acme) -> None:
    await sold(world, 1)
    acme(SQL.replace("1, 1,", "1 / 0, 1,"))
    question = Question(from_day=date(2026, 3, 1), to_day=date(2026, 3, 31), at=NOON, rules=("acme",))
    with pytest.raises(RuleFailed, match="acme failed") as failed:
        await backtest(world.store, Draft(records={}, removed={}), question, "room", alerting=never)
    assert "division" not in str(failed.value)


async def never(_: object) -> list[int]:
    return []


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        ("40P01", asyncpg.DeadlockDetectedError),
        ("40001", asyncpg.SerializationError),
        ("53100", asyncpg.DiskFullError),
        ("57014", asyncpg.QueryCanceledError),
        ("55P03", asyncpg.LockNotAvailableError),
    ],
)
async def test_what_is_not_its_fault_ends_the_run_and_loses_nothing(
    world: World, acme: Acme, code: str, raised: type[Exception]
) -> None:
    await detect(world.store, at=NOON)
    acme(SQL.replace("-- judge --", f"-- judge --\nDO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$; --"))
    await sold(world, 1)
    with pytest.raises(raised):
        await detect(world.store, at=NOON)
    assert await world.rows("SELECT * FROM conflict") == []
    assert await world.rows("SELECT * FROM detection WHERE failure IS NOT NULL") == []
    acme(SQL)
    assert (await detect(world.store, at=NOON)).rules["acme"].judged == 1


async def test_a_lost_connection_is_not_its_fault(world: World, acme: Acme) -> None:
    await detect(world.store, at=NOON)
    acme(SQL.replace("-- judge --", "-- judge --\nSELECT pg_terminate_backend(pg_backend_pid()); --"))
    await sold(world, 1)
    with pytest.raises((*LOST, asyncpg.AdminShutdownError)):
        await detect(world.store, at=NOON)
    assert await world.rows("SELECT * FROM conflict") == []
    acme(SQL)
    assert (await detect(world.store, at=NOON)).rules["acme"].judged == 1
