"""Cases that people work on: approvals by two persons, attachments, and an audit log that is only ever added to."""

from tortoise import fields, migrations
from tortoise.fields.db_defaults import Now, SqlDefault
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

IDENTITY = SqlDefault("nextval('hub_id')")

KINDS_OF_OLD_STEPS = """
UPDATE case_step SET kind = CASE WHEN to_state = 'closed' THEN 'closed' WHEN to_state = 'detected' THEN 'opened'
                                 WHEN to_state IS NOT NULL THEN 'advanced' ELSE 'commented' END
"""

APPEND_ONLY = """
CREATE OR REPLACE FUNCTION hub_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'What % holds was done and stays as it was written.', TG_TABLE_NAME USING ERRCODE = 'object_not_in_prerequisite_state';
END
$$
"""

STEP_TO_AUDIT = """
CREATE OR REPLACE FUNCTION hub_step_to_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit (occurred_at, actor_id, action, noun, subject_id, before, after, reason)
    VALUES (NEW.occurred_at, NEW.actor_id, NEW.kind, 'conflict_case', NEW.case_id,
            nullif(coalesce(NEW.before, '{}') || jsonb_strip_nulls(jsonb_build_object('state', NEW.from_state)), '{}'),
            nullif(coalesce(NEW.after, '{}') || jsonb_strip_nulls(jsonb_build_object('state', NEW.to_state)), '{}'),
            NEW.comment);
    RETURN NULL;
END
$$
"""

SUGGESTIONS = """
CREATE OR REPLACE FUNCTION hub_rule_suggestions(asked text, levers jsonb, since timestamptz, today date)
RETURNS TABLE (reason text, threshold text, present numeric, suggested numeric, left_out bigint, kept bigint)
LANGUAGE sql STABLE AS $$
    -- The highest value among the cases dismissed for a lever's reason that lies below every confirmed finding.
    WITH closed AS (
        SELECT one.id, one.outcome, one.dismissal_reason
          FROM conflict_case AS one
         WHERE one.rule = asked AND one.closed_at > since AND one.outcome IN ('confirmed', 'dismissed')
    ), lever AS (
        SELECT said.reason, said.threshold, said.field,
               coalesce((SELECT (v.body #>> ARRAY['thresholds', asked, said.threshold])::numeric
                           FROM policy_version AS v
                          WHERE v.state = 'published' AND v.deleted_at IS NULL AND v.effective_from <= today
                          ORDER BY v.effective_from DESC, v.version DESC LIMIT 1), said.usual) AS present
          FROM jsonb_to_recordset(levers) AS said (reason text, threshold text, field text, usual numeric)
         WHERE 2 * (SELECT count(*) FROM closed WHERE closed.dismissal_reason = said.reason)
               > (SELECT count(*) FROM closed WHERE closed.outcome = 'dismissed')
    ), measured AS (
        SELECT lever.reason, closed.outcome, closed.dismissal_reason,
               CASE closed.outcome WHEN 'confirmed' THEN min((f.evidence ->> lever.field)::numeric)
                                   ELSE max((f.evidence ->> lever.field)::numeric) END AS value
          FROM lever
         CROSS JOIN closed
          JOIN conflict AS f ON f.case_id = closed.id AND f.is_full
         WHERE f.evidence ->> lever.field ~ '^-?[0-9]+([.][0-9]+)?$'
         GROUP BY lever.reason, closed.id, closed.outcome, closed.dismissal_reason
    ), floor AS (
        SELECT m.reason, min(m.value) AS value, count(*) AS cases FROM measured AS m WHERE m.outcome = 'confirmed' GROUP BY m.reason
    ), highest AS (
        SELECT m.reason, max(m.value) AS value, count(*) AS cases, coalesce(max(floor.cases), 0) AS kept
          FROM measured AS m
          LEFT JOIN floor ON floor.reason = m.reason
         WHERE m.dismissal_reason = m.reason AND (floor.value IS NULL OR m.value < floor.value)
         GROUP BY m.reason
    )
    SELECT lever.reason, lever.threshold, lever.present, trim_scale(highest.value), highest.cases, highest.kept
      FROM lever
      JOIN highest ON highest.reason = lever.reason
     WHERE highest.value > lever.present
$$
"""


def kept(table: str) -> str:
    """Return what keeps rows of a table as they were written."""
    return (
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION hub_append_only()"
    )


class Migration(migrations.Migration):
    dependencies = [("hub", "0006_trade")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ApprovalRow",
            fields=[
                ("id", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True, db_default=IDENTITY)),
                ("kind", fields.TextField(unique=False)),
                ("subject_id", fields.BigIntField()),
                ("body", fields.JSONField(db_default={})),
                ("state", fields.TextField(db_default="proposed", unique=False)),
                ("proposer_id", fields.BigIntField()),
                ("proposed_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("decided_by", fields.BigIntField(null=True)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("reason", fields.TextField(null=True, unique=False)),
                ("version", fields.IntField(db_default=1)),
            ],
            options={
                "table": "approval",
                "app": "hub",
                "indexes": [Index(fields=["kind", "subject_id"]), Index(fields=["proposed_at", "id"])],
                "pk_attr": "id",
                "table_description": "One proposal.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="AuditRow",
            fields=[
                ("id", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True, db_default=IDENTITY)),
                ("occurred_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("actor_id", fields.BigIntField(null=True)),
                ("action", fields.TextField(unique=False)),
                ("noun", fields.TextField(unique=False)),
                ("subject_id", fields.BigIntField()),
                ("before", fields.JSONField(null=True)),
                ("after", fields.JSONField(null=True)),
                ("reason", fields.TextField(null=True, unique=False)),
            ],
            options={
                "table": "audit",
                "app": "hub",
                "indexes": [Index(fields=["occurred_at", "id"]), Index(fields=["noun", "subject_id"])],
                "pk_attr": "id",
                "table_description": "One thing that was done.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="AttachmentRow",
            fields=[
                ("id", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True, db_default=IDENTITY)),
                ("case_id", fields.BigIntField(null=True)),
                ("name", fields.TextField(unique=False)),
                ("media_type", fields.TextField(unique=False)),
                ("body", fields.BinaryField()),
                ("size", fields.IntField()),
                ("sha256", fields.TextField(unique=False)),
                ("visible_to_partner", fields.BooleanField(db_default=False)),
                ("sent_by", fields.BigIntField()),
                ("sent_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "attachment",
                "app": "hub",
                "indexes": [Index(fields=["case_id"]), Index(fields=["sent_by"])],
                "pk_attr": "id",
                "table_description": "A file as it came.",
            },
            bases=["Row"],
        ),
        ops.AddField(model_name="CaseStepRow", name="after", field=fields.JSONField(null=True)),
        ops.AddField(model_name="CaseStepRow", name="before", field=fields.JSONField(null=True)),
        ops.AddField(model_name="CaseStepRow", name="kind", field=fields.TextField(db_default="commented", unique=False)),
        ops.AddField(model_name="ConflictCaseRow", name="disclosed_to_affected", field=fields.BooleanField(db_default=False)),
        ops.AddField(model_name="ConflictCaseRow", name="disclosed_to_partner", field=fields.BooleanField(db_default=False)),
        ops.AddField(model_name="ConflictCaseRow", name="filed_by_id", field=fields.BigIntField(null=True)),
        ops.AddField(model_name="ConflictCaseRow", name="mediator_id", field=fields.BigIntField(null=True)),
        ops.AddField(
            model_name="ConflictCaseRow",
            name="replied_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="ConflictCaseRow",
            name="reply_due_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(model_name="ConflictCaseRow", name="sla_told", field=fields.BooleanField(db_default=False)),
        ops.AddField(
            model_name="ConflictCaseRow",
            name="told_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.RunSQL(
            [
                KINDS_OF_OLD_STEPS,
                APPEND_ONLY,
                STEP_TO_AUDIT,
                SUGGESTIONS,
                "CREATE TRIGGER case_step_audited AFTER INSERT ON case_step FOR EACH ROW EXECUTE FUNCTION hub_step_to_audit()",
                kept("case_step"),
                kept("audit"),
                "ALTER TABLE approval ADD CONSTRAINT approval_by_another CHECK "
                "(state <> 'approved' OR decided_by IS NOT NULL AND decided_by <> proposer_id)",
                "CREATE UNIQUE INDEX conflict_case_one_open ON conflict_case (group_key) WHERE state <> 'closed'",
            ],
            [
                "DROP INDEX conflict_case_one_open",
                "DROP FUNCTION hub_rule_suggestions(text, jsonb, timestamptz, date)",
                "DROP FUNCTION hub_step_to_audit CASCADE",
                "DROP FUNCTION hub_append_only CASCADE",
            ],
        ),
    ]
