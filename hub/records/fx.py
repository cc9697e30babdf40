"""FxRate: what one unit of a currency was worth on a day."""

from datetime import date
from decimal import Decimal

from msgspec import Struct


class FxRate(Struct, frozen=True, kw_only=True):
    """`rate` is the worth of 1 `currency` in the base currency of the policy."""

    date: date
    currency: str
    rate: Decimal
