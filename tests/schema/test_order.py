"""Orders as clients read them."""

from typing import Any

from tests.rows import Rows

FIRST = """
{ orders(first: 2) {
    nodes { number lines(first: 5) { nodes { sourceSku quantity { value } } } partner { code name } }
    totalCount pageInfo { endCursor hasNextPage } } }
"""


async def test_an_order_comes_with_its_lines_and_its_partner(rows: Rows, ask: Any) -> None:
    west = await rows.partner(code="west", name="West Trading")
    for _ in range(3):
        await rows.order(partner_id=west, lines=2)
    answer = await ask(FIRST)
    assert answer["errors"] == []
    page = answer["data"]["orders"]
    assert page["totalCount"] == 3
    assert page["pageInfo"]["hasNextPage"] is True
    assert [len(order["lines"]["nodes"]) for order in page["nodes"]] == [2, 2]
    assert page["nodes"][0]["partner"] == {"code": "west", "name": "West Trading"}
    assert page["nodes"][0]["lines"]["nodes"][0] == {"sourceSku": "SKU-1", "quantity": {"value": "2"}}
