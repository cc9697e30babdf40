"""SerialEvent (序列号流向): one serial shipped, scanned or returned."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

SerialEventKind = Literal["ship_out", "return", "retail_scan", "consumer_scan"]


class SerialEvent(Struct, frozen=True, kw_only=True):
    """One event of one serial. `accuracy_km` absent means a good position."""

    event_id: str
    serial: str
    sku: str
    event: SerialEventKind
    happened_at: datetime
    partner: str | None = None
    region: str | None = None
    accuracy_km: Decimal | None = None
    lot: str | None = None
    invoice_ref: str | None = None
    photo_hash: str | None = None
