"""The lines and months of trade that detection reads, and ways in to claims, findings and serials."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from hub.store.base import Numeric
from tortoise.fields.db_defaults import SqlDefault
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("hub", "0005_first_rows")]

    initial = False

    operations = [
        ops.CreateModel(
            name="TradeLineRow",
            fields=[
                ("line_id", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("order_id", fields.BigIntField()),
                ("kind", fields.TextField(unique=False)),
                ("partner_id", fields.BigIntField(null=True)),
                ("buyer_partner_id", fields.BigIntField(null=True)),
                ("customer_id", fields.BigIntField(null=True)),
                ("region_id", fields.BigIntField(null=True)),
                ("channel", fields.TextField(unique=False)),
                ("invoice_ref", fields.TextField(null=True, unique=False)),
                ("day", fields.DateField()),
                ("product_id", fields.BigIntField()),
                ("base_id", fields.BigIntField()),
                ("product_group", fields.TextField(unique=False)),
                ("units", Numeric()),
                ("net_units", Numeric()),
                ("unit_net", Numeric(null=True)),
                ("value", Numeric(null=True)),
            ],
            options={
                "table": "trade_line",
                "app": "hub",
                "indexes": [
                    Index(fields=["order_id"]),
                    Index(fields=["base_id", "day"]),
                    Index(fields=["partner_id", "product_group", "day"]),
                    Index(fields=["region_id", "product_group", "day"]),
                    Index(fields=["buyer_partner_id", "base_id", "day"]),
                ],
                "pk_attr": "line_id",
                "table_description": "One order line that counts.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TradeMonthRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        primary_key=True,
                        generated=False,
                        unique=True,
                        db_index=True,
                        db_default=SqlDefault("nextval('hub_id')"),
                    ),
                ),
                ("partner_id", fields.BigIntField()),
                ("month", fields.DateField()),
                ("value", Numeric()),
                ("priced", fields.BigIntField()),
            ],
            options={
                "table": "trade_month",
                "app": "hub",
                "unique_together": (("partner_id", "month"),),
                "pk_attr": "id",
                "table_description": "What a partner sold in a month: the value of its sell-out lines, and how many of them have a known value.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="TradeSpanRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        primary_key=True,
                        generated=False,
                        unique=True,
                        db_index=True,
                        db_default=SqlDefault("nextval('hub_id')"),
                    ),
                ),
                ("base_id", fields.BigIntField()),
                ("month", fields.DateField()),
                ("lowest", Numeric()),
                ("highest", Numeric()),
            ],
            options={
                "table": "trade_span",
                "app": "hub",
                "unique_together": (("base_id", "month"),),
                "pk_attr": "id",
                "table_description": "Between which prices the sell-out lines of a base article in a month lie: never narrower than they do, at times wider.",
            },
            bases=["Row"],
        ),
        ops.AddIndex(
            model_name="ClaimRow",
            index=Index(fields=["program", "product_id"]),
        ),
        ops.AddIndex(
            model_name="ClaimRow",
            index=Index(fields=["serial"]),
        ),
        ops.RemoveIndex(
            model_name="ConflictRow",
            name=None,
            fields=["rule", "accused", "event_day"],
        ),
        ops.AddIndex(
            model_name="ConflictRow",
            index=Index(fields=["rule", "partner_id", "event_day"]),
        ),
        ops.AddIndex(
            model_name="ConflictRow",
            index=Index(fields=["rule", "affected_id", "event_day"]),
        ),
        ops.AddIndex(
            model_name="ConflictRow",
            index=Index(fields=["rule", "base_sku", "event_day"]),
        ),
        ops.AddIndex(
            model_name="SerialEventRow",
            index=Index(fields=["product_id", "lot"]),
        ),
        ops.AddIndex(
            model_name="SerialEventRow",
            index=Index(fields=["region_id"]),
        ),
        # Room beside each line, so that a new price is written in place and no index hears of it.
        ops.RunSQL(
            [
                "ALTER TABLE trade_line SET (fillfactor = 85)",
                "CREATE INDEX order_line_serials ON order_line USING gin (serials) WHERE serials <> '{}'",
            ],
            ["DROP INDEX order_line_serials"],
        ),
    ]
