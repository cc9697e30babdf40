"""Routes of alerts, digests and quiet hours."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now, SqlDefault
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("hub", "0007_cases")]

    initial = False

    operations = [
        ops.CreateModel(
            name="AlertRouteRow",
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
                ("name", fields.TextField(unique=False)),
                ("rule_ids", ArrayField(db_default=SqlDefault("'{}'::text[]"), element_type="TEXT")),
                ("severity", fields.TextField(db_default="medium", unique=False)),
                ("regions", ArrayField(db_default=SqlDefault("'{}'::text[]"), element_type="TEXT")),
                ("product_groups", ArrayField(db_default=SqlDefault("'{}'::text[]"), element_type="TEXT")),
                ("partners", ArrayField(db_default=SqlDefault("'{}'::text[]"), element_type="TEXT")),
                ("addresses", ArrayField(db_default=SqlDefault("'{}'::text[]"), element_type="TEXT")),
                ("target", fields.TextField(null=True, unique=False)),
                ("secret", fields.TextField(null=True, unique=False)),
                ("locale", fields.TextField(db_default="en", unique=False)),
                ("managed_by", fields.TextField(db_default="api", unique=False)),
                ("changed_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "alert_route",
                "app": "hub",
                "unique_together": (("name",),),
                "pk_attr": "id",
                "table_description": "Which alerts go where. `managed_by` is `file` or `api`; never both for one name. `target` and `secret` are references.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="DigestRoundRow",
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
                ("time_zone", fields.TextField(unique=False)),
                ("day", fields.DateField()),
                ("until_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "digest_round",
                "app": "hub",
                "unique_together": (("time_zone", "day"),),
                "pk_attr": "id",
                "table_description": "The digests of one time zone for one of its days are written, of all that happened before an instant.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="DigestRow",
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
                ("recipient", fields.TextField(unique=False)),
                ("day", fields.DateField()),
                ("route", fields.TextField(unique=False)),
                ("channel", fields.TextField(unique=False)),
                ("user_id", fields.BigIntField(null=True)),
                ("alert_count", fields.IntField()),
                ("finding_count", fields.IntField()),
                ("body", fields.JSONField(db_default={}, encoder=JSON_DUMPS, decoder=loads)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "digest",
                "app": "hub",
                "unique_together": (("recipient", "day"),),
                "indexes": [Index(fields=["created_at", "id"])],
                "pk_attr": "id",
                "table_description": "One message of a day to one receiver, with what it says. A receiver has one a day, whoever writes it.",
            },
            bases=["Row"],
        ),
        ops.AddIndex(
            model_name="AlertRow",
            index=Index(fields=["state", "escalates_at"]),
        ),
        ops.AlterField(
            model_name="DeliveryRow",
            name="alert_id",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="DeliveryRow",
            name="digest_id",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="DeliveryRow",
            name="held",
            field=fields.BooleanField(db_default=False),
        ),
        ops.AddIndex(
            model_name="DeliveryRow",
            index=Index(fields=["recipient", "created_at"]),
        ),
        ops.AddIndex(
            model_name="DeliveryRow",
            index=Index(fields=["created_at", "id"]),
        ),
        ops.AddIndex(
            model_name="DeliveryRow",
            index=Index(fields=["digest_id"]),
        ),
        ops.AddField(
            model_name="UserRow",
            name="quiet_hours",
            field=fields.TextField(null=True, unique=False),
        ),
    ]
