"""Stock: a level at a moment (库存), a reservation against it (预留), a partner's month (进销存月报)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

ReservationStatus = Literal["open", "fulfilled", "cancelled", "expired"]


class InventoryLevel(Struct, frozen=True, kw_only=True):
    """Physical stock of one SKU at one place, counted in the SKU. `in_transit` and `safety_stock` are information."""

    location: str
    sku: str
    as_of: datetime
    on_hand: Decimal
    in_transit: Decimal = Decimal(0)
    safety_stock: Decimal = Decimal(0)
    reserved: Decimal | None = None


class InventoryMonth(Struct, frozen=True, kw_only=True):
    """A partner's month of one SKU; `month` is its first day."""

    partner: str
    sku: str
    month: date
    opening: Decimal
    closing: Decimal
    sell_in: Decimal
    sell_out: Decimal
    returns: Decimal = Decimal(0)
    returns_out: Decimal = Decimal(0)
    transfers_in: Decimal = Decimal(0)
    transfers_out: Decimal = Decimal(0)
    adjustments: Decimal = Decimal(0)


class Reservation(Struct, frozen=True, kw_only=True):
    """A commitment against stock, counted in the SKU."""

    reservation_id: str
    location: str
    sku: str
    qty: Decimal
    reserved_at: datetime
    channel: str = "trade"
    order_ref: str | None = None
    status: ReservationStatus = "open"
    expires_at: datetime | None = None
