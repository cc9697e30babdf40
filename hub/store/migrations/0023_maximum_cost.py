"""What a trusted document costs at most."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0022_contract")]

    initial = False

    operations = [ops.AddField(model_name="TrustedDocumentRow", name="maximum_cost", field=fields.IntField(null=True))]
