"""The sandbox shop and ERP, read by the connectors that read real ones."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors import Context, Record, SyncMode, Window
from connectors.http import open_http
from connectors.registry import connector
from hub.records import Order
from hub.settings import SourceSettings, secret
from jobs.demo import erp, shop
from jobs.demo.atlas import DEALER, ERP_SELLER, SHOP_SELLER
from jobs.demo.plants import make_trade
from jobs.sources import resolved

TODAY = date(2026, 5, 20)
NOW = datetime(2026, 5, 20, 8, tzinfo=UTC)
SYSTEMS: Mapping[str, tuple[Any, Any, str]] = {
    "shop": (shop.Shop, shop.source, SHOP_SELLER),
    "erp": (erp.Erp, erp.source, ERP_SELLER),
}


async def sales(name: str, system: Any, password: Path, since: datetime | None = None) -> list[Order]:
    """Return the orders that the connector of a system makes of it."""
    async with system.model.served() as url, open_http(name, None, secrets=[]) as http:
        table = msgspec.toml.decode(SYSTEMS[name][1](url, password), type=dict)
        settings = SourceSettings.model_validate(table)
        manifest, made = connector(settings.connector).manifest, connector(settings.connector).load()
        assert manifest is not None
        config = msgspec.convert(resolved(manifest, settings, secret)[0], made.config)
        ctx = Context(name, config, http, lambda: NOW, lambda *_, **__: None)
        stream = manifest.stream("orders")
        window = Window(lower=since, upper=NOW + timedelta(hours=1), mode=SyncMode.INCREMENTAL)
        raws = [message.raw async for message in made.read(ctx, stream, {}, window) if isinstance(message, Record)]
        return [one for raw in dict.fromkeys(raws) for one in made.normalise(config, stream, raw) if isinstance(one, Order)]


def what_matters(order: Order) -> object:
    lines = [(line.number, line.sku, line.qty, line.amount) for line in order.lines]
    return order.number, order.seller, order.ordered_on, order.ship_to_region, order.currency, lines


@pytest.mark.parametrize("name", SYSTEMS)
async def test_a_system_holds_the_orders_of_the_world(name: str, tmp_path: Path) -> None:
    world = make_trade(1, TODAY, 0.1).world
    found = await sales(name, SYSTEMS[name][0](world), tmp_path / "password")
    assert [what_matters(order) for order in found] == [what_matters(order) for order in world.orders_of(name)]


@pytest.mark.parametrize("name", SYSTEMS)
async def test_what_is_sold_later_comes_by_itself(name: str, tmp_path: Path) -> None:
    make, _, seller = SYSTEMS[name]
    trade = make_trade(1, TODAY, 0.1)
    system = make(trade.world)
    made = trade.go_on(seller, TODAY, stray=True)
    for order in made:
        system.sell(order, NOW)
    assert [what_matters(order) for order in await sales(name, system, tmp_path / "password", NOW)] == [
        what_matters(order) for order in made
    ]
    assert any(order.ship_to_region not in DEALER[seller].turf for order in made)


def test_the_orders_of_the_world_can_be_told_apart() -> None:
    orders = make_trade(1, TODAY, 0.1).world.orders
    assert len({order.number for order in orders}) == len(orders)
    assert msgspec.json.encode(orders) == msgspec.json.encode(make_trade(1, TODAY, 0.1).world.orders)
