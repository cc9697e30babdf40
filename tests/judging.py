"""Ways in which changes come to be judged: all at once, a few at a time, told twice, after a judgement that broke off."""

from datetime import datetime

from hub.conflicts.engine import examine
from hub.store import dirty
from tests.trading import World

WAYS = ("at once", "at once", "at once", "at once", "piecemeal", "told twice", "broken off", "over everything")
# So few marks that those of one round are parted in two or more.
FEW = 7


async def settle(world: World, at: datetime, way: str) -> None:
    """Judge what changed, as of an instant, in one of the ways."""
    match way:
        case "piecemeal":
            while await judge_few(world, at) == FEW:
                pass
        case "told twice":
            await world.run("INSERT INTO dirty_record (noun, record_id, old) SELECT noun, record_id, old FROM dirty_record")
        case "broken off":
            await break_off(world, at)
    await world.detect(at, full=way == "over everything")


async def judge_few(world: World, at: datetime) -> int:
    """Judge the oldest marks; return how many there were."""
    async with world.store.transaction() as connection:
        examined = await examine(connection, at, limit=FEW, full=False)
        await dirty.settle(connection)
    return examined.marks


async def break_off(world: World, at: datetime) -> None:
    """Judge what changed and keep nothing of it."""
    async with world.store.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await examine(connection, at, limit=None, full=False)
        await transaction.rollback()
