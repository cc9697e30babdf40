"""A distributor's ERP in a sandbox: the tryton connector's own model of its source, filled with the world's trade."""

import json
from datetime import UTC, datetime
from pathlib import Path

from connectors.tryton.model import TrytonModel
from hub.records import Customer, Order, Product
from jobs.demo.atlas import DEALER, ERP_SELLER
from jobs.demo.world import World

DATABASE, USER, PASSWORD = "hengtong", "channelhub", "sandbox"  # open nothing but this sandbox
# The codes of ISO 3166-2 and, for cities, GB/T 2260 that the addresses carry, and our names for these places.
SUBDIVISIONS = {
    "CN-31": "CN-SH",
    "CN-3301": "CN-ZJ-HZ",
    "CN-35": "CN-FJ",
    "CN-43": "CN-HN",
    "CN-44": "CN-GD",
    "CN-4401": "CN-GD-GZ",
    "CN-4403": "CN-GD-SZ",
}
# Relations that the connector asks about and this ERP has nothing in.
UNUSED = ("product.identifier", "party.identifier", "party.contact_mechanism")


class Erp:
    """The ERP. What is sold later is added by `sell`."""

    def __init__(self, world: World) -> None:
        orders = world.orders_of("erp")
        opened = datetime(world.months[0].year - 1, 1, 1, tzinfo=UTC)
        self.model = TrytonModel(opened, database=DATABASE, username=USER, password=PASSWORD)
        self.model.tables.update((table, {}) for table in UNUSED)
        self.unit = self.model.create("product.uom", factor=1.0)
        self.template = self.model.create("product.template", name="Hubco")
        self.country = self.model.create("country.country", code="CN")
        self.currency = self.model.create("currency.currency", code="CNY")
        self.addresses = {region: self.address(code) for code, region in SUBDIVISIONS.items()}
        self.warehouse = self.model.create(
            "stock.location",
            type="warehouse",
            code=f"WH-{ERP_SELLER}",
            name=DEALER[ERP_SELLER].name,
            address=self.addresses[DEALER[ERP_SELLER].home],
        )
        sold = {line.sku for order in orders for line in order.lines}
        buyers = {order.customer for order in orders}
        self.products = {product.sku: self.product(product) for product in world.products if product.sku in sold}
        self.parties = {buyer.code: self.party(buyer) for buyer in world.customers if buyer.code in buyers}
        for order in orders:
            assert order.placed_at is not None
            self.sell(order, order.placed_at)

    def address(self, code: str) -> int:
        """Add an address in a subdivision."""
        subdivision = self.model.create("country.subdivision", code=code)
        return self.model.create("party.address", country=self.country, subdivision=subdivision)

    def product(self, product: Product) -> int:
        """Add a product with some stock; how many pieces a pack holds, this ERP does not know."""
        number = self.model.create(
            "product.product",
            code=product.sku,
            name=product.name,
            type="goods",
            template=self.template,
            identifiers=[],
            default_uom=self.unit,
        )
        self.model.stock[self.warehouse, number] = 40.0
        return number

    def party(self, buyer: Customer) -> int:
        """Add a party."""
        return self.model.create(
            "party.party",
            name=buyer.name,
            email="",
            phone="",
            website="",
            tax_identifier=None,
            addresses=[self.addresses[buyer.region or ""]],
            contact_mechanisms=[],
            identifiers=[],
        )

    def sell(self, order: Order, at: datetime) -> None:
        """Enter a sale that was delivered; its lines get the numbers that the world expects, as long as none is left out."""
        self.model.now = at
        lines = [
            self.model.create(
                "sale.line", quantity=float(line.qty), amount=line.amount, product=self.products[line.sku], unit=self.unit
            )
            for line in order.lines
        ]
        assert lines == [line.number for line in order.lines]
        self.model.create(
            "sale.sale",
            number=order.number,
            state="done",
            shipment_state="sent",
            party=self.parties[order.customer or ""],
            sale_date=order.ordered_on,
            currency=self.currency,
            warehouse=self.warehouse,
            shipment_address=self.addresses[order.ship_to_region or ""],
            lines=lines,
        )


def source(address: str, password: Path) -> str:
    """Return the `[[source]]` that reads the ERP, less its schedule; writes the password where it points to."""
    password.write_text(PASSWORD, encoding="utf-8")
    regions = ", ".join(f'"{code}" = "{region}"' for code, region in SUBDIVISIONS.items())
    return f"""\
name = "erp"
title = "ERP of {DEALER[ERP_SELLER].name}"
connector = "tryton"
settings.url = "{address}"
settings.database = "{DATABASE}"
settings.username = "{USER}"
settings.password = {json.dumps(f"file:{password}")}
settings.partner = "{ERP_SELLER}"
settings.regions = {{ {regions} }}"""
