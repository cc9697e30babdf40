"""Files of sheets that are sent to be imported, and the runs that read them."""

from tortoise import fields, migrations
from tortoise.fields.db_defaults import Now, SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

# Whether a run has yet to read the file: one that broke off is followed by another, unless nothing but a person helps.
UNREAD = """
CREATE OR REPLACE FUNCTION hub_upload_unread(upload bigint) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN EXISTS (
    SELECT FROM sync_run AS run
     WHERE run.upload_id = upload
       AND (run.state IN ('requested', 'running', 'rate_limited')
            OR run.state IN ('partial', 'failed') AND run.retry_at IS NOT NULL)
       AND NOT EXISTS (SELECT FROM sync_run AS newer
                        WHERE newer.upload_id = upload AND newer.stream_id = run.stream_id AND newer.id > run.id))
"""


class Migration(migrations.Migration):
    dependencies = [("hub", "0020_sources")]

    initial = False

    operations = [
        ops.CreateModel(
            name="SheetUploadRow",
            fields=[
                (
                    "id",
                    fields.BigIntField(
                        generated=False,
                        primary_key=True,
                        unique=True,
                        db_index=True,
                        db_default=SqlDefault("nextval('hub_id')"),
                    ),
                ),
                ("file_name", fields.TextField(unique=False)),
                ("size", fields.IntField()),
                ("sha256", fields.TextField(null=True, unique=False)),
                ("state", fields.TextField(db_default="requested", unique=False)),
                ("requested_by", fields.BigIntField(null=True)),
                ("requested_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("received_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("imported_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("source_id", fields.BigIntField(null=True)),
            ],
            options={
                "table": "sheet_upload",
                "app": "hub",
                "indexes": [Index(fields=["requested_at", "id"]), Index(fields=["source_id"])],
                "pk_attr": "id",
                "table_description": "A file by what is known of it; its bytes are in the hub's folder.",
            },
            bases=["Row"],
        ),
        ops.AddField(model_name="SyncRunRow", name="upload_id", field=fields.BigIntField(null=True)),
        ops.AddIndex(model_name="SyncRunRow", index=Index(fields=["upload_id"])),
        ops.RunSQL(UNREAD, "DROP FUNCTION hub_upload_unread(bigint)"),
    ]
