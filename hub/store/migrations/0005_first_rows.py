"""The rows an empty hub starts with: the event counter, and the user of a fresh installation."""

from tortoise import migrations
from tortoise.migrations import operations as ops

COUNTER = "INSERT INTO event_counter (number) VALUES (0)"
OWNER = "INSERT INTO hub_user (email, name, roles) VALUES ('owner@localhost', 'Owner', '{admin}')"


class Migration(migrations.Migration):
    dependencies = [("hub", "0004_detection")]

    initial = False

    # One step: Tortoise copies all models for each.
    operations = [
        ops.RunSQL([COUNTER, OWNER], ["DELETE FROM hub_user WHERE email = 'owner@localhost'", "DELETE FROM event_counter"])
    ]
