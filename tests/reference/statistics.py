"""Medians and what lies far from them."""

from collections.abc import Sequence
from fractions import Fraction

from tests.reference.arithmetic import quotient


def median(values: Sequence[Fraction]) -> Fraction:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def robust_z(value: Fraction, history: Sequence[Fraction]) -> Fraction | None:
    """Return how many scales the value lies above the median; unknown where the history never moves."""
    centre = median(history)
    spread = [abs(one - centre) for one in history]
    scale = Fraction("1.4826") * median(spread)
    if scale == 0:
        scale = Fraction("1.2533") * sum(spread, Fraction(0)) / len(spread)
    return quotient(value - centre, scale)
