"""All live records of a store as plain objects, with references followed; a reference to a deleted record still resolves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hub.store.database import Store

Row = Mapping[str, Any]


@dataclass(eq=False, repr=False)
class Region:
    code: str
    kind: str
    parent: "Region | None" = None
    touching: set["Region"] = field(default_factory=set)


@dataclass(eq=False, repr=False)
class Partner:
    code: str
    type: str
    model: str
    home: Region | None
    parent: "Partner | None" = None


@dataclass(eq=False, repr=False)
class Customer:
    code: str
    name: str
    segment: str | None
    key_account: bool
    tax_id: str | None
    domain: str | None
    live: bool
    parent: "Customer | None" = None


@dataclass(eq=False, repr=False)
class Product:
    code: str
    group: str
    pack: Fraction
    launched_on: date | None
    live: bool
    own_base: "Product | None" = None

    @property
    def base(self) -> "Product":
        return self.own_base or self


@dataclass(eq=False, repr=False)
class Location:
    code: str
    kind: str
    partner: Partner | None
    region: Region | None


@dataclass(frozen=True, eq=False)
class Grant:
    source: str
    key: str
    partner: Partner
    region: Region
    group: str
    segment: str
    exclusivity: str
    valid_from: date
    valid_to: date | None
    contract_ref: str | None

    @property
    def alone(self) -> bool:
        return self.exclusivity in ("exclusive", "sole")


@dataclass(frozen=True, eq=False)
class Price:
    key: str
    kind: str
    base: Product
    region: Region | None
    channel: str | None
    min_units: Fraction
    amount: Fraction
    currency: str
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, eq=False)
class Promotion:
    key: str
    base: Product | None
    group: str | None
    region: Region | None
    channel: str | None
    partner: Partner | None
    floor: Fraction | None
    currency: str | None
    valid_from: date
    valid_to: date


@dataclass(frozen=True, eq=False)
class Rate:
    day: date
    currency: str
    rate: Fraction


@dataclass(frozen=True, eq=False)
class Alias:
    key: str
    channel: str
    partner: Partner | None
    status: str


@dataclass(frozen=True, eq=False)
class Deal:
    source: str
    key: str
    partner: Partner
    customer: Customer | None
    tax_id: str | None
    domain: str | None
    name: str | None
    group: str
    registered_at: datetime
    expires_on: date | None
    status: str
    amount: Fraction | None
    currency: str | None
    linked: str | None
    renewal: bool


@dataclass(frozen=True, eq=False)
class OrderLine:
    source: str
    order: str
    number: int
    kind: str
    day: date
    seller: Partner | None
    buyer: Partner | None
    customer: Customer | None
    channel: str
    invoice_ref: str | None
    initiated: str
    drop_ship_for: Partner | None
    deal_ref: str | None
    to: Region | None
    to_location: Location | None
    product: Product
    qty: Fraction
    amount: Fraction
    currency: str
    tax_included: bool
    tax_rate: Fraction
    return_of: tuple[str, int] | None
    serials: frozenset[str]


@dataclass(frozen=True, eq=False)
class Offer:
    source: str
    listing: str
    seen: datetime
    seller: str
    seller_key: str
    channel: str
    product: Product
    partner: Partner | None
    region: Region | None
    price: Fraction
    min_qty: Fraction
    currency: str
    tax_included: bool
    tax_rate: Fraction
    price_kind: str
    condition: str
    url: str | None
    evidence_hash: str | None


@dataclass(frozen=True, eq=False)
class Level:
    location: Location
    product: Product
    as_of: datetime
    on_hand: Fraction


@dataclass(frozen=True, eq=False)
class Month:
    """What a partner says of one article in one month, in packs."""

    partner: Partner
    product: Product
    first: date
    quantities: Mapping[str, Fraction]


@dataclass(frozen=True, eq=False)
class Claim:
    source: str
    key: str
    partner: Partner
    program: str
    kind: str
    product: Product | None
    qty: Fraction | None
    amount: Fraction
    currency: str
    day: date
    customer: Customer | None
    invoice_ref: str | None
    serial: str | None
    status: str
    replaces: str | None


@dataclass(frozen=True, eq=False)
class Reservation:
    location: Location
    product: Product
    qty: Fraction
    status: str
    expires_at: datetime | None
    order_ref: str | None


@dataclass(frozen=True, eq=False)
class SerialEvent:
    key: str
    serial: str
    product: Product
    event: str
    partner: Partner | None
    region: Region | None
    happened_at: datetime
    accuracy_km: Fraction | None
    lot: str | None


@dataclass(frozen=True, eq=False)
class Version:
    """A published policy version as it was given."""

    number: int
    effective_from: date
    base_currency: str
    timezone: str
    body: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class World:
    customers: list[Customer]
    products: list[Product]
    grants: list[Grant]
    prices: list[Price]
    promotions: list[Promotion]
    rates: list[Rate]
    aliases: list[Alias]
    deals: list[Deal]
    lines: list[OrderLine]
    offers: list[Offer]
    levels: list[Level]
    months: list[Month]
    claims: list[Claim]
    reservations: list[Reservation]
    serial_events: list[SerialEvent]
    versions: list[Version]
    regions: Mapping[str, Region]


QUANTITIES = (
    "opening", "closing", "sell_in", "sell_out", "returns", "returns_out", "transfers_in", "transfers_out", "adjustments",
)  # fmt: skip
GOLDEN = ("region", "partner", "customer", "product", "location")
LIVE_LINES = """
    SELECT o.*, l.number, l.product_id, l.qty, l.amount, l.tax_included, l.tax_rate, l.return_of_order, l.return_of_line,
           l.serials
      FROM order_line AS l JOIN sales_order AS o ON o.id = l.order_id
     WHERE l.deleted_at IS NULL AND o.deleted_at IS NULL AND l.status <> 'cancelled'
"""


async def load(store: Store) -> World:
    """Read a store."""
    async with store.connection() as connection:

        async def rows(table: str, condition: str = "deleted_at IS NULL") -> list[Row]:
            return [dict(row) for row in await connection.fetch(f"SELECT * FROM {table} WHERE {condition}")]

        tables = {
            table: await rows(table)
            for table in (
                "territory_grant", "price_policy", "promotion", "fx_rate", "partner_alias", "deal_registration", "offer",
                "inventory_level", "inventory_month", "claim", "reservation", "serial_event",
            )
        } | {table: await rows(table, "true") for table in GOLDEN}  # fmt: skip
        tables["policy_version"] = await rows("policy_version", "deleted_at IS NULL AND state = 'published'")
        tables["source"] = await rows("source", "true")
        tables["line"] = [dict(row) for row in await connection.fetch(LIVE_LINES)]
    return Reading(tables).world()


class Reading:
    """Rows by table on their way to objects."""

    def __init__(self, tables: Mapping[str, list[Row]]) -> None:
        self.tables = tables
        self.sources = {row["id"]: row["name"] for row in tables["source"]}
        self.regions = {row["id"]: Region(row["code"], row["kind"]) for row in tables["region"]}
        by_code = {region.code: region for region in self.regions.values()}
        for row in tables["region"]:
            region = self.regions[row["id"]]
            region.parent = self.regions.get(row["parent_id"])
            for other in (by_code[code] for code in row["neighbour_codes"] if code in by_code):
                region.touching.add(other)
                other.touching.add(region)
        self.partners = {
            row["id"]: Partner(row["code"], row["type"], row["model"], self.regions.get(row["home_region_id"]))
            for row in tables["partner"]
        }
        self.customers = {
            row["id"]: Customer(
                row["code"], row["name"], row["segment"], row["key_account"], row["tax_id"], row["domain"],
                row["deleted_at"] is None,
            )
            for row in tables["customer"]
        }  # fmt: skip
        self.products = {
            row["id"]: Product(
                row["code"],
                row["product_group"],
                Fraction(row["units_per_pack"]),
                row["launched_on"],
                row["deleted_at"] is None,
            )
            for row in tables["product"]
        }
        for row in tables["partner"]:
            self.partners[row["id"]].parent = self.partners.get(row["parent_id"])
        for row in tables["customer"]:
            self.customers[row["id"]].parent = self.customers.get(row["parent_id"])
        for row in tables["product"]:
            self.products[row["id"]].own_base = self.products[row["base_id"]]
        self.locations = {
            row["id"]: Location(
                row["code"], row["kind"], self.partners.get(row["partner_id"]), self.regions.get(row["region_id"])
            )
            for row in tables["location"]
        }

    def world(self) -> World:
        of = self.tables
        return World(
            customers=list(self.customers.values()),
            products=list(self.products.values()),
            grants=[self.grant(row) for row in of["territory_grant"]],
            prices=[self.price(row) for row in of["price_policy"]],
            promotions=[self.promotion(row) for row in of["promotion"]],
            rates=[Rate(row["day"], row["currency"], Fraction(row["rate"])) for row in of["fx_rate"]],
            aliases=[
                Alias(row["alias_key"], row["channel"], self.partners.get(row["partner_id"]), row["status"])
                for row in of["partner_alias"]
            ],
            deals=[self.deal(row) for row in of["deal_registration"]],
            lines=[self.line(row) for row in of["line"]],
            offers=[self.offer(row) for row in of["offer"]],
            levels=[
                Level(
                    self.locations[row["location_id"]], self.products[row["product_id"]], row["as_of"], Fraction(row["on_hand"])
                )
                for row in of["inventory_level"]
            ],
            months=[
                Month(
                    self.partners[row["partner_id"]], self.products[row["product_id"]], row["month"],
                    {name: Fraction(row[name]) for name in QUANTITIES},
                )
                for row in of["inventory_month"]
            ],
            claims=[self.claim(row) for row in of["claim"]],
            reservations=[
                Reservation(
                    self.locations[row["location_id"]], self.products[row["product_id"]], Fraction(row["qty"]), row["status"],
                    row["expires_at"], row["order_ref"],
                )
                for row in of["reservation"]
            ],
            serial_events=[self.serial_event(row) for row in of["serial_event"]],
            versions=[
                Version(row["version"], row["effective_from"], row["base_currency"], row["timezone"], row["body"])
                for row in of["policy_version"]
            ],
            regions={region.code: region for region in self.regions.values()},
        )  # fmt: skip

    def source(self, row: Row) -> str:
        return str(self.sources[row["source_id"]])

    def grant(self, row: Row) -> Grant:
        return Grant(
            self.source(row), row["key"], self.partners[row["partner_id"]], self.regions[row["region_id"]],
            row["product_group"], row["segment"], row["exclusivity"], row["valid_from"], row["valid_to"],
            row["contract_ref"],
        )  # fmt: skip

    def price(self, row: Row) -> Price:
        return Price(
            row["key"], row["kind"], self.products[row["product_id"]], self.regions.get(row["region_id"]), row["channel"],
            Fraction(row["min_units"]), Fraction(row["unit_price"]), row["currency"], row["valid_from"], row["valid_to"],
        )  # fmt: skip

    def promotion(self, row: Row) -> Promotion:
        return Promotion(
            row["key"], self.products.get(row["product_id"]), row["product_group"], self.regions.get(row["region_id"]),
            row["channel"], self.partners.get(row["partner_id"]), number(row["floor_price"]), row["currency"],
            row["valid_from"], row["valid_to"],
        )  # fmt: skip

    def deal(self, row: Row) -> Deal:
        return Deal(
            self.source(row), row["key"], self.partners[row["partner_id"]], self.customers.get(row["customer_id"]),
            row["account_tax_id"], row["account_domain"], row["account_name"], row["product_group"], row["registered_at"],
            row["expires_on"], row["status"], number(row["amount"]), row["currency"], row["linked_deal"], row["renewal"],
        )  # fmt: skip

    def line(self, row: Row) -> OrderLine:
        of = row["return_of_order"]
        return OrderLine(
            self.source(row), row["key"], row["number"], row["kind"], row["ordered_on"], self.partners.get(row["partner_id"]),
            self.partners.get(row["buyer_partner_id"]), self.customers.get(row["customer_id"]), row["channel"],
            row["invoice_ref"], row["initiated"], self.partners.get(row["drop_ship_for_id"]), row["deal_ref"],
            self.regions.get(row["ship_to_region_id"]), self.locations.get(row["ship_to_location_id"]),
            self.products[row["product_id"]], Fraction(row["qty"]), Fraction(row["amount"]), row["currency"],
            row["tax_included"], Fraction(row["tax_rate"]), None if of is None else (of, row["return_of_line"]),
            frozenset(row["serials"]),
        )  # fmt: skip

    def offer(self, row: Row) -> Offer:
        return Offer(
            self.source(row), row["listing_id"], row["observed_at"], row["seller"], row["seller_key"], row["channel"],
            self.products[row["product_id"]], self.partners.get(row["partner_id"]), self.regions.get(row["region_id"]),
            Fraction(row["price"]), Fraction(row["min_qty"]), row["currency"], row["tax_included"], Fraction(row["tax_rate"]),
            row["price_kind"], row["condition"], row["url"], row["evidence_hash"],
        )  # fmt: skip

    def claim(self, row: Row) -> Claim:
        return Claim(
            self.source(row), row["key"], self.partners[row["partner_id"]], row["program"], row["kind"],
            self.products.get(row["product_id"]), number(row["qty"]), Fraction(row["amount"]), row["currency"],
            row["claim_date"], self.customers.get(row["customer_id"]), row["invoice_ref"], row["serial"], row["status"],
            row["replaces"],
        )  # fmt: skip

    def serial_event(self, row: Row) -> SerialEvent:
        return SerialEvent(
            row["key"], row["serial"], self.products[row["product_id"]], row["event"], self.partners.get(row["partner_id"]),
            self.regions.get(row["region_id"]), row["happened_at"], number(row["accuracy_km"]), row["lot"],
        )  # fmt: skip


def number(value: Decimal | None) -> Fraction | None:
    return None if value is None else Fraction(value)
