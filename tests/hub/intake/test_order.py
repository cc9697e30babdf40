"""Orders of one source and the customers another describes change at once: both wait in one order, and neither is forgotten."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hub.intake.batch import Batch
from hub.intake.landing import land
from hub.records.message import Checkpoint
from hub.store.database import Connection, Store
from tests.feeding import Source, source
from tests.samples import customer, line, order, partner, product, region

WAITING = """
    SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE NOT granted AND datname = current_database()
"""
FOLLOWED = """
    SELECT o.key, r.code FROM sales_order AS o JOIN region AS r ON r.id = o.ship_to_region_id ORDER BY o.key
"""


async def channel(store: Store) -> tuple[Source, Source]:
    """The masters with a customer, and a shop that sells to it."""
    masters = await source(store, "masters", masters=True)
    await masters.send(region("A"), region("B"), partner("p"), product("P1"), customer("K", region="A"))
    return masters, await source(store, "shop")


async def until(connection: Connection, waiting: int, over: Callable[[], bool] = lambda: False) -> None:
    """Return once so many connections wait for a lock, or something is over."""
    async with asyncio.timeout(30):
        while not over() and await connection.fetchval(WAITING) < waiting:
            await asyncio.sleep(0)


async def test_orders_and_the_customer_they_follow_change_at_once(store: Store) -> None:
    masters, shop = await channel(store)
    numbers = ("O1", "O2", "O3")
    await shop.send(*(order(number, customer="K", seller="p") for number in numbers))
    changed = [
        order(number, line(amount=Decimal(7)), customer="K", seller="p", invoice_ref="I") for number in reversed(numbers)
    ]
    async with asyncio.TaskGroup() as both, store.connection() as watch, store.transaction() as holder:
        # Whoever locks orders as they come meets this one in the middle, from either end.
        await holder.execute("SELECT 1 FROM sales_order WHERE key = 'O2' FOR UPDATE")
        both.create_task(shop.send(*changed))
        await until(watch, 1)
        both.create_task(masters.send(customer("K", region="B")))
        await until(watch, 2)
    assert await rows(store, FOLLOWED) == [(number, "B") for number in numbers]
    assert await rows(store, "SELECT DISTINCT total, invoice_ref FROM sales_order") == [(Decimal(7), "I")]


async def test_an_order_that_lands_while_its_customer_moves_follows_it(store: Store) -> None:
    masters, shop = await channel(store)
    await shop.send(order("O1", seller="p"))
    landing = await shop.landing()
    batch = Batch(Checkpoint(state={}), [shop.record(order("O2", customer="K", seller="p"))])
    async with asyncio.TaskGroup() as both, store.connection() as watch, store.transaction() as holder:
        # The order is written and its bookmark is not.
        await holder.execute("SELECT 1 FROM stream WHERE id = $1 FOR UPDATE", landing.claim.stream_id)
        both.create_task(land(store, landing, batch))
        await until(watch, 1)
        moving = both.create_task(masters.send(customer("K", region="B")))
        await until(watch, 2, moving.done)
    assert await rows(store, FOLLOWED) == [("O2", "B")]


async def rows(store: Store, sql: str) -> list[tuple[Any, ...]]:
    async with store.connection() as connection:
        return [tuple(row) for row in await connection.fetch(sql)]
