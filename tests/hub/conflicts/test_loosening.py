"""Stricter is free; looser is named place by place."""

from typing import Any

import pytest

from hub.conflicts.loosening import loosened

LINEAGE = {"CN": ("CN",), "CN-GD": ("CN-GD", "CN"), "DE": ("DE", "EU"), "EU": ("EU",), "US": ("US",)}


def body(regions: dict[str, str], **profiles: dict[str, Any]) -> dict[str, Any]:
    return {"jurisdiction": {"regions": regions, "profile": profiles}}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (body({"CN": "CN"}), body({"CN": "CN"}), []),
        (body({"CN": "CN"}), body({"CN": "CN"}, CN={"price_rules": "case"}), ["CN: price_rules observe > case"]),
        (body({"CN": "CN"}, CN={"price_rules": "off"}), body({"CN": "CN"}), ["CN: price_rules off > observe"]),
        (body({"CN": "CN"}), body({"CN": "CN"}, CN={"price_rules": "off", "territory_rules": "observe"}), []),
        (body({"US": "US"}), body({"US": "US"}, US={"price_notice": "no"}), []),
        (body({"DE": "default"}), body({"EU": "EEA"}), ["DE: exclusive_max_holders 1 > 5", "EU: exclusive_max_holders 1 > 5"]),
        (body({"CN": "CN"}), body({"CN": "CN", "CN-GD": "CN"}), []),
        # A region that was under a stricter profile moves out from under it.
        (
            body({"CN": "CN", "CN-GD": "strict"}, strict={"price_rules": "off"}),
            body({"CN": "CN"}),
            [
                "CN-GD: unknown_initiated_as passive > active",
                "CN-GD: territory_needs_exclusive_system true > false",
                "CN-GD: price_rules off > observe",
                "CN-GD: price_reference msrp, retail > map, msrp, retail",
            ],
        ),
        (body({}), body({}, default={"direct_sales_barrier": False}), ["elsewhere: direct_sales_barrier true > false"]),
        # The first policy of all names places; that is no loosening.
        (None, body({"US": "US", "CN": "CN"}), []),
        (None, body({"CN": "CN"}, CN={"price_rules": "case"}), ["CN: price_rules observe > case"]),
    ],
)
def test_what_is_looser_is_named(before: dict[str, Any] | None, after: dict[str, Any], said: list[str]) -> None:
    assert loosened(before, after, LINEAGE) == said
