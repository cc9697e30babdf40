"""Ways to the orders of a partner in the order of lists, and to whether a customer bought from it."""

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0024_ids_in_one_step")]

    initial = False

    operations = [
        ops.AddIndex(model_name="OrderRow", index=Index(fields=["partner_id", "placed_at", "id"])),
        ops.RemoveIndex(model_name="OrderRow", fields=["customer_id"]),
        ops.AddIndex(model_name="OrderRow", index=Index(fields=["customer_id", "partner_id"])),
    ]
