"""Partners as clients read them."""

from datetime import date
from typing import Any

from tests.rows import Rows


async def test_a_partner_has_a_name_in_the_register_and_a_day_it_left(rows: Rows, ask: Any) -> None:
    await rows.partner(code="a", legal_name="A Trading Ltd", left_on=date(2026, 2, 28), tier="silver")
    await rows.partner(code="b", tier="gold")
    await rows.partner(code="c")
    document = "{ partners(orderBy: [{field: TIER, direction: DESC}]) { nodes { code legalName leftOn tier } } }"
    assert (await ask(document))["data"]["partners"]["nodes"] == [
        {"code": "a", "legalName": "A Trading Ltd", "leftOn": "2026-02-28", "tier": "silver"},
        {"code": "b", "legalName": None, "leftOn": None, "tier": "gold"},
        {"code": "c", "legalName": None, "leftOn": None, "tier": None},
    ]
