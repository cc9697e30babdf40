"""Backtests, and the ways from an account to its deals."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from hub.store.base import Numeric
from orjson import loads
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now, SqlDefault
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("hub", "0009_policies")]

    initial = False

    operations = [
        ops.CreateModel(
            name="BacktestDifferenceRow",
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
                ("backtest_id", fields.BigIntField()),
                ("position", fields.IntField()),
                ("finding_key", fields.TextField(unique=False)),
                ("rule", fields.TextField(unique=False)),
                ("partner_id", fields.BigIntField(null=True)),
                ("accused", fields.TextField(unique=False)),
                ("victim", fields.TextField(unique=False)),
                ("product_group", fields.TextField(unique=False)),
                ("base_sku", fields.TextField(unique=False)),
                ("region", fields.TextField(unique=False)),
                ("event_day", fields.DateField()),
                ("change", fields.TextField(unique=False)),
                ("class_before", fields.TextField(null=True, unique=False)),
                ("class_after", fields.TextField(null=True, unique=False)),
                ("score_before", Numeric(null=True)),
                ("score_after", Numeric(null=True)),
                ("band_before", fields.TextField(null=True, unique=False)),
                ("band_after", fields.TextField(null=True, unique=False)),
                ("verdict", fields.TextField(null=True, unique=False)),
            ],
            options={
                "table": "backtest_difference",
                "app": "hub",
                "unique_together": (("backtest_id", "position"), ("backtest_id", "finding_key")),
                "pk_attr": "id",
                "table_description": "One finding that the draft would add, remove or change; what is null is no finding on that side.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="BacktestRow",
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
                ("name", fields.TextField(null=True, unique=False)),
                ("state", fields.TextField(db_default="queued", unique=False)),
                ("requested_by", fields.BigIntField(null=True)),
                ("requested_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("from_day", fields.DateField()),
                ("to_day", fields.DateField()),
                ("judged_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("rule_names", ArrayField(db_default=SqlDefault("'{}'::text[]"), element_type="TEXT")),
                ("files", fields.JSONField(db_default={}, encoder=JSON_DUMPS, decoder=loads)),
                ("present_version", fields.IntField(null=True)),
                ("draft_version", fields.IntField(null=True)),
                ("watermark", fields.JSONField(db_default={}, encoder=JSON_DUMPS, decoder=loads)),
                ("ground", fields.TextField(null=True, unique=False)),
                ("runtime_ms", fields.IntField(null=True)),
                ("added_count", fields.IntField(null=True)),
                ("removed_count", fields.IntField(null=True)),
                ("changed_count", fields.IntField(null=True)),
                ("alerts_per_week", fields.FloatField(null=True)),
                ("report", fields.JSONField(db_default={}, encoder=JSON_DUMPS, decoder=loads)),
                ("error", fields.TextField(null=True, unique=False)),
            ],
            options={
                "table": "backtest",
                "app": "hub",
                "unique_together": (("name",),),
                "indexes": [Index(fields=["requested_at", "id"]), Index(fields=["state"])],
                "pk_attr": "id",
                "table_description": "One question and, once done, its answer. `files` are the texts of a draft that a worker reads.",
            },
            bases=["Row"],
        ),
        ops.RunSQL(
            [
                "CREATE INDEX deal_account_tax_id ON deal_registration (account_tax_id) WHERE account_tax_id IS NOT NULL",
                "CREATE INDEX deal_account_domain ON deal_registration (hub_domain(account_domain))"
                " WHERE account_domain IS NOT NULL",
                "CREATE INDEX deal_account_name ON deal_registration (hub_account_name(account_name))"
                " WHERE account_name IS NOT NULL",
                "CREATE INDEX claim_replaces ON claim (source_id, replaces) WHERE replaces IS NOT NULL",
            ],
            [
                "DROP INDEX claim_replaces",
                "DROP INDEX deal_account_name",
                "DROP INDEX deal_account_domain",
                "DROP INDEX deal_account_tax_id",
            ],
        ),
    ]
