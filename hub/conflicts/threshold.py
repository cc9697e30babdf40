"""A threshold said otherwise: in general, or for a region or product group, laid over what a version of the policy says."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any

from msgspec import Struct


class Threshold(Struct, frozen=True, kw_only=True):
    """One number of a rule, and where it holds; None is everywhere."""

    rule: str
    name: str
    value: Decimal
    product_group: str | None = None
    region: str | None = None

    @property
    def place(self) -> dict[str, str]:
        """Return where it holds, as an override of a policy names it."""
        said = {"product_group": self.product_group, "region": self.region}
        return {name: code for name, code in said.items() if code is not None}

    @property
    def plain(self) -> int | float:
        """Return the number as a policy holds it."""
        return int(self.value) if self.value == self.value.to_integral_value() else float(self.value)


def laid_over(body: Mapping[str, Any], thresholds: Iterable[Threshold]) -> dict[str, Any]:
    """Return what a policy says with some thresholds said otherwise; the last of two about the same holds."""
    laid: dict[str, Any] = deepcopy(dict(body))
    for one in thresholds:
        where = override_of(laid, one) if one.place else laid.setdefault("thresholds", {}).setdefault(one.rule, {})
        where[one.name] = one.plain
    return laid


def override_of(body: dict[str, Any], threshold: Threshold) -> dict[str, Any]:
    """Return the override of a rule for just this place, of several the last; a new one when there is none."""
    overrides: list[dict[str, Any]] = body.setdefault("override", [])
    scope: dict[str, Any] = {"rule": threshold.rule} | threshold.place
    one: dict[str, Any]
    for one in reversed(overrides):
        if {name: one[name] for name in ("rule", "product_group", "region") if name in one} == scope:
            return one
    overrides.append(scope)
    return scope
