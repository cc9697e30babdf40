"""DealRegistration (报备): a partner's claim to be first at an account."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

DealStatus = Literal["submitted", "approved", "rejected", "expired", "withdrawn", "won", "lost"]


class DealRegistration(Struct, frozen=True, kw_only=True):
    """Protected until `expires_on`; absent, 90 days after the day of `registered_at`."""

    deal_id: str
    partner: str
    registered_at: datetime
    status: DealStatus
    customer: str | None = None
    account_tax_id: str | None = None
    account_domain: str | None = None
    account_name: str | None = None
    product_group: str = "*"
    expires_on: date | None = None
    amount: Decimal | None = None
    currency: str | None = None
    linked_deal: str | None = None
    renewal: bool = False
    stage: str | None = None
    stage_at: datetime | None = None
