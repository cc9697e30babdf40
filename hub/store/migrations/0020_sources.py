"""Sources made through the API: their version, when they are read next, how they are tried, and of which connectors."""

from json import loads

from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now, SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from hub.store.base import ArrayField, empty_array


class Migration(migrations.Migration):
    dependencies = [("hub", "0019_span")]

    initial = False

    operations = [
        ops.AddField(model_name="SourceRow", name="version", field=fields.IntField(db_default=1)),
        ops.AddField(model_name="SourceRow", name="next_run_at", field=fields.DatetimeField(null=True)),
        ops.CreateModel(
            name="SourceCheckRow",
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
                ("source_id", fields.BigIntField()),
                ("state", fields.TextField(db_default="queued", unique=False)),
                ("requested_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("requested_by", fields.BigIntField(null=True)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("account", fields.TextField(null=True, unique=False)),
                ("streams", fields.JSONField(db_default=[], encoder=JSON_DUMPS, decoder=loads)),
                ("missing", ArrayField("text", db_default=empty_array("text"))),
                ("error", fields.TextField(null=True, unique=False)),
            ],
            options={
                "table": "source_check",
                "app": "hub",
                "indexes": [Index(fields=["source_id", "requested_at"]), Index(fields=["state"])],
                "pk_attr": "id",
                "table_description": "One try of a source.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="ConnectorRow",
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
                ("name", fields.TextField(unique=False)),
                ("title", fields.TextField(unique=False)),
                ("kind", fields.TextField(null=True, unique=False)),
                ("version", fields.TextField(db_default="", unique=False)),
                ("quality", fields.TextField(db_default="unrated", unique=False)),
                ("streams", ArrayField("text", db_default=empty_array("text"))),
                ("settings", fields.JSONField(db_default=[], encoder=JSON_DUMPS, decoder=loads)),
                ("broken", fields.TextField(null=True, unique=False)),
            ],
            options={
                "table": "connector",
                "app": "hub",
                "unique_together": (("name",),),
                "pk_attr": "id",
                "table_description": "One installed connector.",
            },
            bases=["Row"],
        ),
    ]
