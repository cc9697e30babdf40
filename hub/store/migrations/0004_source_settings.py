"""The settings of sources that no file declares. Secrets stand in them as references only."""

from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops
from orjson import loads


class Migration(migrations.Migration):
    dependencies = [("hub", "0003_first_rows")]

    initial = False

    operations = [
        ops.AddField(
            model_name="SourceRow",
            name="settings",
            field=fields.JSONField(db_default={}, encoder=JSON_DUMPS, decoder=loads),
        ),
    ]
