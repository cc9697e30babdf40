"""Cases."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [("hub", "0006_trade")]

    initial = False

    operations = []
