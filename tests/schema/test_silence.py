"""What a partner must not learn of the other side from what it may see."""

from datetime import timedelta

from hub.store.database import Store
from schema.context import Role, Viewer
from tests.schema.conftest import Ask
from tests.trading import NOON, World, example_world

OWN = "{ conflicts { nodes { ruleId revision judgedAt watermark } } }"
AFFECTED = "{ affectedFindings { totalCount nodes { month status } } }"


async def stray(world: World, number: int) -> None:
    await world.order(f"O{number}", "GD-B", "CN-SH", [("P1", "40", "2800")], invoice=f"INV{number}", day="2026-03-01")


async def test_sales_of_the_other_side_do_not_show_in_when_a_finding_changed(store: Store, ask: Ask) -> None:
    world = await example_world(store)
    await stray(world, 1)
    await world.order("O9", "SH-A", "CN-SH", [("P1", "100", "777")])
    await world.detect()
    await world.run("UPDATE conflict_case SET state = 'investigating'")
    accused = Viewer(Role.PARTNER, partner_id=world.ids["partner", "GD-B"])
    seen = (await ask(OWN, accused))["data"]["conflicts"]["nodes"]
    assert seen
    for day, units in enumerate(("150", "30000"), start=1):
        await world.order("O9", "SH-A", "CN-SH", [("P1", units, "777")])
        assert (await world.detect(NOON + timedelta(days=day))).changed > 0
        assert (await ask(OWN, accused))["data"]["conflicts"]["nodes"] == seen


async def test_whom_it_touches_does_not_count_the_lines(store: Store, ask: Ask) -> None:
    world = await example_world(store)
    affected = Viewer(Role.PARTNER, partner_id=world.ids["partner", "SH-A"])
    for number in (1, 2):
        await stray(world, number)
        await world.detect()
        answer = (await ask(AFFECTED, affected))["data"]["affectedFindings"]
        assert answer == {"totalCount": 1, "nodes": [{"month": "2026-03-01", "status": "OPEN"}]}
