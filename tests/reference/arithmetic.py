"""Numbers of the reference: exact fractions, and a quotient that is rounded once."""

from fractions import Fraction
from math import floor

HALF = Fraction(1, 2)


def rounded(value: Fraction, places: int = 6) -> Fraction:
    """Round half away from zero."""
    scale = 10**places
    whole = floor(abs(value) * scale + HALF)
    return Fraction(whole if value >= 0 else -whole, scale)


def quotient(numerator: Fraction | None, denominator: Fraction | None) -> Fraction | None:
    """Divide and round to six decimals; unknown where either is unknown or there is nothing to divide by."""
    if numerator is None or not denominator:
        return None
    return rounded(numerator / denominator)


def times(*factors: Fraction | None) -> Fraction | None:
    """Multiply exactly; unknown where a factor is."""
    product = Fraction(1)
    for factor in factors:
        if factor is None:
            return None
        product *= factor
    return product


def below(value: Fraction | None, limit: Fraction | None) -> bool:
    """Compare; what is unknown is below nothing."""
    return value is not None and limit is not None and value < limit
