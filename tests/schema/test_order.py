"""Orders as clients read them."""

from datetime import date
from decimal import Decimal
from typing import Any

from schema.context import Role, Viewer
from tests.rows import T0, Rows

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


async def test_an_order_shows_the_findings_it_is_evidence_of_to_whom_they_are_for(rows: Rows, ask: Any) -> None:
    west, east = await rows.partner(code="west"), await rows.partner(code="east")
    sold = await rows.order(key="SO-A", partner_id=east, buyer_partner_id=west)
    await rows.order(key="SO-B", partner_id=west)
    case = await rows.case(partner_id=west, state="investigating")
    for about, more in ((west, {"case_id": case}), (east, {}), (west, {"state": "dismissed", "case_id": case})):
        await rows.conflict(partner_id=about, order_ids=[sold], **more)
    document = """query ($filter: ConflictFilter) { orders(orderBy: [{field: NUMBER}]) {
        nodes { conflicts(first: 5, filter: $filter) { totalCount aggregates { count } nodes { partner { code } } } } } }"""
    for viewer, open_ones, every in (
        (Viewer(Role.ADMIN), ["east", "west"], 3),
        (Viewer(Role.CHANNEL_MANAGER, partner_ids=frozenset({west})), ["west"], 2),
        (Viewer(Role.PARTNER, partner_id=west), ["west"], 2),
        (Viewer(Role.PARTNER, partner_id=east), [], 0),
    ):
        first, *rest = (await ask(document, viewer))["data"]["orders"]["nodes"]
        assert sorted(one["partner"]["code"] for one in first["conflicts"]["nodes"]) == open_ones
        assert first["conflicts"]["totalCount"] == first["conflicts"]["aggregates"]["count"] == len(open_ones)
        assert [order["conflicts"]["totalCount"] for order in rest] == [0] * len(rest)
        all_of_them = (await ask(document, viewer, filter={}))["data"]["orders"]["nodes"][0]["conflicts"]
        assert all_of_them["totalCount"] == every


async def test_sums_in_the_base_currency_and_in_base_units_are_whole_or_unknown(rows: Rows, ask: Any) -> None:
    document = "{ orders { aggregates { netTotalBase { amount currency } baseUnits } } }"

    async def sums() -> tuple[Any, Any]:
        answer = await ask(document)
        assert answer["errors"] == []
        told = answer["data"]["orders"]["aggregates"]
        return told["netTotalBase"], told["baseUnits"]

    dozen = await rows.product(units_per_pack=Decimal(12))
    await rows.order(product=dozen, currency="USD", net_total=Decimal(10))
    assert await sums() == (None, "24")
    await rows.add("detection", rule="trade_line", rule_version=1, basis="CNY", judged_to=T0)
    assert await sums() == (None, "24")
    await rows.canonical("fx_rate", day=date(2026, 2, 27), currency="USD", rate=Decimal("7.2"))
    assert await sums() == ({"amount": "72", "currency": "CNY"}, "24")
    await rows.order(net_total=Decimal("0.50"), lines=2)
    assert await sums() == ({"amount": "72.5", "currency": "CNY"}, "28")
    async with rows.store.connection() as connection:
        await connection.execute("UPDATE order_line SET status = 'cancelled' WHERE number = 2")
    assert await sums() == ({"amount": "72.5", "currency": "CNY"}, "26")
    await rows.order(currency="EUR")
    async with rows.store.connection() as connection:
        await connection.execute("DELETE FROM product WHERE id = $1", dozen)
    assert await sums() == (None, None)
