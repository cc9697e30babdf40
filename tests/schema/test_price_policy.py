"""The quantities that a price holds for."""

from datetime import date
from decimal import Decimal
from typing import Any

from tests.rows import Rows


async def test_a_price_holds_up_to_the_next_quantity_of_its_own_kind(rows: Rows, ask: Any) -> None:
    product = await rows.product()
    for units, more in (
        (0, {}),
        (48, {}),
        (12, {}),
        (6, {"kind": "retail"}),
        (5, {"channel": "tmall"}),
        (4, {"valid_to": date(2026, 1, 1), "valid_from": date(2025, 1, 1)}),
    ):
        await rows.price(product_id=product, min_units=Decimal(units), **more)
    document = "{ pricePolicies { nodes { quantityFrom quantityTo } } }"
    nodes = (await ask(document))["data"]["pricePolicies"]["nodes"]
    assert {one["quantityFrom"]: one["quantityTo"] for one in nodes} == {
        "0": "12", "12": "48", "48": None, "6": None, "5": None, "4": None
    }  # fmt: skip
