"""Evidence."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [("hub", "0010_backtest")]

    initial = False

    operations = []
