"""The arithmetic of the rules: quotients, rates, medians, pack sizes, and the shape of evidence."""

from tortoise import migrations
from tortoise.migrations import operations as ops


# A quotient is formed once and rounded once, to six decimals, half away from zero; unknown when the divisor is zero or unknown.
RATIO = """
CREATE OR REPLACE FUNCTION hub_ratio(numerator numeric, denominator numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(numerator * 1.00000000000000000000 / nullif(denominator, 0), 6)
"""

# The latest rate on or before the day; unknown without a base currency.
FOREIGN_RATE = """
CREATE OR REPLACE FUNCTION hub_foreign_rate(asked text, on_day date, base text) RETURNS numeric
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN base IS NOT NULL THEN
            (SELECT known.rate FROM fx_rate AS known
              WHERE known.currency = asked AND known.day <= on_day AND known.deleted_at IS NULL
              ORDER BY known.day DESC, known.source_id, known.key COLLATE "C" LIMIT 1) END
"""

# 1 for the base currency. Apart from the look-up, so that the planner can put it in line: most sums need no look-up.
RATE = """
CREATE OR REPLACE FUNCTION hub_rate(asked text, on_day date, base text) RETURNS numeric LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN asked = base THEN 1 ELSE hub_foreign_rate(asked, on_day, base) END
"""

# One record a finding rests on, as it was when judged; the hash is over these facts.
EVIDENCE = """
CREATE OR REPLACE FUNCTION hub_evidence(code text, noun text, id bigint, source_id bigint, key text, facts jsonb)
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
RETURN jsonb_build_object(
    'code', code, 'noun', noun, 'id', id, 'key', key, 'facts', facts,
    'source', (SELECT source.name FROM source WHERE source.id = hub_evidence.source_id),
    'hash', encode(sha256(convert_to(facts::text, 'UTF8')), 'hex'))
"""

TRIED = """
CREATE OR REPLACE FUNCTION hub_tried(filter text, outcome text, detail text) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN jsonb_build_object('filter', filter, 'outcome', outcome, 'detail', detail)
"""

# The middle of a sorted list, or the mean of the two in the middle.
MEDIAN = """
CREATE OR REPLACE FUNCTION hub_median(sorted numeric[]) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN cardinality(sorted) % 2 = 1 THEN sorted[cardinality(sorted) / 2 + 1]
            ELSE hub_ratio(sorted[cardinality(sorted) / 2] + sorted[cardinality(sorted) / 2 + 1], 2) END
"""

# The middle of a sorted list without the value at one place.
MEDIAN_WITHOUT = """
CREATE OR REPLACE FUNCTION hub_median_without(sorted numeric[], place int) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN cardinality(sorted) % 2 = 0
            THEN sorted[cardinality(sorted) / 2 + (cardinality(sorted) / 2 >= place)::int]
            ELSE hub_ratio(sorted[cardinality(sorted) / 2 + (cardinality(sorted) / 2 >= place)::int]
                           + sorted[cardinality(sorted) / 2 + 1 + (cardinality(sorted) / 2 + 1 >= place)::int], 2) END
"""

# The whole number two prices differ by when one counts packs and the other pieces; null when they do not.
PACK = """
CREATE OR REPLACE FUNCTION hub_pack(one numeric, other numeric) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN one > 0 AND other > 0 AND round(hub_ratio(greatest(one, other), least(one, other))) BETWEEN 2 AND 144
             AND abs(hub_ratio(hub_ratio(greatest(one, other), least(one, other)),
                               round(hub_ratio(greatest(one, other), least(one, other)))) - 1) <= 0.02
            THEN round(hub_ratio(greatest(one, other), least(one, other))) END
"""


class Migration(migrations.Migration):
    dependencies = [("hub", "0003_reading")]

    initial = False

    # One step: Tortoise copies all models for each.
    operations = [
        ops.RunSQL(
            [RATIO, FOREIGN_RATE, RATE, EVIDENCE, TRIED, MEDIAN, MEDIAN_WITHOUT, PACK],
            [
                "DROP FUNCTION hub_pack(numeric, numeric)",
                "DROP FUNCTION hub_median_without(numeric[], int)",
                "DROP FUNCTION hub_median(numeric[])",
                "DROP FUNCTION hub_tried(text, text, text)",
                "DROP FUNCTION hub_evidence(text, text, bigint, bigint, text, jsonb)",
                "DROP FUNCTION hub_rate(text, date, text)",
                "DROP FUNCTION hub_foreign_rate(text, date, text)",
                "DROP FUNCTION hub_ratio(numeric, numeric)",
            ],
        )
    ]
