"""Findings that were written while records changed are judged once more."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0014_failures")]

    initial = False

    operations = [
        ops.AddField(
            model_name="DetectionRow",
            name="unsettled",
            field=fields.JSONField(db_default=[], encoder=JSON_DUMPS, decoder=loads),
        ),
    ]
