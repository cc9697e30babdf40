"""Where findings, their history and their cases rest."""

from tortoise import fields
from tortoise.contrib.postgres.indexes import GinIndex
from tortoise.indexes import Index

from hub.store.base import ArrayField, Now, Numeric, Row, empty_array

# Detectors take turns, and so does who opens a case from findings. Whoever takes it does so first, before any row, so that
# neither waits for a row while the other waits for the lock. Who closes a case holds its findings instead, and asks for the
# lock only when a detector has one of them in hand. A sync never asks for it.
FINDINGS_LOCK = 7_310_002


class ConflictRow(Row):
    """One finding of a rule. `scope` is the key of the grain that was judged: what is not found again there is retracted.

    `depth` and `strength` are what the rule measured for the terms of the score. `peers` names the findings that recurrence
    and spread are counted over, `days` and `places` what they came to; `hub_terms` puts the terms of the score together.
    While the mean of the partner's months of sales is within `sales_above` and `sales_below` it comes to the same points.
    `order_ids` are the orders among its evidence, by themselves or by a line. `group_key` is the case it may belong to,
    `dismissed_score` the uncapped score at which a person dismissed the finding.
    """

    finding_key = fields.TextField()
    rule = fields.TextField()
    rule_version = fields.IntField(db_default=1)
    policy_version = fields.IntField(null=True)
    parts = ArrayField("text", db_default=empty_array("text"))
    scope = fields.TextField()
    classification = fields.TextField()
    is_full = fields.BooleanField()
    mode = fields.TextField(db_default="case")
    state = fields.TextField(db_default="open")
    partner_id = fields.BigIntField(null=True)
    affected_id = fields.BigIntField(null=True)
    product_id = fields.BigIntField(null=True)
    region_id = fields.BigIntField(null=True)
    accused = fields.TextField(db_default="-")
    victim = fields.TextField(db_default="-")
    product_group = fields.TextField(db_default="-")
    base_sku = fields.TextField(db_default="-")
    region = fields.TextField(db_default="-")
    event_day = fields.DateField()
    value_at_risk = Numeric(null=True)
    value_currency = fields.TextField(null=True)
    depth = Numeric(null=True)
    strength = Numeric(db_default=0)
    peers = fields.TextField(db_default="")
    group_key = fields.TextField(db_default="")
    score = Numeric()
    uncapped_score = Numeric()
    dismissed_score = Numeric(null=True)
    band = fields.TextField()
    days = fields.IntField(db_default=1)
    places = fields.IntField(db_default=1)
    sales_above = fields.FloatField(null=True)
    sales_below = fields.FloatField(null=True)
    caps = fields.JSONField[list[dict[str, object]]](db_default=[])
    capped_by = fields.TextField(null=True)
    evidence = fields.JSONField[dict[str, object]](db_default={})
    filters_tried = fields.JSONField[list[dict[str, object]]](db_default=[])
    order_ids = ArrayField("bigint", db_default=empty_array("bigint"))
    told = fields.BigIntField(db_default=0)
    watermark = fields.JSONField[dict[str, object]](db_default={})
    watermark_at = fields.DatetimeField()
    revision = fields.IntField(db_default=1)
    case_id = fields.BigIntField(null=True)
    evidence_changed = fields.BooleanField(db_default=False)
    detected_at = fields.DatetimeField(db_default=Now())
    judged_at = fields.DatetimeField(db_default=Now())
    changed_at = fields.DatetimeField(db_default=Now())
    resolved_at = fields.DatetimeField(null=True)

    class Meta:
        table = "conflict"
        unique_together = (("finding_key",),)
        indexes = (
            Index(fields=("rule", "scope")),
            Index(fields=("rule", "partner_id", "event_day")),
            Index(fields=("rule", "affected_id", "event_day")),
            Index(fields=("rule", "base_sku", "event_day")),
            Index(fields=("peers", "event_day")),
            Index(fields=("group_key",)),
            Index(fields=("case_id",)),
            Index(fields=("score", "id")),
            Index(fields=("detected_at", "id")),
            GinIndex(fields=("order_ids",)),
        )


class ConflictHistoryRow(Row):
    """A finding as it was before a change."""

    conflict_id = fields.BigIntField()
    revision = fields.IntField()
    classification = fields.TextField()
    state = fields.TextField()
    score = Numeric()
    evidence = fields.JSONField[dict[str, object]](db_default={})
    until = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "conflict_history"
        unique_together = (("conflict_id", "revision"),)


class ConflictCaseRow(Row):
    """Findings of one group that a person works on. `group_key` is rule, accused, victim, product group and month.

    `told_at` is when the partner was first invited to comment, `reply_due_at` when it has had its time. `sla_told`
    says that its owner heard that the present step is overdue. `filed_by_id` is the partner that filed it.
    """

    number = fields.IntField()
    rule = fields.TextField()
    group_key = fields.TextField()
    partner_id = fields.BigIntField(null=True)
    affected_id = fields.BigIntField(null=True)
    region_id = fields.BigIntField(null=True)
    product_group = fields.TextField(db_default="-")
    month = fields.DateField()
    state = fields.TextField(db_default="detected")
    outcome = fields.TextField(null=True)
    dismissal_reason = fields.TextField(null=True)
    score = Numeric()
    band = fields.TextField()
    assignee_id = fields.BigIntField(null=True)
    due_at = fields.DatetimeField(null=True)
    evidence_changed = fields.BooleanField(db_default=False)
    evidence_hash = fields.TextField(null=True)
    mediator_id = fields.BigIntField(null=True)
    filed_by_id = fields.BigIntField(null=True)
    told_at = fields.DatetimeField(null=True)
    reply_due_at = fields.DatetimeField(null=True)
    replied_at = fields.DatetimeField(null=True)
    sla_told = fields.BooleanField(db_default=False)
    disclosed_to_partner = fields.BooleanField(db_default=False)
    disclosed_to_affected = fields.BooleanField(db_default=False)
    previous_case_id = fields.BigIntField(null=True)
    opened_at = fields.DatetimeField(db_default=Now())
    closed_at = fields.DatetimeField(null=True)
    version = fields.IntField(db_default=1)

    class Meta:
        table = "conflict_case"
        unique_together = (("number",),)
        indexes = (
            Index(fields=("group_key", "state")),
            Index(fields=("score", "id")),
            Index(fields=("opened_at", "id")),
            Index(fields=("due_at", "id")),
        )


class CaseStepRow(Row):
    """One step of a case, in the database for good; `actor_id` null is the hub itself. A copy goes to the audit log.

    `kind` is opened, advanced, closed, assigned, mediator, commented, replied, attached, proposed, approved, rejected,
    withdrawn or overdue; `before` and `after` hold what it changed beside the state.
    """

    case_id = fields.BigIntField()
    kind = fields.TextField(db_default="commented")
    actor_id = fields.BigIntField(null=True)
    occurred_at = fields.DatetimeField(db_default=Now())
    from_state = fields.TextField(null=True)
    to_state = fields.TextField(null=True)
    comment = fields.TextField(null=True)
    before = fields.JSONField[dict[str, object]](null=True)
    after = fields.JSONField[dict[str, object]](null=True)
    visible_to_partner = fields.BooleanField(db_default=False)

    class Meta:
        table = "case_step"
        indexes = (Index(fields=("case_id", "occurred_at")),)


class DetectionRow(Row):
    """How far a rule has judged: by which version, as of when, and on what basis (time zone and base currency).

    A rule that is new, or whose version or basis has changed, judges everything once; so does one that failed, for the marks
    of what it could not judge are gone. `failure` says why it did, for operators alone. `read_until`, of the lines of trade
    alone, is when the rules had last read: what was marked before may have been seen in between. `unsettled` are the scopes of
    findings that were written while records changed: they are judged once more with those changes.
    """

    rule = fields.TextField()
    rule_version = fields.IntField()
    basis = fields.TextField()
    judged_to = fields.DatetimeField()
    read_until = fields.DatetimeField(null=True)
    unsettled = fields.JSONField[list[str]](db_default=[])
    failure = fields.TextField(null=True)
    failed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "detection"
        unique_together = (("rule",),)
