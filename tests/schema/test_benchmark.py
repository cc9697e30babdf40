"""What partners sell is told as bands over many of them, and never so that one is recognised."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.context import Role, Viewer
from tests.rows import Rows

ASKED = """query ($month: Date!, $kind: PartnerKind!, $market: RegionCode!) {
    salesBenchmark(month: $month, partnerKind: $kind, market: $market) {
      month partnerKind market suppressed partnerCount
      bands { quantile lower { amount currency } upper { amount } } } }"""
MARCH = date(2026, 3, 1)


async def market(rows: Rows, sales: list[int], month: date = MARCH, **partner: Any) -> list[int]:
    """Let as many partners sell for so much in a month; return them."""
    if "CN" not in rows.found:
        rows.found["CN"] = await rows.region("CN", kind="country")
        rows.found["CN-GD"] = await rows.region("CN-GD", rows.found["CN"], kind="province")
        await rows.add("detection", rule="trade_line", rule_version=1, basis="CNY", judged_to=datetime(2026, 4, 1, tzinfo=UTC))
    made = []
    for value in sales:
        made.append(await rows.partner(**{"home_region_id": rows.found["CN-GD"], **partner}))
        await rows.add("trade_month", partner_id=made[-1], month=month, value=Decimal(value), priced=1)
    return made


async def benchmark(ask: Any, viewer: Viewer | None = None, **changes: Any) -> dict[str, Any]:
    """Return what is told of distributors in China in March."""
    given = {"month": "2026-03-15", "kind": "DISTRIBUTOR", "market": "CN", **changes}
    answer = await ask(ASKED, viewer or Viewer(Role.ADMIN), **given)
    assert answer["errors"] == []
    told: dict[str, Any] = answer["data"]["salesBenchmark"]
    return told


async def policy(rows: Rows, **privacy: Any) -> None:
    await rows.add(
        "policy_version", source_id=rows.source_id, key="1", raw_id=rows.raw_id, version=1, effective_from=date(2026, 1, 1),
        base_currency="CNY", state="published", body={"privacy": privacy},
    )  # fmt: skip


async def test_five_partners_make_bands(rows: Rows, ask: Any) -> None:
    partners = await market(rows, [120, 250, 400, 700, 1000])
    for viewer in (Viewer(Role.ADMIN), Viewer(Role.PARTNER, partner_id=partners[0]), Viewer(Role.DIRECT_SALES)):
        assert await benchmark(ask, viewer) == {
            "month": "2026-03-15", "partnerKind": "DISTRIBUTOR", "market": "CN", "suppressed": False, "partnerCount": 5,
            "bands": [
                {"quantile": "P25", "lower": {"amount": "200", "currency": "CNY"}, "upper": {"amount": "500"}},
                {"quantile": "P50", "lower": {"amount": "200", "currency": "CNY"}, "upper": {"amount": "500"}},
                {"quantile": "P75", "lower": {"amount": "500", "currency": "CNY"}, "upper": {"amount": "1000"}},
            ],
        }  # fmt: skip


async def test_what_would_tell_too_much_is_not_told(rows: Rows, ask: Any) -> None:
    hidden: dict[str, Any] = {"suppressed": True, "partnerCount": None, "bands": []}
    await market(rows, [10, 20, 30, 40])
    assert (await benchmark(ask)).items() >= hidden.items()
    # Neither the brand's own shop, nor another kind or market, nor who sold nothing makes a fifth.
    france = await rows.region("FR", kind="country")
    for other in ({"type": "direct"}, {"type": "agent"}, {"home_region_id": france}, {"home_region_id": None}):
        await market(rows, [25], **other)
    await market(rows, [0, -5])
    assert (await benchmark(ask)).items() >= hidden.items()
    await market(rows, [101])
    assert (await benchmark(ask)).items() >= hidden.items()
    await market(rows, [5])
    assert (await benchmark(ask))["partnerCount"] == 6
    for asked in ({"kind": "OWN_STORE"}, {"market": "CN-GD"}, {"market": "nowhere"}, {"month": "2026-02-01"}):
        assert (await benchmark(ask, None, **asked)).items() >= hidden.items()


async def test_a_month_that_is_not_over_is_not_told(rows: Rows, ask: Any) -> None:
    today = datetime.now(UTC).date()
    await market(rows, [1, 1, 1, 1, 1], month=today.replace(day=1))
    assert (await benchmark(ask, month=today.isoformat()))["suppressed"] is True


@pytest.mark.parametrize(
    ("privacy", "suppressed"), [({"k_min": 6}, True), ({"k_min": 3}, False), ({"dominance_max": 0.2}, True)]
)
async def test_the_policy_says_how_many_and_how_even(rows: Rows, ask: Any, privacy: dict[str, Any], suppressed: bool) -> None:
    await market(rows, [10, 20, 30, 40, 50])
    await policy(rows, **privacy)
    assert (await benchmark(ask))["suppressed"] is suppressed


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sales=st.lists(st.integers(1, 10**7), min_size=5, max_size=9), more=st.integers(1, 10**7))
async def test_one_partner_more_tells_at_most_that_a_quartile_lies_in_another_band(
    rows: Rows, ask: Any, sales: list[int], more: int
) -> None:
    await market(rows, [])
    async with rows.store.connection() as connection:
        await connection.execute("DELETE FROM trade_month; DELETE FROM partner")
    await market(rows, sales)
    before = await benchmark(ask)
    await market(rows, [more])
    after = await benchmark(ask)
    grid = {digit * 10**power for digit in (1, 2, 5) for power in range(9)}
    for told, figures in ((before, sales), (after, [*sales, more])):
        assert told["suppressed"] is (max(figures) * 2 > sum(figures))
        for band, share in zip(told["bands"], (0.25, 0.5, 0.75), strict=False):
            low, high = Decimal(band["lower"]["amount"]), Decimal(band["upper"]["amount"])
            assert {low, high} <= grid
            assert sum(one < high for one in figures) >= share * len(figures)
            assert sum(one >= low for one in figures) > (1 - share) * len(figures) - 1
