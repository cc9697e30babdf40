"""Backtests."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [("hub", "0009_policies")]

    initial = False

    operations = []
