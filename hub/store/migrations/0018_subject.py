"""How the identity provider calls a user."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint


class Migration(migrations.Migration):
    dependencies = [("hub", "0017_changes")]

    initial = False

    operations = [
        ops.AddField(
            model_name="UserRow",
            name="subject",
            field=fields.TextField(null=True),
        ),
        ops.AddConstraint(
            model_name="UserRow",
            constraint=UniqueConstraint(fields=("subject",)),
        ),
    ]
