"""The nouns of the sheet format, in the order they are loaded: their columns, and what must hold between columns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.sheet.cells import (
    BOOL,
    CODE,
    CURRENCY,
    DAY,
    MOMENT,
    MONTH_KIND,
    NOT_NEGATIVE,
    NUMBER,
    POSITIVE,
    RATE,
    REF,
    TEXT,
    Kind,
    decimal,
    enum,
    integer,
    several,
)
from hub.records import (
    CanonicalRecord,
    Claim,
    Customer,
    DealRegistration,
    FxRate,
    InventoryLevel,
    InventoryMonth,
    Location,
    Offer,
    Order,
    OrderLine,
    Partner,
    PartnerAlias,
    PricePolicy,
    Product,
    Promotion,
    Region,
    Reservation,
    SerialEvent,
    TerritoryGrant,
)

Values = dict[str, Any]
POLICY = "policy"


@dataclass(frozen=True)
class Column:
    """One column; `default` is what an empty cell means."""

    name: str
    kind: Kind
    required: bool = False
    default: object = None


@dataclass(frozen=True)
class Condition:
    """What must hold between columns. `column` is the one at fault when it does not, `reads` are the others it looks at."""

    column: str
    reads: tuple[str, ...]
    code: str
    message: str
    holds: Callable[[Values], bool]


@dataclass(frozen=True)
class Noun:
    """One kind of row. `key` names the columns of its identity, `parent` the column that builds a tree."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    make: Callable[[Values], CanonicalRecord]
    conditions: tuple[Condition, ...] = ()
    parent: str | None = None


def need(name: str, kind: Kind) -> Column:
    """Describe a required column."""
    return Column(name, kind, required=True)


def may(name: str, kind: Kind, default: object = None) -> Column:
    """Describe an optional column."""
    return Column(name, kind, default=default)


EVERYWHERE = (may("updated_at", MOMENT), may("deleted", BOOL, default=False))


def noun(
    name: str,
    key: str,
    make: Callable[[Values], CanonicalRecord],
    *columns: Column,
    conditions: tuple[Condition, ...] = (),
    parent: str | None = None,
) -> Noun:
    """Describe a noun."""
    return Noun(name, tuple(key.split()), (*columns, *EVERYWHERE), make, conditions, parent)


def plain(record: type[Any], **same: str) -> Callable[[Values], CanonicalRecord]:
    """Return a maker of records whose fields are the columns. `same` fills an empty column from another one."""

    def make(values: Values) -> CanonicalRecord:
        del values["updated_at"], values["deleted"]
        for column, other in same.items():
            if values[column] is None:
                values[column] = values[other]
        made: CanonicalRecord = record(**values)
        return made

    return make


def needed(column: str, reads: str, message: str, holds: Callable[[Values], bool]) -> Condition:
    """Describe a column that is required in a combination."""
    return Condition(column, tuple(reads.split()), "conditional", message, holds)


def together(column: str, other: str) -> Condition:
    """Require `column` wherever `other` is given."""
    return needed(column, other, f"{column} is required with {other}.", lambda v: v[other] is None or v[column] is not None)


INTERVAL = Condition(
    "valid_to", ("valid_from",), "empty_interval",
    "valid_to is the first day on which the row no longer holds; it comes after valid_from.",
    lambda v: v["valid_to"] is None or v["valid_to"] > v["valid_from"],
)  # fmt: skip


def order(values: Values) -> Order:
    returned = values["order_kind"] == "return"
    came_from = values["return_of_order"]
    cost = values["cost_amount"]
    line = OrderLine(
        number=values["line_no"],
        sku=values["sku"],
        qty=values["qty"].copy_abs() if returned else values["qty"],
        amount=values["amount"].copy_abs() if returned else values["amount"],
        tax_included=values["tax_included"],
        tax_rate=values["tax_rate"],
        status=values["status"],
        return_of=None if came_from is None else (came_from, values["return_of_line"] or 1),
        serials=values["serials"],
        lot=values["lot"],
        qty_shipped=values["qty_shipped"],
        qty_delivered=values["qty_delivered"],
        requested_on=values["requested_date"],
        promised_on=values["promised_date"],
        shipped_on=values["shipped_date"],
        delivered_on=values["delivered_date"],
        cost_amount=cost,
        cost_currency=None if cost is None else values["currency"],
    )
    return Order(
        number=values["order_id"],
        kind=values["order_kind"],
        ordered_on=values["order_date"],
        currency=values["currency"],
        lines=(line,),
        updated_at=values["updated_at"],
        seller=values["seller"],
        buyer_partner=values["buyer_partner"],
        customer=values["customer"],
        channel=values["channel"],
        invoice_ref=values["invoice_ref"],
        initiated=values["initiated"],
        drop_ship_for=values["drop_ship_for"],
        deal_ref=values["deal_ref"],
        promo_ref=values["promo_ref"],
        ship_from_region=values["ship_from_region"],
        ship_to_region=values["ship_to_region"],
        ship_to_location=values["ship_to_location"],
        bill_to_region=values["bill_to_region"],
        location=values["location"],
    )


# A stored order has one currency, so it counts among what the lines of an order share.
ORDER_HEADER = (
    "order_kind", "order_date", "seller", "buyer_partner", "customer", "channel", "invoice_ref", "initiated",
    "drop_ship_for", "deal_ref", "promo_ref", "ship_from_region", "ship_to_region", "ship_to_location", "bill_to_region",
    "location", "currency",
)  # fmt: skip

ZERO = Decimal(0)
ONE = Decimal(1)
SCANS = ("retail_scan", "consumer_scan")
KIND_OF_REGION = enum("world country province city district zone")
KIND_OF_PARTNER = enum("distributor agent reseller retailer franchise marketplace_seller direct alliance")

ALL = (
    noun(
        "regions", "code", plain(Region, name="code"),
        need("code", CODE), may("parent", REF), may("name", TEXT), may("kind", KIND_OF_REGION, "zone"),
        may("neighbours", several(REF), ()),
        parent="parent",
    ),
    noun(
        "partners", "code", plain(Partner),
        need("code", CODE), need("name", TEXT), may("parent", REF), may("type", KIND_OF_PARTNER, "distributor"),
        may("model", enum("buy_sell commission_agency alliance"), "buy_sell"),
        may("channel_kind", enum("traditional vertical digital hybrid"), "traditional"), may("tier", CODE),
        may("status", enum("prospect onboarding active suspended exiting closed"), "active"),
        may("lifecycle", enum("development nurturing evaluation optimisation"), "development"), may("home_region", REF),
        may("tax_id", CODE), may("domain", TEXT), may("credit_limit", NOT_NEGATIVE), may("credit_currency", CURRENCY),
        may("joined_on", DAY), may("manager", TEXT), may("legal_name", TEXT), may("left_on", DAY),
        conditions=(together("credit_currency", "credit_limit"),),
        parent="parent",
    ),
    noun(
        "partner_aliases", "channel alias", plain(PartnerAlias),
        need("alias", TEXT), may("channel", CODE, "*"), may("partner", REF),
        may("status", enum("confirmed candidate not_partner"), "confirmed"),
        conditions=(
            needed("partner", "status", "partner is required when status is confirmed.",
                   lambda v: v["status"] != "confirmed" or v["partner"] is not None),
        ),
    ),
    noun(
        "customers", "code", plain(Customer),
        need("code", CODE), may("name", TEXT), may("parent", REF), may("kind", enum("outlet account consumer"), "account"),
        may("segment", CODE), may("region", REF), may("partner", REF), may("tax_id", CODE), may("domain", TEXT),
        may("key_account", BOOL, default=False), may("tags", several(TEXT), ()),
        parent="parent",
    ),
    noun(
        "products", "sku", plain(Product, base_sku="sku", name="sku"),
        need("sku", CODE), may("base_sku", REF), may("units_per_pack", POSITIVE, ONE), may("product_group", CODE, "-"),
        may("brand", TEXT), may("gtin", CODE), may("name", TEXT), may("unit_cost", NOT_NEGATIVE),
        may("cost_currency", CURRENCY), may("launched_on", DAY),
        conditions=(
            Condition("units_per_pack", ("sku", "base_sku"), "not_base_sku", "A base article has one unit per pack.",
                      lambda v: v["units_per_pack"] == 1 or v["base_sku"] not in (None, v["sku"])),
            together("cost_currency", "unit_cost"),
        ),
    ),
    noun(
        "locations", "code", plain(Location, name="code"),
        need("code", CODE), may("partner", REF), may("region", REF),
        may("kind", enum("warehouse store third_party in_transit virtual"), "warehouse"), may("name", TEXT),
    ),
    noun(
        "fx_rates", "date currency", plain(FxRate),
        need("date", DAY), need("currency", CURRENCY), need("rate", decimal(above=0, places=10)),
    ),
    noun(
        "territory_grants", "grant_id", plain(TerritoryGrant),
        need("grant_id", CODE), need("partner", REF), need("region", REF), may("product_group", CODE, "*"),
        may("segment", CODE, "*"), need("exclusivity", enum("exclusive sole non_exclusive")), need("valid_from", DAY),
        may("valid_to", DAY), may("contract_ref", TEXT),
        conditions=(INTERVAL,),
    ),
    noun(
        "price_policies", "policy_id", plain(PricePolicy),
        need("policy_id", CODE), need("kind", enum("factory wholesale retail map msrp")), need("sku", REF),
        may("region", REF), may("channel", CODE), may("min_units", NOT_NEGATIVE, ZERO), need("unit_price", POSITIVE),
        need("currency", CURRENCY), need("valid_from", DAY), may("valid_to", DAY),
        conditions=(INTERVAL,),
    ),
    noun(
        "promotions", "promotion_id", plain(Promotion, name="promotion_id"),
        need("promotion_id", CODE), may("name", TEXT), may("sku", REF), may("product_group", CODE), may("region", REF),
        may("channel", CODE), may("partner", REF), may("floor_price", NOT_NEGATIVE), may("currency", CURRENCY),
        need("valid_from", DAY), need("valid_to", DAY),
        conditions=(INTERVAL, together("currency", "floor_price")),
    ),
    noun(
        "deal_registrations", "deal_id", plain(DealRegistration),
        need("deal_id", CODE), need("partner", REF), may("customer", REF), may("account_tax_id", CODE),
        may("account_domain", TEXT), may("account_name", TEXT), may("product_group", CODE, "*"),
        need("registered_at", MOMENT), may("expires_on", DAY),
        need("status", enum("submitted approved rejected expired withdrawn won lost")), may("amount", NOT_NEGATIVE),
        may("currency", CURRENCY), may("linked_deal", REF), may("renewal", BOOL, default=False), may("stage", CODE),
        may("stage_at", MOMENT),
        conditions=(
            needed("customer", "account_tax_id account_domain account_name",
                   "Give the account: customer, account_tax_id, account_domain or account_name.",
                   lambda v: any(v[c] is not None for c in ("customer", "account_tax_id", "account_domain", "account_name"))),
            together("currency", "amount"),
            together("amount", "currency"),
        ),
    ),
    noun(
        "orders", "order_id line_no", order,
        need("order_id", CODE), need("order_kind", enum("sell_in sell_out return transfer")), need("order_date", DAY),
        may("seller", REF), may("buyer_partner", REF), may("customer", REF), may("channel", CODE, "trade"),
        may("invoice_ref", CODE), may("initiated", enum("active passive unknown"), "unknown"), may("drop_ship_for", REF),
        may("deal_ref", REF), may("promo_ref", REF), may("ship_from_region", REF), may("ship_to_region", REF),
        may("ship_to_location", REF), may("bill_to_region", REF), may("location", REF), may("line_no", integer(1), 1),
        need("sku", REF), need("qty", NUMBER), need("amount", NUMBER), need("currency", CURRENCY),
        may("tax_included", BOOL, default=False), may("tax_rate", RATE, ZERO),
        may("status", enum("open shipped delivered cancelled"), "open"), may("return_of_order", CODE),
        may("return_of_line", integer(1)), may("serials", several(CODE), ()), may("lot", CODE),
        may("qty_shipped", NOT_NEGATIVE), may("qty_delivered", NOT_NEGATIVE), may("requested_date", DAY),
        may("promised_date", DAY), may("shipped_date", DAY), may("delivered_date", DAY), may("cost_amount", NOT_NEGATIVE),
        conditions=(
            needed("seller", "order_kind", "seller is required unless order_kind is sell_in.",
                   lambda v: v["seller"] is not None or v["order_kind"] == "sell_in"),
            needed("buyer_partner", "order_kind customer", "sell_in and transfer need buyer_partner, or a customer who is one.",
                   lambda v: v["order_kind"] in ("sell_out", "return") or v["buyer_partner"] is not None
                   or v["customer"] is not None),
            Condition("qty", ("order_kind",), "out_of_range", "qty is greater than 0; only on a return a minus is dropped.",
                      lambda v: v["qty"] > 0 or (v["order_kind"] == "return" and v["qty"] != 0)),
            Condition("amount", ("order_kind",), "out_of_range", "amount is at least 0; only on a return a minus is dropped.",
                      lambda v: v["amount"] >= 0 or v["order_kind"] == "return"),
            needed("return_of_order", "order_kind", "return_of_order stands only on a return.",
                   lambda v: v["order_kind"] == "return" or v["return_of_order"] is None),
            needed("return_of_order", "return_of_line", "return_of_line needs return_of_order.",
                   lambda v: v["return_of_line"] is None or v["return_of_order"] is not None),
        ),
    ),
    noun(
        "offers", "listing_id observed_at", plain(Offer),
        need("listing_id", CODE), need("observed_at", MOMENT), need("seller", TEXT), need("channel", CODE), need("sku", REF),
        may("partner", REF), may("region", REF), need("price", POSITIVE), may("min_qty", POSITIVE, ONE),
        need("currency", CURRENCY), may("tax_included", BOOL, default=False), may("tax_rate", RATE, ZERO),
        may("price_kind", enum("advertised in_cart logged_in coupon"), "advertised"),
        may("condition", enum("new refurbished used short_dated"), "new"), may("url", TEXT), may("evidence_hash", TEXT),
        may("basis", TEXT),
    ),
    noun(
        "inventory_levels", "location sku as_of", plain(InventoryLevel),
        need("location", REF), need("sku", REF), need("as_of", MOMENT), need("on_hand", NOT_NEGATIVE),
        may("in_transit", NOT_NEGATIVE, ZERO), may("safety_stock", NOT_NEGATIVE, ZERO),
    ),
    noun(
        "inventory_months", "partner sku month", plain(InventoryMonth),
        need("partner", REF), need("sku", REF), need("month", MONTH_KIND), need("opening", NOT_NEGATIVE),
        need("closing", NOT_NEGATIVE), need("sell_in", NOT_NEGATIVE), need("sell_out", NOT_NEGATIVE),
        may("returns", NOT_NEGATIVE, ZERO), may("returns_out", NOT_NEGATIVE, ZERO), may("transfers_in", NOT_NEGATIVE, ZERO),
        may("transfers_out", NOT_NEGATIVE, ZERO), may("adjustments", NUMBER, ZERO),
    ),
    noun(
        "claims", "claim_id", plain(Claim),
        need("claim_id", CODE), need("partner", REF), need("program", CODE),
        may("kind", enum("rebate ship_and_debit spif mdf"), "rebate"), may("sku", REF), may("qty", POSITIVE),
        need("amount", NOT_NEGATIVE), need("currency", CURRENCY), need("claim_date", DAY), may("customer", REF),
        may("invoice_ref", CODE), may("serial", CODE),
        may("status", enum("submitted approved paid rejected withdrawn"), "submitted"), may("replaces", REF),
        conditions=(
            needed("sku", "kind", "sku is required unless kind is mdf.",
                   lambda v: v["kind"] == "mdf" or v["sku"] is not None),
            needed("qty", "kind", "qty is required unless kind is mdf.",
                   lambda v: v["kind"] == "mdf" or v["qty"] is not None),
        ),
    ),
    noun(
        "reservations", "reservation_id", plain(Reservation),
        need("reservation_id", CODE), need("location", REF), need("sku", REF), need("qty", POSITIVE),
        may("channel", CODE, "trade"), may("order_ref", CODE),
        may("status", enum("open fulfilled cancelled expired"), "open"), need("reserved_at", MOMENT),
        may("expires_at", MOMENT),
    ),
    noun(
        "shipments_serials", "event_id", plain(SerialEvent),
        need("event_id", CODE), need("serial", CODE), need("sku", REF),
        need("event", enum("ship_out return retail_scan consumer_scan")), may("partner", REF), may("region", REF),
        need("happened_at", MOMENT), may("accuracy_km", NOT_NEGATIVE), may("lot", CODE), may("invoice_ref", CODE),
        may("photo_hash", TEXT),
        conditions=(
            needed("partner", "event", "partner is required for ship_out and return.",
                   lambda v: v["event"] in SCANS or v["partner"] is not None),
            needed("region", "event partner", "A scan needs region, or a partner whose seat it is.",
                   lambda v: v["event"] not in SCANS or v["region"] is not None or v["partner"] is not None),
        ),
    ),
)  # fmt: skip

NOUNS: Mapping[str, Noun] = {one.name: one for one in ALL}
# The policy comes first: everything else may depend on its base currency and time zone.
STREAMS = (POLICY, *NOUNS)
