"""Why a rule could not be heard."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0013_between")]

    initial = False

    operations = [
        ops.AddField(model_name="DetectionRow", name="failure", field=fields.TextField(null=True)),
        ops.AddField(model_name="DetectionRow", name="failed_at", field=fields.DatetimeField(null=True)),
    ]
