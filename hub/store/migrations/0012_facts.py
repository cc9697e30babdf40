"""What detection has seen of each line of trade, and findings that keep their evidence apart."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

# Five terms, each between 0 and 1 with four decimals; their weighted sum with one.
POINTS = """
CREATE OR REPLACE FUNCTION hub_points(value_at_risk numeric, sales numeric, months bigint, depth numeric, strength numeric,
                                      days int, places int, impact numeric, deep numeric, evidence numeric, recurrence numeric,
                                      spread numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(hub_impact(value_at_risk, sales, months) * impact + hub_term(depth) * deep + hub_term(strength) * evidence
             + hub_term(hub_ratio(days, 5)) * recurrence + hub_term(hub_ratio(places, 3)) * spread, 1)
"""


class Migration(migrations.Migration):
    dependencies = [("hub", "0011_evidence")]

    initial = False

    operations = [
        ops.AddField(model_name="TradeLineRow", name="facts", field=fields.BigIntField(db_default=0)),
        ops.AddField(model_name="ConflictRow", name="told", field=fields.BigIntField(db_default=0)),
        ops.AddField(model_name="DetectionRow", name="read_until", field=fields.DatetimeField(null=True)),
        # Evidence is read for few findings, the rest of the row for many; and room beside each for the next score.
        ops.RunSQL(
            [
                POINTS,
                "ALTER TABLE conflict SET (toast_tuple_target = 640, fillfactor = 80)",
                "UPDATE conflict SET told = hashtextextended(concat(evidence, filters_tried), 0)",
            ],
            [
                "ALTER TABLE conflict RESET (toast_tuple_target, fillfactor)",
                "DROP FUNCTION hub_points(numeric, numeric, bigint, numeric, numeric, int, int, numeric, numeric, numeric, numeric,"
                " numeric)",
            ],
        ),
    ]
