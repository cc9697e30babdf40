"""Alerts."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [("hub", "0007_cases")]

    initial = False

    operations = []
