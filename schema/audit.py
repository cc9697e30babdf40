"""AuditEntry: one thing somebody did. What was done stays as it was written."""

from datetime import datetime

import strawberry

from schema.compiler.catalog import Sort, column, one, pages, table, values
from schema.conflict import EvidenceFact
from schema.node import GLOBAL_ID, Actor, Node
from schema.paging import Connection
from schema.where import DateTimeFilter, IDFilter, StringFilter, where

NOUNS = {
    "conflict_case": "ConflictCase", "approval": "Approval", "policy_version": "PolicyVersion", "alert": "Alert",
    "trusted_document": "TrustedDocument", "sheet_upload": "SheetUpload", "territory_grant": "TerritoryGrant",
    "source": "Source",
}  # fmt: skip
KINDS = " ".join(f"WHEN '{noun}' THEN '{kind}'" for noun, kind in NOUNS.items())


def facts(column_name: str) -> str:
    """Return what a value of the row unfolds to, field by field."""
    return f"jsonb_each(coalesce({{up.{column_name}}}, '{{{{}}}}'::jsonb)) AS {{row}}"


@table("audit", sorts={"OCCURRED_AT": Sort("occurred_at", "timestamptz")})
@strawberry.type(description="One thing that was done. Entries are added and never changed.")
class AuditEntry(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    occurred_at: datetime = column("occurred_at", "When.")
    actor: Actor | None = one("actor_id", "Who did it; null when the hub or a service did.")
    action: str = column("action", "What was done: `advanced`, `approved`, `published`, `acknowledged`.")
    noun: str = column(
        "noun",
        "To what kind of thing: `conflict_case`, `approval`, `policy_version`, `alert`, `trusted_document`, `sheet_upload`, "
        "`territory_grant`, `source`.",
    )
    subject_id: strawberry.ID | None = column(
        f"hub_global_id(CASE {{noun}} {KINDS} END, {{subject_id}})", "Global id of the thing; for `node`."
    )
    before: list[EvidenceFact] = values(facts("before"), "What was so before, field by field.", order="{key}")
    after: list[EvidenceFact] = values(facts("after"), "What was so afterwards, field by field.", order="{key}")
    reason: str | None = column("reason", "What was said about it.")


@strawberry.input(description="Which entries.")
class AuditFilter:
    noun: StringFilter | None = where("noun", "What kind of thing.")
    action: StringFilter | None = where("action", "What was done.")
    actor: IDFilter | None = where("actor_id", "Who did it.", to="Actor")
    occurred_at: DateTimeFilter | None = where("occurred_at", "When.", cast="timestamptz")


@strawberry.type
class AuditQuery:
    audit_log: Connection[AuditEntry] | None = pages(
        "What people and the hub did to cases, proposals, policies, alerts and sources. Default order: newest first. ADMIN.",
        [("OCCURRED_AT", True)],
        filter=AuditFilter | None,
    )
