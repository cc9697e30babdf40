"""Customer (终端客户): who buys in the end."""

from typing import Literal

from msgspec import Struct

CustomerKind = Literal["outlet", "account", "consumer"]


class Customer(Struct, frozen=True, kw_only=True):
    """An end account or outlet. `partner` is set when the customer is itself a partner."""

    code: str
    name: str | None = None
    parent: str | None = None
    kind: CustomerKind = "account"
    segment: str | None = None
    region: str | None = None
    partner: str | None = None
    tax_id: str | None = None
    domain: str | None = None
    email: str | None = None
    phone: str | None = None
    key_account: bool = False
    tags: tuple[str, ...] = ()
