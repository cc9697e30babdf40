"""Approval: what takes two persons. Notice: one kind of it, a text to the partner of a case."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.compiler.catalog import Sort, column, one, pages, table
from schema.node import GLOBAL_ID, Actor, Node
from schema.paging import Connection
from schema.where import Choice, where

if TYPE_CHECKING:
    from schema.conflict import CaseOutcome, CaseState, ConflictCase
    from schema.partner import Partner


@strawberry.enum(description="What takes two persons.")
class ApprovalKind(Enum):
    OUTWARD_NOTICE = strawberry.enum_value("outward_notice", description="A text to the partner of a case.")
    CASE_CONFIRMED = strawberry.enum_value("case_confirmed", description="Closing a case as confirmed.")
    IDENTITY_DISCLOSURE = strawberry.enum_value(
        "identity_disclosure", description="Telling one side of a case who the other is."
    )


@strawberry.enum(description="State of what was proposed.")
class ApprovalState(Enum):
    PROPOSED = strawberry.enum_value("proposed", description="Waits for a second person.")
    APPROVED = strawberry.enum_value("approved", description="Another person approved it, and it was done.")
    REJECTED = strawberry.enum_value("rejected", description="Somebody rejected it.")
    WITHDRAWN = strawberry.enum_value("withdrawn", description="Its proposer withdrew it, or its case ended.")


@table("approval", sorts={"PROPOSED_AT": Sort("proposed_at", "timestamptz")})
@strawberry.type(description="Something one person proposed and another one has to approve. Both stay on record.")
class Approval(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    kind: ApprovalKind = column("kind", "What it is.")
    state: ApprovalState = column("state", "State.")
    case: Annotated["ConflictCase", strawberry.lazy("schema.conflict")] | None = one("subject_id", "Case it is about.")
    text: str | None = column("{body} ->> 'text'", "Text of a notice; null for anything else.")
    to: str | None = column("upper({body} ->> 'to')", "Who would learn of the other side: `PARTNER`, `AFFECTED`; else null.")
    proposed_by: Actor | None = one("proposer_id", "Who proposed it. The same person cannot approve it.")
    proposed_at: datetime = column("proposed_at", "When that was.")
    decided_by: Actor | None = one("decided_by", "Who approved, rejected or withdrew it; null = nobody yet.")
    decided_at: datetime | None = column("decided_at", "When that was.")
    reason: str | None = column("reason", "What was said about the decision.")
    version: int = column("version", "Number that grows with every change; for `expectedVersion`.")


@table("approval", only="{kind} = 'case_confirmed'")
@strawberry.type(description="A step that needs a second person.")
class PendingApproval:
    to_state: Annotated["CaseState", strawberry.lazy("schema.conflict")] = column(
        "'closed'::text", "State to enter.", always=True
    )
    outcome: Annotated["CaseOutcome", strawberry.lazy("schema.conflict")] | None = column(
        "'confirmed'::text", "Outcome proposed; null when the step does not close the case."
    )
    proposed_by: Actor | None = one("proposer_id", "Who proposed it. The same person cannot approve it.")
    proposed_at: datetime = column("proposed_at", "When it was proposed.")


@table("approval", only="{kind} = 'outward_notice'")
@strawberry.type(
    description="A text to the partner of a case. Only a second person can approve it. The hub sends nothing: an approved "
    "notice is on record as sent, and the partner can read it."
)
class Notice(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    case: Annotated["ConflictCase", strawberry.lazy("schema.conflict")] | None = one("subject_id", "Case.")
    partner: Annotated["Partner", strawberry.lazy("schema.partner")] | None = one(
        "{id} = (SELECT about.partner_id FROM conflict_case AS about WHERE about.id = {up.subject_id})",
        "Partner it is addressed to; null when hidden from the caller.",
    )
    state: ApprovalState = column("state", "State.")
    text: str = column("coalesce({body} ->> 'text', '')", "What it says.", always=True)
    proposed_by: Actor | None = one("proposer_id", "Who proposed it. The same person cannot approve it.")
    approved_by: Actor | None = one("{id} = {up.decided_by} AND {up.state} = 'approved'", "Who approved it; null = nobody yet.")
    approved_at: datetime | None = column("CASE WHEN {state} = 'approved' THEN {decided_at} END", "When it was approved.")
    sent_at: datetime | None = column(
        "CASE WHEN {state} = 'approved' THEN {decided_at} END", "Since when the partner can read it; null = it cannot."
    )
    version: int = column("version", "Number that grows with every change; for `expectedVersion`.")


@strawberry.input(description="Conditions on ApprovalState.")
class ApprovalStateFilter(Choice[ApprovalState]):
    pass


@strawberry.input(description="Conditions on ApprovalKind.")
class ApprovalKindFilter(Choice[ApprovalKind]):
    pass


@strawberry.input(description="Which proposals.")
class ApprovalFilter:
    state: ApprovalStateFilter | None = where("state", "State. Default PROPOSED when the whole filter is left out.")
    kind: ApprovalKindFilter | None = where("kind", "What it is.")


@strawberry.type
class ApprovalQuery:
    approvals: Connection[Approval] | None = pages(
        "What takes two persons. Default order: newest first.",
        [("PROPOSED_AT", True)],
        filter=ApprovalFilter | None,
        unfiltered="{state} = 'proposed'",
    )
