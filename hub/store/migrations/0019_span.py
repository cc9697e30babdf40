"""Within which sales of its partner the score of a finding stays as it is."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

# The four terms that sales have no part in.
OTHER_POINTS = """
CREATE OR REPLACE FUNCTION hub_other_points(depth numeric, strength numeric, days int, places int, deep numeric,
                                            evidence numeric, recurrence numeric, spread numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hub_term(depth) * deep + hub_term(strength) * evidence
       + hub_term(hub_ratio(days, 5)) * recurrence + hub_term(hub_ratio(places, 3)) * spread
"""

# The mean of three months' sales may move between these two and the points stay, for certain: a little less than is true, for
# the term is rounded. The first is infinite where any movement may matter.
SPAN = """
CREATE OR REPLACE FUNCTION hub_sales_span(value_at_risk numeric, sales numeric, weight numeric, otherwise numeric,
                                          points numeric) RETURNS float8[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN sales > 0 THEN ARRAY[
           CASE WHEN points + 0.05 - otherwise > weight THEN 0::float8
                WHEN points + 0.05 - otherwise <= weight * 0.0001 THEN 'Infinity'::float8
                ELSE 1.000000001::float8 * value_at_risk::float8 * 20
                     / ((points + 0.05 - otherwise)::float8 / weight::float8 - 0.0001) END,
           CASE WHEN points - 0.05 - otherwise <= 0 THEN 'Infinity'::float8
                ELSE 0.999999999::float8 * value_at_risk::float8 * 20
                     / ((points - 0.05 - otherwise)::float8 / weight::float8 + 0.0001) END]
       ELSE '{Infinity,-Infinity}'::float8[] END
"""

POINTS = """
CREATE OR REPLACE FUNCTION hub_points(value_at_risk numeric, sales numeric, months bigint, depth numeric, strength numeric,
                                      days int, places int, impact numeric, deep numeric, evidence numeric, recurrence numeric,
                                      spread numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(hub_impact(value_at_risk, sales, months) * impact + hub_term(depth) * deep + hub_term(strength) * evidence
             + hub_term(hub_ratio(days, 5)) * recurrence + hub_term(hub_ratio(places, 3)) * spread, 1)
"""

SIGNATURES = {
    "hub_points": "numeric, numeric, bigint, numeric, numeric, int, int, numeric, numeric, numeric, numeric, numeric",
    "hub_other_points": "numeric, numeric, int, int, numeric, numeric, numeric, numeric",
    "hub_sales_span": "numeric, numeric, numeric, numeric, numeric",
}


def dropped(name: str) -> str:
    """Return what takes a function away."""
    return f"DROP FUNCTION {name}({SIGNATURES[name]})"


class Migration(migrations.Migration):
    dependencies = [("hub", "0018_subject")]

    initial = False

    operations = [
        ops.AddField(model_name="ConflictRow", name="sales_above", field=fields.FloatField(null=True)),
        ops.AddField(model_name="ConflictRow", name="sales_below", field=fields.FloatField(null=True)),
        ops.RemoveIndex(model_name="ConflictRow", fields=["partner_id", "event_day"]),
        ops.RunSQL(
            [
                OTHER_POINTS,
                SPAN,
                dropped("hub_points"),
                "UPDATE conflict SET sales_above = 'Infinity', sales_below = '-Infinity'"
                " WHERE value_at_risk > 0 AND partner_id IS NOT NULL",
                # Whether sales are within the span is read from the way in alone.
                "CREATE INDEX conflict_by_sales ON conflict (partner_id, event_day) INCLUDE (id, sales_above, sales_below)",
            ],
            [
                "DROP INDEX conflict_by_sales",
                POINTS,
                dropped("hub_other_points"),
                dropped("hub_sales_span"),
            ],
        ),
    ]
