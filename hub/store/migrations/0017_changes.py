"""Events about many records at once, and lists of claims, deals and rates in the order they are read."""

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from hub.store.base import ArrayField, empty_array


class Migration(migrations.Migration):
    dependencies = [("hub", "0016_trusted")]

    initial = False

    operations = [
        ops.AddField(
            model_name="EventRow",
            name="subject_ids",
            field=ArrayField("bigint", db_default=empty_array("bigint")),
        ),
        ops.AddIndex(model_name="ClaimRow", index=Index(fields=("claim_date", "id"))),
        ops.AddIndex(model_name="DealRegistrationRow", index=Index(fields=("registered_at", "id"))),
        ops.AddIndex(model_name="FxRateRow", index=Index(fields=("day", "id"))),
    ]
