"""Points are weighed anew only where sales left the span in which they stay: inside of it they must stay."""

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.store.database import Store

POINTS = """
    WITH asked AS (
        SELECT $1::numeric AS worth, $2::numeric AS sales, $3::numeric AS impact, $4::numeric AS otherwise,
               $5::float8[] AS factors
    ), now AS (
        SELECT *, round(hub_impact(worth, sales, 1) * impact + otherwise, 1) AS points FROM asked
    ), span AS (
        SELECT *, hub_sales_span(worth, sales, impact, otherwise, points) AS span FROM now
    )
    SELECT span.points, round(hub_impact(worth, mean, 1) * impact + otherwise, 1) AS then,
           mean > span[1] AND mean < span[2] AS inside, sales > span[1] AND sales < span[2] AS holds_itself
      FROM span, unnest(factors) AS factor, LATERAL (SELECT round((sales * factor)::numeric, 6) AS mean) AS moved
"""
SMALL = st.decimals(Decimal("0.0001"), Decimal(1), places=4)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    worth=st.decimals(Decimal("0.01"), Decimal(1_000_000), places=2),
    share=SMALL | st.decimals(Decimal("0.0001"), Decimal(50), places=4),
    impact=st.sampled_from((Decimal(0), Decimal("0.5"), Decimal(30), Decimal(100))),
    otherwise=st.decimals(0, 70, places=6),
    factors=st.lists(st.floats(0.3, 3) | st.floats(0.98, 1.02), min_size=8, max_size=24),
)
async def test_inside_the_span_of_sales_the_points_stay(
    store: Store, worth: Decimal, share: Decimal, impact: Decimal, otherwise: Decimal, factors: list[float]
) -> None:
    async with store.connection() as connection:
        rows = await connection.fetch(POINTS, worth, worth / share, impact, otherwise, factors)
    assert all(row["points"] == row["then"] for row in rows if row["inside"])


async def test_a_span_is_wide_enough_to_be_worth_it(store: Store) -> None:
    """Sales of 100,000 a month, 500 at risk: three points of thirty, which a percent more or less does not move."""
    async with store.connection() as connection:
        rows = await connection.fetch(POINTS, 500, 100_000, 30, 20, [0.99, 1, 1.01])
        none = await connection.fetchval("SELECT hub_sales_span(500, NULL, 30, 20, 35)")
    assert all(row["inside"] and row["holds_itself"] for row in rows)
    assert none == [float("inf"), float("-inf")]
