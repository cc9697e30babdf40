"""Documents that may be executed by their hash, and the marks that tell whether data changed."""

from tortoise import fields, migrations
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.db_defaults import Now, SqlDefault
from tortoise.migrations import operations as ops

from hub.store.base import Numeric

CHANGED = """
CREATE OR REPLACE FUNCTION hub_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO data_change (mark) VALUES (hashtextextended(gen_random_uuid()::text, 0));
    PERFORM set_config('hub.changed', 'yes', true);
    RETURN NULL;
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("hub", "0015_unsettled")]

    initial = False

    operations = [
        ops.CreateModel(
            name="TrustedDocumentRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=False,
                        primary_key=True,
                        unique=True,
                        db_index=True,
                        db_default=SqlDefault("nextval('hub_id')"),
                    ),
                ),
                ("hash", fields.TextField(unique=False)),
                ("text", fields.TextField(unique=False)),
                ("name", fields.TextField(null=True, unique=False)),
                ("operation_names", ArrayField(element_type="text")),
                ("registered_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("registered_by", fields.BigIntField(null=True)),
            ],
            options={
                "table": "trusted_document",
                "app": "hub",
                "unique_together": (("hash",),),
                "pk_attr": "id",
                "table_description": "A document that was found good.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="DataChangeRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=False,
                        primary_key=True,
                        unique=True,
                        db_index=True,
                        db_default=SqlDefault("nextval('hub_id')"),
                    ),
                ),
                ("mark", Numeric()),
            ],
            options={
                "table": "data_change",
                "app": "hub",
                "pk_attr": "id",
                "table_description": "The mark of one transaction that wrote, or the sum of many.",
            },
            bases=["Row"],
        ),
        ops.RunSQL(CHANGED, "DROP FUNCTION hub_changed()"),
    ]
