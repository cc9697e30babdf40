"""Many sources bring changes while detection runs: nobody waits for it, no change is lost, nothing is judged twice at once."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub.records import (
    CanonicalRecord,
    Claim,
    FxRate,
    InventoryMonth,
    Offer,
    Order,
    PartnerAlias,
    TerritoryGrant,
)
from hub.store.database import LOST, Connection, Store, open_store
from jobs.detect import Detected, detect
from tests.anew import COMPARED, compare_trade, from_scratch
from tests.feeding import Source, key_of, streams_of
from tests.samples import customer, grant, line, offer, order, partner, price, product, promotion, region
from tests.trading import NOON, World, example_world

SEED = 20260331
SOURCES = 9
BATCHES = 4
STREAMS = ("orders", "offers", "claims", "grants", "months")
MASTER_STREAMS = ("places", "customers", "products", "prices", "rates")
PARTNERS = ("p", "q", "r", "s")
REGIONS = ("A", "B", "C", "A1")
ARTICLES = ("P1", "P1", "P2", "P1-12")
CUSTOMERS = ("K1", "K2", "K3")
Chance = random.Random
# Waits of writers for a detector. Both count events, as the last thing before they commit; and whoever makes a file longer,
# that of a catalog among them, does so alone, for a moment.
HELD_UP = """
    SELECT concat_ws(': ', l.locktype, l.relation::regclass, waiting.query) AS query
      FROM pg_stat_activity AS waiting
      JOIN pg_locks AS l ON l.pid = waiting.pid AND NOT l.granted AND l.locktype <> 'extend'
     CROSS JOIN LATERAL unnest(pg_blocking_pids(waiting.pid)) AS blocking (pid)
      JOIN pg_stat_activity AS holding ON holding.pid = blocking.pid
     WHERE waiting.application_name = 'writer' AND holding.application_name = 'detector'
       AND waiting.datname = current_database() AND waiting.query NOT LIKE '%UPDATE event_counter%'
"""
WAITING = """
    SELECT l.pid FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
     WHERE a.application_name = 'detector' AND a.datname = current_database() AND NOT l.granted AND l.locktype = $1
"""
# What detectors alone write, the marks they hold, and the mark that each writer leaves beside those of all others.
OF_DETECTION = {
    "dirty_record",
    "data_change",
    "detection",
    "trade_line",
    "trade_month",
    "trade_span",
    "conflict",
    "conflict_history",
}
MARKS = "SELECT id, noun, record_id, old FROM dirty_record ORDER BY id"
# What of the hub's tables a detector holds; reading alone is left out.
HOLDING = """
    SELECT DISTINCT c.relname
      FROM pg_locks AS l
      JOIN pg_stat_activity AS a USING (pid)
      JOIN pg_class AS c ON c.oid = l.relation
     WHERE a.application_name = 'detector' AND a.datname = current_database() AND l.granted
       AND l.mode <> 'AccessShareLock' AND c.relkind = 'r' AND c.relpersistence = 'p'
       AND c.relnamespace = 'public'::regnamespace
"""


def day(chance: Chance) -> date:
    return date(2026, 2, 20) + timedelta(days=chance.randrange(36))


def an_order(chance: Chance) -> Order:
    """A sale, a purchase, or a return of a line that may not have come yet."""
    kind = chance.choice(("sell_out", "sell_out", "sell_out", "sell_in", "return"))
    number = f"{kind}-{chance.randrange(8)}"
    back = (f"sell_out-{chance.randrange(8)}", 1) if kind == "return" else None
    lines = [
        line(
            place,
            sku=chance.choice(ARTICLES),
            qty=Decimal(chance.choice((1, 12, 40))),
            amount=Decimal(chance.randrange(50, 5000)),
            status=chance.choice(("delivered", "delivered", "delivered", "cancelled")),
            return_of=back,
            serials=chance.choice(((), (f"S{chance.randrange(20)}",))),
        )
        for place in range(1, chance.randrange(2, 5))
    ]
    return order(
        number,
        *lines,
        kind=kind,
        ordered_on=day(chance),
        currency=chance.choice(("CNY", "CNY", "USD")),
        seller=None if kind == "sell_in" else chance.choice(PARTNERS),
        buyer_partner=chance.choice(PARTNERS) if kind == "sell_in" else None,
        customer=chance.choice(CUSTOMERS) if kind == "sell_out" else None,
        ship_to_region=chance.choice((*REGIONS, None)),
        invoice_ref=chance.choice((None, f"I{chance.randrange(20)}")),
        initiated=chance.choice(("active", "active", "passive")),
        channel=chance.choice(("trade", "tmall")),
    )


def an_offer(chance: Chance) -> Offer:
    return offer(
        f"L{chance.randrange(4)}",
        chance.randrange(1, 29),
        seller=chance.choice(("shop p", "shop q", "shop x")),
        sku=chance.choice(ARTICLES),
        price=Decimal(chance.choice((50, 70, 100, 1200))),
        region=chance.choice(REGIONS),
    )


def a_claim(chance: Chance) -> Claim:
    return Claim(
        claim_id=f"CL{chance.randrange(6)}",
        partner=chance.choice(PARTNERS),
        program=chance.choice(("Q1", "Q2")),
        amount=Decimal(500),
        currency="CNY",
        claim_date=day(chance),
        sku=chance.choice(ARTICLES),
        qty=Decimal(chance.choice((5, 60, 400))),
        invoice_ref=chance.choice((None, f"I{chance.randrange(20)}")),
        status=chance.choice(("submitted", "approved", "paid", "withdrawn")),
    )


def a_grant(chance: Chance) -> TerritoryGrant:
    return grant(
        f"g{chance.randrange(4)}",
        partner=chance.choice(PARTNERS),
        region=chance.choice(REGIONS),
        product_group=chance.choice(("X", "Y")),
        exclusivity=chance.choice(("exclusive", "sole", "non_exclusive")),
        valid_to=chance.choice((None, date(2026, 3, 10))),
    )


def a_month(chance: Chance) -> InventoryMonth:
    return InventoryMonth(
        partner=chance.choice(PARTNERS),
        sku=chance.choice(ARTICLES),
        month=date(2026, chance.randrange(1, 4), 1),
        opening=Decimal(chance.choice((30, 100))),
        sell_in=Decimal(chance.choice((20, 400))),
        sell_out=Decimal(chance.choice((0, 10, 50))),
        closing=Decimal(chance.choice((5, 100, 445))),
    )


def a_place(chance: Chance) -> CanonicalRecord:
    if chance.random() < 0.3:
        return region("C", parent="CN", kind="province", neighbours=chance.choice(((), ("A",), ("B",))))
    home, parent = chance.choice(REGIONS), chance.choice((None, "p"))
    return partner(chance.choice("qrs"), home_region=home, parent=parent)


def a_customer(chance: Chance) -> CanonicalRecord:
    """A change that the orders of all sources follow."""
    key_account = chance.random() < 0.2
    return customer(
        chance.choice(CUSTOMERS), region=chance.choice(REGIONS), partner=chance.choice((None, "s")), key_account=key_account
    )


def a_product(chance: Chance) -> CanonicalRecord:
    if chance.random() < 0.5:
        return product("P2", product_group=chance.choice("XY"))
    group, pack = chance.choice("XY"), Decimal(chance.choice((6, 12)))
    return product("P1-12", base_sku=chance.choice(("P1", "P2")), units_per_pack=pack, product_group=group)


def a_price(chance: Chance) -> CanonicalRecord:
    if chance.random() < 0.3:
        return promotion("pr", product_group="X", valid_from=date(2026, 3, 1), valid_to=date(2026, 3, chance.randrange(3, 20)))
    kind = chance.choice(("wholesale", "map"))
    amount = Decimal(chance.choice((60, 80, 100)))
    return price(f"{kind}-A", kind=kind, sku="P1", unit_price=amount, region="A")


def a_rate(chance: Chance) -> CanonicalRecord:
    return FxRate(date=date(2026, 3, chance.choice((1, 8, 15))), currency="USD", rate=Decimal(chance.choice((6, 7))))


BRINGS: dict[str, Callable[[Chance], CanonicalRecord]] = {
    "orders": an_order,
    "offers": an_offer,
    "claims": a_claim,
    "grants": a_grant,
    "months": a_month,
    "places": a_place,
    "customers": a_customer,
    "products": a_product,
    "prices": a_price,
    "rates": a_rate,
}
# Taken away, these would take with them what others name.
KEPT = ("places", "customers", "products")


async def write(feed: Source, chance: Chance, batches: int = BATCHES) -> None:
    """Land some checkpoints of new records, corrections and withdrawals."""
    for _ in range(batches):
        records = {key_of(one): one for one in (BRINGS[feed.stream](chance) for _ in range(chance.randrange(1, 7)))}
        await feed.send(*records.values())
        if feed.stream not in KEPT and chance.random() < 0.5:
            await feed.withdraw(key_of(BRINGS[feed.stream](chance)))


@asynccontextmanager
async def opened(address: str, name: str, connections: int, **settings: str) -> AsyncIterator[Store]:
    """Open the database under a name that its list of connections shows."""
    more = "".join(f"&{key}={value}" for key, value in {"application_name": name, **settings}.items())
    async with open_store(address + more, connections=connections) as store:
        yield store


async def feeds(store: Store) -> list[Source]:
    """Land a small channel and return fifty streams that change it: five of the masters, five of each other source."""
    masters = await streams_of(store, "masters", MASTER_STREAMS, masters=True)
    places, customers, products, prices, rates = masters
    await World(store).policy()
    await places.send(
        region("CN", kind="country"),
        *(region(code, parent="CN", kind="province") for code in "ABC"),
        region("A1", parent="A", kind="city"),
        *(partner(code, home_region="A") for code in PARTNERS),
        PartnerAlias(alias="shop q", channel="*", partner="q", status="confirmed"),
    )
    await customers.send(*(customer(code, region="A") for code in CUSTOMERS))
    await products.send(product("P1", product_group="X"), product("P2", product_group="Y"))
    await products.send(product("P1-12", base_sku="P1", units_per_pack=Decimal(12), product_group="X"))
    chance = Chance(SEED)
    await prices.send(*(price(kind, kind=kind, sku="P1", region="CN") for kind in ("wholesale", "map")))
    await rates.send(a_rate(chance))
    others = [await streams_of(store, f"shop-{number}", STREAMS) for number in range(SOURCES)]
    for streams in others[:2]:
        for feed in streams:
            await write(feed, chance, batches=1)
    return [*masters, *(feed for streams in others for feed in streams)]


async def judged_like_everything_anew(store: Store) -> None:
    """Fail unless no change waits and what is known is what one run over everything finds."""
    world = World(store)
    assert await world.rows("SELECT * FROM dirty_record") == []
    found = await world.rows(COMPARED)
    assert len(found) > 20, "Too little was found to compare."
    await compare_trade(store)
    assert unlike(found, await from_scratch(world, NOON)) == []


def unlike(found: list[dict[str, Any]], anew: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    """Tell rule, parts and field where what is known is not what one run over everything finds."""
    known, right = ({row["finding_key"]: row for row in rows} for rows in (found, anew))
    return [
        (one["rule"], one["parts"], name, known.get(key, {}).get(name), right.get(key, {}).get(name))
        for key, one in sorted((known | right).items())
        for name in one
        if known.get(key, {}).get(name) != right.get(key, {}).get(name)
    ]


async def test_fifty_writers_and_two_detectors_lose_nothing(address: str) -> None:
    async with (
        opened(address, "test", 2) as store,
        opened(address, "writer", 50, lock_timeout="20s") as writers,
        opened(address, "detector", 2) as detectors,
    ):
        sources = await feeds(writers)
        assert len(sources) == 50
        done: list[Detected] = []
        held_up: list[str] = []
        writing = True

        async def detecting() -> None:
            while writing:
                done.append(await detect(detectors, at=NOON))

        async def watching() -> None:
            world = World(store)
            while writing:
                held_up.extend(row["query"] for row in await world.rows(HELD_UP))
                await asyncio.sleep(0.01)

        async with asyncio.TaskGroup() as beside:
            for task in (detecting, detecting, watching):
                beside.create_task(task())
            async with asyncio.TaskGroup() as together:
                for number, feed in enumerate(sources):
                    together.create_task(write(feed, Chance(SEED + number)))
            writing = False
        assert held_up == []
        done.append(await detect(detectors, at=NOON))
        assert sum(one.records > 0 for one in done) > 2, "Detection did not run beside the writers."
        # Each finding is raised by one detector, whichever of the two.
        known = await World(store).rows("SELECT count(*) FROM conflict")
        assert sum(one.raised for one in done) == known[0]["count"]
        await judged_like_everything_anew(store)


async def waiting(watch: Connection, what: str) -> int:
    """Return the process id of a detector once it waits for a lock of this type."""
    async with asyncio.timeout(60):
        while (pid := await watch.fetchval(WAITING, what)) is None:
            await asyncio.sleep(0.01)
    return int(pid)


async def test_what_was_found_between_two_changes_does_not_stay(address: str) -> None:
    async with opened(address, "test", 4) as store, opened(address, "detector", 1) as detectors:
        world = await example_world(store)
        await detect(detectors, at=NOON)
        for number in ("O1", "O2"):
            await world.order(number, "GD-B", "CN-GD", [("P1-12", "1", "900")], serials=("S1",))
        async with store.connection() as watch, asyncio.TaskGroup() as beside, store.transaction() as holder:
            # It has laid out the lines of trade when it comes here, and heard no rule.
            await holder.execute("LOCK TABLE trade_month IN ACCESS EXCLUSIVE MODE")
            beside.create_task(detect(detectors, at=NOON))
            await waiting(watch, "relation")
            await world.product("P1-12", base="P2", pack="12")
        assert [row["base_sku"] for row in await world.rows(TWINS)] == ["P2"]
        await world.product("P1-12", base="P1", pack="12")
        await world.order("O2", "GD-B", "CN-GD", [("P1-12", "1", "900")], serials=("S2",), day="2026-03-02")
        await detect(detectors, at=NOON)
        assert await world.rows(TWINS) == []
        assert unlike(await world.rows(COMPARED), await from_scratch(world, NOON)) == []


TWINS = "SELECT base_sku FROM conflict WHERE rule = 'duplicate_sale' AND state = 'open'"


async def test_nobody_waits_for_a_detector_but_the_other_one(address: str) -> None:
    chance = Chance(SEED)
    async with (
        opened(address, "test", 3) as store,
        opened(address, "writer", 2, lock_timeout="5s") as writers,
        opened(address, "detector", 2) as detectors,
    ):
        sources = await feeds(writers)
        done = [await detect(detectors, at=NOON)]
        for feed in sources[:20]:
            await write(feed, chance, batches=1)
        async with asyncio.TaskGroup() as beside, store.connection() as watch, store.transaction() as holder:
            # Detection comes to the cases last, when it holds all that it will ever hold but the counter of events.
            await holder.execute("LOCK TABLE conflict_case IN ACCESS EXCLUSIVE MODE")
            tasks = [beside.create_task(detect(detectors, at=NOON)) for _ in range(2)]
            await waiting(watch, "relation")
            await waiting(watch, "advisory")
            assert {row["relname"] for row in await watch.fetch(HOLDING)} <= OF_DETECTION
            for feed in sources:
                await write(feed, chance, batches=1)
            assert not any(task.done() for task in tasks)
        done += [*(task.result() for task in tasks), await detect(detectors, at=NOON)]
        known = await World(store).rows("SELECT count(*) FROM conflict")
        assert sum(one.raised for one in done) == known[0]["count"]
        await judged_like_everything_anew(store)


async def test_the_marks_of_a_detector_that_dies_wait_for_the_next(address: str) -> None:
    chance = Chance(SEED)
    async with (
        opened(address, "test", 3) as store,
        opened(address, "writer", 2) as writers,
        opened(address, "detector", 1) as detectors,
    ):
        sources = await feeds(writers)
        await detect(detectors, at=NOON)
        for feed in sources[:20]:
            await write(feed, chance, batches=1)
        async with store.connection() as watch:
            marks = await watch.fetch(MARKS)
            found = await watch.fetch(COMPARED)
            # It dies on its way to each of these: before a rule is heard, in the middle of the rules, and at the very end.
            for table in ("trade_line", "conflict", "event"):
                async with store.transaction() as holder:
                    await holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
                    dying = asyncio.create_task(detect(detectors, at=NOON))
                    await watch.execute("SELECT pg_terminate_backend($1)", await waiting(watch, "relation"))
                    with pytest.raises(LOST):
                        await dying
                assert await watch.fetch(MARKS) == marks
                assert await watch.fetch(COMPARED) == found
        await write(sources[5], chance, batches=1)
        assert (await detect(detectors, at=NOON)).records > len(marks)
        await judged_like_everything_anew(store)
