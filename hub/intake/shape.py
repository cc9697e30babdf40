"""How each canonical record becomes a row: its table, its key, its references.

Orders are two tables and have a file of their own (`order.py`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from hub.normalise.name import alias_key
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
    Partner,
    PartnerAlias,
    PolicyVersion,
    PricePolicy,
    Product,
    Promotion,
    Region,
    Reservation,
    SerialEvent,
    TerritoryGrant,
)
from hub.store.bulk import Row, Table

Reference = tuple[str, str]  # (noun, key at the source)
Resolve = Mapping[Reference, int]


@dataclass(frozen=True, eq=False)
class Shape:
    """One noun: `plain` columns are attributes of the same name, `refs` point to golden records, `made` are worked out.

    `named` are fields that must name a record of their noun but are kept as text. A golden row starts with id, code,
    source_id, raw_id and fetched_at; any other with source_id, key, raw_id and fetched_at.
    """

    noun: str
    table: Table
    key: Callable[[Any], str]
    plain: tuple[str, ...]
    refs: Mapping[str, tuple[str, str]]
    made: Mapping[str, Callable[[Any], object]]
    named: Mapping[str, str]
    golden: bool

    def references(self, record: CanonicalRecord) -> Iterator[tuple[str, Reference]]:
        """Yield each field that names another record, and what it names."""
        for field, noun in (*self.refs.values(), *self.named.items()):
            key = getattr(record, field)
            if key is not None:
                yield field, (noun, key)

    def row(self, record: CanonicalRecord, head: Row, resolve: Resolve) -> Row:
        """Return the row of a record. Every reference must have been resolved."""
        values = [getattr(record, name) for name in self.plain]
        for field, noun in self.refs.values():
            key = getattr(record, field)
            values.append(None if key is None else resolve[noun, key])
        values.extend(make(record) for make in self.made.values())
        return (*head, *values)


def shape(
    noun: str,
    key: Callable[[Any], str],
    plain: str,
    refs: Mapping[str, tuple[str, str]] | None = None,
    made: Mapping[str, Callable[[Any], object]] | None = None,
    named: Mapping[str, str] | None = None,
    *,
    golden: bool = False,
) -> Shape:
    """Describe one noun in a line or two."""
    names = tuple(plain.split())
    refs, made = refs or {}, made or {}
    head = ("id", "code", "source_id", "raw_id", "fetched_at") if golden else ("source_id", "key", "raw_id", "fetched_at")
    unique = ("id",) if golden else ("source_id", "key")
    return Shape(noun, Table(noun, (*head, *names, *refs, *made), unique), key, names, refs, made, named or {}, golden)


def joined(*parts: object) -> str:
    """Join the parts of a key; no part may hold the separator, which the sheet format forbids in codes."""
    return "|".join(part.isoformat() if isinstance(part, datetime) else str(part) for part in parts)


PARTNER, REGION, PRODUCT, CUSTOMER, LOCATION = "partner", "region", "product", "customer", "location"

SHAPES: Mapping[type, Shape] = {
    Region: shape(
        REGION, attrgetter("code"), "name kind", {"parent_id": ("parent", REGION)},
        {"neighbour_codes": lambda r: list(r.neighbours)}, golden=True,
    ),
    Partner: shape(
        PARTNER, attrgetter("code"),
        "name type model channel_kind tier status lifecycle tax_id domain credit_limit credit_currency joined_on manager"
        " legal_name left_on",
        {"parent_id": ("parent", PARTNER), "home_region_id": ("home_region", REGION)}, golden=True,
    ),
    Customer: shape(
        CUSTOMER, attrgetter("code"), "kind segment tax_id domain email phone key_account",
        {"parent_id": ("parent", CUSTOMER), "region_id": ("region", REGION), "partner_id": ("partner", PARTNER)},
        {"name": lambda r: r.name or r.code, "tags": lambda r: list(r.tags)}, golden=True,
    ),
    Product: shape(
        PRODUCT, attrgetter("sku"), "name units_per_pack product_group brand gtin unit_cost cost_currency launched_on",
        {"base_id": ("base_sku", PRODUCT)}, golden=True,
    ),
    Location: shape(
        LOCATION, attrgetter("code"), "name kind", {"partner_id": ("partner", PARTNER), "region_id": ("region", REGION)},
        golden=True,
    ),
    PartnerAlias: shape(
        "partner_alias", lambda r: joined(r.channel, alias_key(r.alias)), "alias channel status",
        {"partner_id": ("partner", PARTNER)}, {"alias_key": lambda r: alias_key(r.alias)},
    ),
    FxRate: shape("fx_rate", lambda r: joined(r.date, r.currency), "currency rate", None, {"day": attrgetter("date")}),
    TerritoryGrant: shape(
        "territory_grant", attrgetter("grant_id"), "product_group segment exclusivity valid_from valid_to contract_ref",
        {"partner_id": ("partner", PARTNER), "region_id": ("region", REGION)},
    ),
    PricePolicy: shape(
        "price_policy", attrgetter("policy_id"), "kind channel min_units unit_price currency valid_from valid_to",
        {"product_id": ("sku", PRODUCT), "region_id": ("region", REGION)},
    ),
    Promotion: shape(
        "promotion", attrgetter("promotion_id"), "name product_group channel floor_price currency valid_from valid_to",
        {"product_id": ("sku", PRODUCT), "region_id": ("region", REGION), "partner_id": ("partner", PARTNER)},
    ),
    DealRegistration: shape(
        "deal_registration", attrgetter("deal_id"),
        "account_tax_id account_domain account_name product_group registered_at expires_on status amount currency "
        "linked_deal renewal stage stage_at",
        {"partner_id": ("partner", PARTNER), "customer_id": ("customer", CUSTOMER)}, None,
        {"linked_deal": "deal_registration"},
    ),
    Offer: shape(
        "offer", lambda r: joined(r.listing_id, r.observed_at),
        "listing_id observed_at seller channel price min_qty currency tax_included tax_rate price_kind condition url "
        "evidence_hash basis",
        {"product_id": ("sku", PRODUCT), "partner_id": ("partner", PARTNER), "region_id": ("region", REGION)},
        {"seller_key": lambda r: alias_key(r.seller)},
    ),
    InventoryLevel: shape(
        "inventory_level", lambda r: joined(r.location, r.sku, r.as_of), "as_of on_hand in_transit safety_stock reserved",
        {"location_id": ("location", LOCATION), "product_id": ("sku", PRODUCT)},
    ),
    InventoryMonth: shape(
        "inventory_month", lambda r: joined(r.partner, r.sku, r.month),
        "month opening closing sell_in sell_out returns returns_out transfers_in transfers_out adjustments",
        {"partner_id": ("partner", PARTNER), "product_id": ("sku", PRODUCT)},
    ),
    Reservation: shape(
        "reservation", attrgetter("reservation_id"), "qty channel order_ref status reserved_at expires_at",
        {"location_id": ("location", LOCATION), "product_id": ("sku", PRODUCT)},
    ),
    Claim: shape(
        "claim", attrgetter("claim_id"),
        "program kind qty amount currency claim_date invoice_ref serial status replaces",
        {"partner_id": ("partner", PARTNER), "product_id": ("sku", PRODUCT), "customer_id": ("customer", CUSTOMER)}, None,
        {"replaces": "claim"},
    ),
    SerialEvent: shape(
        "serial_event", attrgetter("event_id"),
        "serial event happened_at accuracy_km lot invoice_ref photo_hash",
        {"product_id": ("sku", PRODUCT), "partner_id": ("partner", PARTNER), "region_id": ("region", REGION)},
    ),
    PolicyVersion: shape(
        "policy_version", lambda r: str(r.version), "version effective_from base_currency timezone", None,
        {"body": lambda r: dict(r.body)},
    ),
}  # fmt: skip

# In the order in which they refer to each other.
GOLDEN = (REGION, PARTNER, CUSTOMER, PRODUCT, LOCATION)
