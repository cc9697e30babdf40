"""Policies."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [("hub", "0008_alerts")]

    initial = False

    operations = []
