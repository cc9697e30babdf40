"""The API's words for what the sheets call otherwise."""

from typing import Any

from schema.ids import global_id
from tests.rows import Rows


async def test_partners_and_places_have_the_words_of_the_api(rows: Rows, ask: Any) -> None:
    await rows.partner(code="own", type="direct")
    await rows.partner(code="dealer", type="reseller")
    await rows.partner(code="joint", type="alliance", model="buy_sell")
    await rows.region("all", kind="world")
    await rows.location(code="road", kind="virtual")
    answer = await ask(
        "{ partners(orderBy: [{field: CODE}]) { nodes { code kind cooperationModel } } regions { nodes { level } }"
        " locations { nodes { kind } }"
        " shops: partners(filter: {kind: {eq: RETAILER}}) { nodes { code } } }"
    )
    assert answer["errors"] == []
    assert answer["data"] == {
        "partners": {
            "nodes": [
                {"code": "dealer", "kind": "RETAILER", "cooperationModel": "BUY_SELL"},
                {"code": "joint", "kind": "DISTRIBUTOR", "cooperationModel": "STRATEGIC_ALLIANCE"},
                {"code": "own", "kind": "OWN_STORE", "cooperationModel": "BUY_SELL"},
            ]
        },
        "regions": {"nodes": [{"level": "CUSTOM"}]},
        "locations": {"nodes": [{"kind": "WAREHOUSE"}]},
        "shops": {"nodes": [{"code": "dealer"}]},
    }


async def test_goods_that_only_moved_are_no_order(rows: Rows, ask: Any) -> None:
    moved = await rows.order(key="T-1", kind="transfer")
    await rows.order(key="SO-1")
    answer = await ask(
        "query ($id: ID!) { orders { totalCount nodes { number } aggregates { count } } node(id: $id) { id } }",
        id=global_id("Order", moved),
    )
    assert answer["errors"] == []
    assert answer["data"] == {
        "orders": {"totalCount": 1, "nodes": [{"number": "SO-1"}], "aggregates": {"count": 1}},
        "node": None,
    }
