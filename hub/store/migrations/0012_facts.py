"""What detection has seen of each line of trade, and findings that keep their evidence apart."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0011_evidence")]

    initial = False

    operations = [
        ops.AddField(model_name="TradeLineRow", name="facts", field=fields.BigIntField(db_default=0)),
        ops.AddField(model_name="ConflictRow", name="told", field=fields.BigIntField(db_default=0)),
        # Evidence is read for few findings, the rest of the row for many; and room beside each for the next score.
        ops.RunSQL(
            [
                "ALTER TABLE conflict SET (toast_tuple_target = 640, fillfactor = 80)",
                "UPDATE conflict SET told = hash_record_extended((evidence, filters_tried), 0)",
            ],
            ["ALTER TABLE conflict RESET (toast_tuple_target, fillfactor)"],
        ),
    ]
