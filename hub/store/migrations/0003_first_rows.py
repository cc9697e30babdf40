"""The rows an empty hub starts with: the event counter, and the user of a fresh installation."""

from tortoise import migrations
from tortoise.migrations import operations as ops

COUNTER = "INSERT INTO event_counter (number) VALUES (0)"
OWNER = "INSERT INTO hub_user (email, name, roles) VALUES ('owner@localhost', 'Owner', '{admin}')"


class Migration(migrations.Migration):
    dependencies = [("hub", "0002_nouns")]

    initial = False

    operations = [
        ops.RunSQL(COUNTER, "DELETE FROM event_counter"),
        ops.RunSQL(OWNER, "DELETE FROM hub_user WHERE email = 'owner@localhost'"),
    ]
