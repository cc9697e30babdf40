"""Money: a decimal with its currency, which adds only to its own kind."""

from decimal import Decimal

from msgspec import Struct


class Money(Struct, frozen=True):
    """An amount in major units (12.50 is twelve and a half) and its ISO 4217 code."""

    amount: Decimal
    currency: str

    def __add__(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up without a rate.")
        return Money(self.amount + other.amount, self.currency)
