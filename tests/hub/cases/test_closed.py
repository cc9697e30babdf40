"""What becomes of findings whose case is closed."""

from hub.store.database import Store
from tests.trading import World, example_world

CASE_STATE = """
    SELECT c.is_full, c.state, k.state AS case_state
      FROM conflict AS c LEFT JOIN conflict_case AS k ON k.id = c.case_id
     WHERE c.rule = 'cross_region_sale' AND c.accused = 'GD-B'
"""


async def stray(world: World, day: str = "2026-03-01") -> None:
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")], invoice="INV1", day=day)


async def test_a_finding_that_grows_again_after_its_case_expired_is_in_a_new_one(store: Store) -> None:
    world = await example_world(store)
    await stray(world)
    await world.order("O9", "SH-A", "CN-SH", [("P1", "1000", "90000")])
    await world.detect()
    back = ("T1", "GD-B", None, [("P1", "35", "70")])
    await world.order(*back, kind="return", returns=("O1", 1))
    await world.detect()
    (less,) = await world.rows(CASE_STATE)
    assert (less["is_full"], less["case_state"]) == (False, "closed")
    await world.order(*back, kind="return", returns=("O1", 1), status="cancelled")
    assert (await world.detect()).cases_opened == 1
    (again,) = await world.rows(CASE_STATE)
    assert tuple(again.values()) == (True, "open", "detected")


async def test_so_is_one_that_was_only_observed_for_a_while(store: Store) -> None:
    world = await example_world(store)
    await stray(world)
    await world.detect()
    observing = {"regions": {"CN": "CN"}, "profile": {"CN": {"territory_rules": "observe"}}}
    await world.policy(2, "2026-01-02", jurisdiction=observing)
    await world.detect()
    await world.policy(3, "2026-01-03")
    await world.detect()
    (again,) = await world.rows(CASE_STATE)
    assert tuple(again.values()) == (True, "open", "detected")


async def test_what_was_confirmed_stays_in_the_case_it_was_confirmed_in(store: Store) -> None:
    world = await example_world(store)
    await stray(world, day="2026-03-01")
    await world.detect()
    await world.run("UPDATE conflict SET state = 'confirmed' WHERE case_id IS NOT NULL")
    await world.run("UPDATE conflict_case SET state = 'closed', outcome = 'confirmed', closed_at = now()")
    await stray(world, day="2026-02-28")
    await world.detect()
    (kept,) = await world.rows(CASE_STATE)
    assert tuple(kept.values()) == (True, "confirmed", "closed")
