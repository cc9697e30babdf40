"""A web shop in a sandbox: the vendure connector's own model of its source, filled with the world's trade."""

import json
from datetime import UTC, datetime
from pathlib import Path

from connectors.vendure.model import Row, VendureModel, instant
from hub.records import Customer, Order, OrderLine, Product
from jobs.demo.atlas import DEALER, SHOP_SELLER
from jobs.demo.world import World

USER, PASSWORD = "channelhub", "sandbox"  # open nothing but this sandbox
# What buyers of this shop write as their province, and our names for these places.
PROVINCES = {"WA": "US-WA", "OR": "US-OR", "CA": "US-CA", "Los Angeles": "US-CA-LA", "CO": "US-CO"}
WRITTEN = {region: province for province, region in PROVINCES.items()}
REGIONS = {f"US-{province}": region for province, region in PROVINCES.items()}
PLACE = {"id": "1", "name": f"Stock of {DEALER[SHOP_SELLER].name}"}


class Shop:
    """The shop. What is sold later is added by `sell`."""

    def __init__(self, world: World) -> None:
        orders = world.orders_of("shop")
        opened = datetime(world.months[0].year - 1, 1, 1, tzinfo=UTC)
        self.model = VendureModel(opened, username=USER, password=PASSWORD)
        sold = {line.sku for order in orders for line in order.lines}
        buyers = {order.customer for order in orders}
        for product in world.products:
            if product.sku in sold:
                self.stock(product)
        self.customers = {buyer.code: self.customer(buyer) for buyer in world.customers if buyer.code in buyers}
        for order in orders:
            assert order.placed_at is not None
            self.sell(order, order.placed_at)

    def stock(self, product: Product) -> None:
        """Add an article; how many pieces a pack holds, the shop does not know."""
        level = {"id": product.sku, "stockOnHand": 60, "stockAllocated": 0, "stockLocation": PLACE}
        self.model.create(
            "productVariants",
            sku=product.sku,
            name=product.name,
            enabled=True,
            stockLevels=[{**level, "updatedAt": instant(self.model.now)}],
        )

    def customer(self, buyer: Customer) -> str:
        """Add a buyer."""
        return self.model.create(
            "customers",
            firstName=buyer.name,
            lastName="",
            emailAddress=f"{buyer.code.lower()}@example.com",
            phoneNumber=None,
            groups=[],
            addresses=[{"province": WRITTEN[buyer.region or ""], "country": {"code": "US"}}],
        )

    def sell(self, order: Order, at: datetime) -> None:
        """Enter an order that was paid and delivered."""
        self.model.now = at
        self.model.create(
            "orders",
            code=order.number,
            state="Delivered",
            active=False,
            orderPlacedAt=instant(at),
            currencyCode=order.currency,
            customer={"id": self.customers[order.customer or ""]},
            shippingAddress={"countryCode": "US", "province": WRITTEN[order.ship_to_region or ""]},
            lines=[line_row(line) for line in order.lines],
        )


def line_row(line: OrderLine) -> Row:
    """Return a line as the shop keeps it; money is in cents."""
    return {
        "id": str(line.number),
        "quantity": int(line.qty),
        "orderPlacedQuantity": int(line.qty),
        "taxRate": 0,
        "proratedLinePrice": int(line.amount * 100),
        "productVariant": {"sku": line.sku},
    }


def source(address: str, password: Path) -> str:
    """Return the `[[source]]` that reads the shop, less its schedule; writes the password where it points to."""
    password.write_text(PASSWORD, encoding="utf-8")
    regions = ", ".join(f'"{written}" = "{region}"' for written, region in REGIONS.items())
    return f"""\
name = "shop"
title = "Web shop of {DEALER[SHOP_SELLER].name}"
connector = "vendure"
settings.url = "{address}"
settings.username = "{USER}"
settings.password = {json.dumps(f"file:{password}")}
settings.partner = "{SHOP_SELLER}"
settings.regions = {{ {regions} }}"""
