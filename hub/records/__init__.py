"""The canonical model: frozen structs without I/O. `sheets.md` in docs says what each field means."""

from hub.records.claim import Claim
from hub.records.customer import Customer
from hub.records.deal import DealRegistration
from hub.records.fx import FxRate
from hub.records.inventory import InventoryLevel, InventoryMonth, Reservation
from hub.records.offer import Offer
from hub.records.order import Order, OrderLine
from hub.records.partner import Partner, PartnerAlias
from hub.records.policy import PolicyVersion
from hub.records.price_policy import PricePolicy
from hub.records.product import Product
from hub.records.promotion import Promotion
from hub.records.region import Location, Region
from hub.records.serial import SerialEvent
from hub.records.territory import TerritoryGrant

CanonicalRecord = (
    Region
    | Partner
    | PartnerAlias
    | Customer
    | Product
    | Location
    | FxRate
    | TerritoryGrant
    | PricePolicy
    | Promotion
    | DealRegistration
    | Order
    | Offer
    | InventoryLevel
    | InventoryMonth
    | Claim
    | Reservation
    | SerialEvent
    | PolicyVersion
)

__all__ = [
    "CanonicalRecord",
    "Claim",
    "Customer",
    "DealRegistration",
    "FxRate",
    "InventoryLevel",
    "InventoryMonth",
    "Location",
    "Offer",
    "Order",
    "OrderLine",
    "Partner",
    "PartnerAlias",
    "PolicyVersion",
    "PricePolicy",
    "Product",
    "Promotion",
    "Region",
    "Reservation",
    "SerialEvent",
    "TerritoryGrant",
]
