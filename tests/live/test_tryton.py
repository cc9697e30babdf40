"""Against a Tryton that is running now: whatever its own interface counts and sums, the connector reads and the hub holds.

CHANNELHUB_LIVE_TRYTON is the RPC address of a Tryton that may be changed, with sales in it. Some of its sales are copied,
confirmed, cancelled and deleted, and a party is made and deleted.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec import structs

from connectors import Context, Record, SyncMode, Window
from connectors.http import open_http
from connectors.registry import connector
from connectors.tryton.client import TrytonConnector
from connectors.tryton.config import TrytonConfig
from connectors.tryton.rpc import Rpc
from hub.clock import now
from hub.records import CanonicalRecord, InventoryLevel, Order
from hub.settings import SourceSettings
from hub.store.database import Store
from tests.mirror import Figures, Mirror, mirror

ADDRESS = os.environ.get("CHANNELHUB_LIVE_TRYTON", "")
MANIFEST = connector("tryton").manifest
assert MANIFEST is not None
TRYTON = TrytonConnector()
USER = os.environ.get("CHANNELHUB_LIVE_TRYTON_USER", "admin")
PASSWORD = os.environ.get("CHANNELHUB_LIVE_TRYTON_PASSWORD", "adminpw-tryton")
SOLD = ["state", "in", ["confirmed", "processing", "done"]]

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not ADDRESS, reason="CHANNELHUB_LIVE_TRYTON does not hold the RPC address of a Tryton."),
]


@pytest.fixture
async def ctx() -> AsyncIterator[Context[TrytonConfig]]:
    url, database, _ = ADDRESS.rstrip("/").rsplit("/", 2)
    settings = TrytonConfig(
        url=url,
        database=database,
        username=USER,
        password=PASSWORD,
        partner="D-EAST",
    )
    async with open_http("tryton", None, secrets=[settings.password]) as http:
        yield Context("tryton", settings, http, now, lambda *_, **__: None)


@pytest.fixture
async def rpc(ctx: Context[TrytonConfig]) -> Rpc:
    """The system's own word, and the hand that changes it."""
    return Rpc(ctx.http, ctx.config)


@pytest.fixture
async def hub(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    monkeypatch.setenv("LIVE_PASSWORD", PASSWORD)
    url, database, _ = ADDRESS.rstrip("/").rsplit("/", 2)
    settings = {"url": url, "database": database, "username": USER, "password": "env:LIVE_PASSWORD", "partner": "SHOP"}
    return await mirror(store, tmp_path, SourceSettings(name="erp", connector="tryton", settings=settings))


async def read(
    ctx: Context[TrytonConfig], name: str, lower: datetime | None = None, mode: SyncMode = SyncMode.INCREMENTAL
) -> tuple[set[int], list[CanonicalRecord]]:
    """Return the ids that were read and what became of them."""
    assert MANIFEST is not None
    stream = MANIFEST.stream(name)
    window = Window(lower=lower, upper=datetime.now(UTC), mode=mode)
    found = [message async for message in TRYTON.read(ctx, stream, {}, window) if isinstance(message, Record)]
    made = [record for message in found for record in TRYTON.normalise(ctx.config, stream, message.raw)]
    return {int(message.key[-1]) for message in found if message.key[-1].isdigit()}, made


async def untaxed(rpc: Rpc) -> Decimal:
    """What Tryton itself says was sold."""
    rows = await rpc.call("sale.sale", "search_read", [SOLD], 0, None, None, ["untaxed_amount"])
    return sum((Decimal(row["untaxed_amount"]["decimal"]) for row in rows), Decimal(0))


async def held(rpc: Rpc) -> Decimal:
    """What Tryton itself says is in all its warehouses."""
    warehouses = await rpc.call("stock.location", "search", [["type", "=", "warehouse"]], 0, None, None)
    rows = await rpc.call(
        "product.product", "search_read", [["type", "!=", "service"]], 0, None, None, ["quantity"],
        locations=warehouses, with_childs=True,
    )  # fmt: skip
    return sum((Decimal(repr(row["quantity"])) for row in rows), Decimal(0))


async def figures(rpc: Rpc) -> Figures:
    """What Tryton itself counts and sums."""
    made = [["number", "!=", None], ["state", "not in", ["draft", "quotation"]]]
    return Figures(
        products=await rpc.count("product.product", []),
        customers=await rpc.count("party.party", []),
        orders=await rpc.count("sale.sale", made),
        amount=await untaxed(rpc),
        on_hand=await held(rpc),
        reserved=Decimal(0),
    )


def amount(records: list[CanonicalRecord]) -> Decimal:
    return sum(
        (
            line.amount if record.kind == "sell_out" else -line.amount
            for record in records
            if isinstance(record, Order)
            for line in record.lines
            if line.status != "cancelled"
        ),
        Decimal(0),
    )


async def test_a_full_read_has_what_tryton_counts(ctx: Context[TrytonConfig], rpc: Rpc) -> None:
    assert (await TRYTON.check(ctx)).missing == ()
    for name, model in (("products", "product.product"), ("customers", "party.party"), ("orders", "sale.sale")):
        keys, _ = await read(ctx, name)
        assert len(keys) == await rpc.count(model, [])
    _, orders = await read(ctx, "orders")
    assert amount(orders) == await untaxed(rpc)
    assert amount(orders) > 0


async def test_stock_is_what_tryton_holds(ctx: Context[TrytonConfig], rpc: Rpc) -> None:
    _, records = await read(ctx, "inventory")
    levels = [record.on_hand for record in records if isinstance(record, InventoryLevel)]
    assert sum(levels) == await held(rpc)


async def test_what_changed_is_read_and_nothing_else(ctx: Context[TrytonConfig], rpc: Rpc) -> None:
    models = await rpc.call("sale.sale", "search", [SOLD], 0, 3, [["id", "ASC"]])
    start = datetime.now(UTC)
    sold, given_up, deleted = await rpc.call("sale.sale", "copy", models)
    await rpc.call("sale.sale", "quote", [sold, given_up])
    await rpc.call("sale.sale", "confirm", [sold])
    await rpc.call("sale.sale", "cancel", [given_up, deleted])
    await rpc.call("sale.sale", "delete", [deleted])

    keys, orders = await read(ctx, "orders", start)
    assert keys == {sold, given_up}
    assert {order.source_status for order in orders if isinstance(order, Order)} == {"processing", "cancelled"}
    everything, orders = await read(ctx, "orders", mode=SyncMode.RECONCILE)
    assert deleted not in everything
    assert len(everything) == await rpc.count("sale.sale", [])
    assert amount(orders) == await untaxed(rpc)


async def test_a_line_that_changes_alone_brings_its_sale(ctx: Context[TrytonConfig], rpc: Rpc) -> None:
    (draft, *_) = await rpc.call("sale.sale", "search", [["state", "=", "draft"]], 0, 1, None)
    (line, *_) = await rpc.call("sale.line", "search", [["sale", "=", draft]], 0, 1, None)
    start = datetime.now(UTC)
    await rpc.call("sale.line", "write", [line], {"quantity": 2})
    assert (await read(ctx, "orders", start))[0] == {draft}


async def test_the_hub_equals_tryton_before_and_after_a_change(rpc: Rpc, hub: Mirror) -> None:
    (passing,) = await rpc.call("party.party", "create", [{"name": "Passing by"}])
    await settled(hub, rpc)
    first = await hub.figures()

    models = await rpc.call("sale.sale", "search", [SOLD], 0, 2, [["id", "ASC"]])
    pair = await rpc.call("sale.sale", "copy", models)  # one call, one stamp to the microsecond
    await rpc.call("sale.sale", "quote", pair)
    await rpc.call("sale.sale", "confirm", pair)
    await rpc.call("party.party", "delete", [passing])
    rows = await rpc.call("sale.sale", "search_read", [["id", "in", pair]], 0, None, None, ["number", "create_date"])
    assert rows[0]["create_date"] == rows[1]["create_date"]
    await settled(hub, rpc, unseen=1)
    assert await hub.orders(*(row["number"] for row in rows)) == {row["number"]: "open" for row in rows}

    for gone in (False, True):  # one scan without it may be an accident
        await hub.sync(SyncMode.RECONCILE)
        assert await hub.gone("customer", str(passing)) is gone
    second = await figures(rpc)
    assert await hub.figures() == second
    assert (second.orders, second.customers) == (first.orders + 2, first.customers - 1)
    print(first, second, sep="\n")


async def settled(hub: Mirror, rpc: Rpc, *, unseen: int = 0) -> None:
    """Sync until the hub equals Tryton, whose last ten seconds are left to the next run. `unseen` parties are deleted."""
    for _ in range(30):
        await hub.sync()
        wanted = await figures(rpc)
        if await hub.figures() == structs.replace(wanted, customers=wanted.customers + unseen):
            return
        await asyncio.sleep(1)
    raise AssertionError(f"The hub holds {await hub.figures()}, Tryton {wanted}.")
