"""Global ids are written by fewer functions; they stay what they are."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# The name of a type, a colon and digits: shorter than a line of base64, and without what would need its last two letters.
SHORT = """
CREATE OR REPLACE FUNCTION hub_global_id(kind text, id bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN rtrim(encode((kind || ':' || id)::bytea, 'base64'), '=')
"""
LONG = r"""
CREATE OR REPLACE FUNCTION hub_global_id(kind text, id bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN translate(encode(convert_to(kind || ':' || id, 'UTF8'), 'base64'), E'+/=\n', '-_')
"""


class Migration(migrations.Migration):
    dependencies = [("hub", "0023_maximum_cost")]

    initial = False

    operations = [ops.RunSQL(SHORT, LONG)]
