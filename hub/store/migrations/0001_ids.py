"""One sequence for the ids of all rows, and the text forms the API promises, made where the rows are."""

from tortoise import migrations
from tortoise.migrations import operations as ops

IDS = "CREATE SEQUENCE IF NOT EXISTS hub_id"

NUMBERS = "CREATE SEQUENCE IF NOT EXISTS case_number"

INSTANT = """
CREATE OR REPLACE FUNCTION hub_instant(moment timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
"""

# Plain digits without an exponent and without trailing zeros after the point.
DECIMAL = """
CREATE OR REPLACE FUNCTION hub_decimal(amount numeric) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN trim_scale(amount)::text
"""


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.RunSQL(IDS, "DROP SEQUENCE hub_id"),
        ops.RunSQL(NUMBERS, "DROP SEQUENCE case_number"),
        ops.RunSQL(INSTANT, "DROP FUNCTION hub_instant(timestamptz)"),
        ops.RunSQL(DECIMAL, "DROP FUNCTION hub_decimal(numeric)"),
    ]
