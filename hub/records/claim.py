"""Claim (返利申报): money a partner asks for."""

from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct

ClaimKind = Literal["rebate", "ship_and_debit", "spif", "mdf"]
ClaimStatus = Literal["submitted", "approved", "paid", "rejected", "withdrawn"]


class Claim(Struct, frozen=True, kw_only=True):
    """`sku` and `qty` are absent only on `mdf` claims."""

    claim_id: str
    partner: str
    program: str
    amount: Decimal
    currency: str
    claim_date: date
    kind: ClaimKind = "rebate"
    sku: str | None = None
    qty: Decimal | None = None
    customer: str | None = None
    invoice_ref: str | None = None
    serial: str | None = None
    status: ClaimStatus = "submitted"
    replaces: str | None = None
