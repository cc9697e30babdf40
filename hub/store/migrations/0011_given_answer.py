"""Answers that a repeated mutation gets again."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now, SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0010_detection")]

    initial = False

    operations = [
        ops.CreateModel(
            name="GivenAnswerRow",
            fields=[
                ("id", fields.BigIntField(primary_key=True, generated=False, db_default=SqlDefault("nextval('hub_id')"))),
                ("caller", fields.TextField(unique=False)),
                ("mutation", fields.TextField(unique=False)),
                ("key", fields.TextField(unique=False)),
                ("asked", fields.BinaryField()),
                ("answer", fields.JSONField(db_default={}, encoder=JSON_DUMPS, decoder=loads)),
                ("given_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "given_answer",
                "app": "hub",
                "unique_together": (("caller", "mutation", "key"),),
                "indexes": [Index(fields=["given_at"])],
                "pk_attr": "id",
                "table_description": "`key` is the caller's own word for the request, `asked` the hash of what it asked for.",
            },
            bases=["Row"],
        ),
    ]
