"""Policies."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from hub.store.base import Numeric
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.db_defaults import SqlDefault
from tortoise import fields
from tortoise.indexes import Index

# A policy as one document, as its file writes it.
DOCUMENT = """
CREATE OR REPLACE FUNCTION hub_policy_document(one policy_version) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
RETURN jsonb_build_object('effective_from', one.effective_from, 'base_currency', one.base_currency, 'timezone', one.timezone)
       || one.body
"""

# Every value of a document under the path it stands at; of lists only those of tables are gone into.
LEAVES = """
CREATE OR REPLACE FUNCTION hub_policy_leaves(document jsonb) RETURNS TABLE (path text, value jsonb)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH RECURSIVE part (path, value) AS (
        SELECT '', document
        UNION ALL
        SELECT below.path, below.value
          FROM part
         CROSS JOIN LATERAL (
               SELECT concat_ws('.', nullif(part.path, ''), field.key), field.value
                 FROM jsonb_each(CASE WHEN jsonb_typeof(part.value) = 'object' THEN part.value ELSE '{}' END) AS field
               UNION ALL
               SELECT format('%s[%s]', part.path, item.place - 1), item.value
                 FROM jsonb_array_elements(CASE WHEN jsonb_typeof(part.value -> 0) = 'object' THEN part.value ELSE '[]' END)
                      WITH ORDINALITY AS item (value, place)) AS below (path, value)
    )
    SELECT part.path, part.value
      FROM part
     WHERE jsonb_typeof(part.value) <> 'object' AND jsonb_typeof(part.value -> 0) IS DISTINCT FROM 'object';
END
"""

# What two documents say differently; null where one says nothing.
CHANGES = """
CREATE OR REPLACE FUNCTION hub_policy_changes(before jsonb, after jsonb)
RETURNS TABLE (path text, value_before jsonb, value_after jsonb) LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT path, old.value, new.value
      FROM hub_policy_leaves(before) AS old FULL JOIN hub_policy_leaves(after) AS new USING (path)
     WHERE old.value IS DISTINCT FROM new.value;
END
"""

# What a version says otherwise than the published one with the next lower number.
STEP = """
CREATE OR REPLACE FUNCTION hub_policy_step(version_id bigint)
RETURNS TABLE (path text, value_before jsonb, value_after jsonb) LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT change.path, change.value_before, change.value_after
      FROM policy_version AS own
     CROSS JOIN LATERAL hub_policy_changes(
               (SELECT hub_policy_document(earlier)
                  FROM policy_version AS earlier
                 WHERE earlier.state = 'published' AND earlier.deleted_at IS NULL AND earlier.version < own.version
                 ORDER BY earlier.version DESC, earlier.source_id
                 LIMIT 1),
               hub_policy_document(own)) AS change
     WHERE own.id = version_id;
END
"""


class Migration(migrations.Migration):
    dependencies = [("hub", "0008_alerts")]

    initial = False

    operations = [
        ops.AlterField(
            model_name="PolicyVersionRow",
            name="state",
            field=fields.TextField(db_default="proposed", unique=False),
        ),
        ops.AddField(
            model_name="PolicyVersionRow",
            name="loosens",
            field=ArrayField(db_default=SqlDefault("'{}'::text[]"), element_type="TEXT"),
        ),
        ops.AddField(
            model_name="PolicyVersionRow",
            name="proposed_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="PolicyVersionRow",
            name="proposed_by",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="PolicyVersionRow",
            name="published_by",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="PolicyVersionRow",
            name="note",
            field=fields.TextField(null=True, unique=False),
        ),
        ops.CreateModel(
            name="UnitMappingRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        primary_key=True,
                        generated=False,
                        unique=True,
                        db_index=True,
                        db_default=SqlDefault("nextval('hub_id')"),
                    ),
                ),
                ("source_id", fields.BigIntField()),
                ("product_id", fields.BigIntField()),
                ("numerator", Numeric()),
                ("denominator", Numeric()),
                ("conflict_id", fields.BigIntField()),
                ("line_count", fields.IntField()),
                ("state", fields.TextField(db_default="proposed", unique=False)),
                ("proposed_by", fields.BigIntField()),
                ("proposed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("accepted_by", fields.BigIntField(null=True)),
                ("accepted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "unit_mapping",
                "app": "hub",
                "unique_together": (("source_id", "product_id"),),
                "indexes": [Index(fields=["conflict_id"]), Index(fields=["proposed_at", "id"])],
                "pk_attr": "id",
                "table_description": "One piece of `product_id` at `source_id` is `numerator` / `denominator` base units; `line_count` hung on it.",
            },
            bases=["Row"],
        ),
        ops.RunSQL(
            [DOCUMENT, LEAVES, CHANGES, STEP],
            [
                "DROP FUNCTION hub_policy_step(bigint)",
                "DROP FUNCTION hub_policy_changes(jsonb, jsonb)",
                "DROP FUNCTION hub_policy_leaves(jsonb)",
                "DROP FUNCTION hub_policy_document(policy_version)",
            ],
        ),
    ]
