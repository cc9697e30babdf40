"""Freezing what findings rest on; /evidence/<hash> hands it out."""

from typing import Annotated

import strawberry

from hub.clock import now
from hub.evidence.bundle import findings_of, freeze
from schema.auth.roles import demand
from schema.compiler.follow import read_seen
from schema.context import RequestContext
from schema.directives import Cost
from schema.user_error import Refusal, UserError, checked_id, invalid, not_found
from schema.where import asked, given

Info = strawberry.Info[RequestContext, None]
MOST_FINDINGS = 100


@strawberry.input(description="Whose evidence to freeze: findings, or all those of a case.")
class FreezeEvidenceInput:
    conflict_ids: list[strawberry.ID] | None = asked("Findings, 1..100. Either this or `caseId`.")
    case_id: strawberry.ID | None = asked("Case. Either this or `conflictIds`.")


@strawberry.type(description="Answer of `freezeEvidence`.")
class FreezeEvidencePayload:
    hash: str | None = strawberry.field(
        description="SHA-256 of the frozen text: GET `/evidence/<hash>` hands it out. Evidence that did not change is frozen "
        "once. Null when nothing was done."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done.")


@strawberry.type
class EvidenceMutation:
    @strawberry.mutation(
        description="Freezes what findings rest on, records, numbers and policy, as it is now. ADMIN, CHANNEL_MANAGER.",
        directives=[Cost(weight="50")],
    )
    async def freeze_evidence(
        self, info: Info, input: Annotated[FreezeEvidenceInput, strawberry.argument(description="What to do.")]
    ) -> FreezeEvidencePayload | None:
        demand(info.context.viewer, "freezeEvidence")
        try:
            return FreezeEvidencePayload(hash=await frozen(info, input), user_errors=[])
        except Refusal as refusal:
            return FreezeEvidencePayload(hash=None, user_errors=[refusal.error])


async def frozen(info: Info, input: FreezeEvidenceInput) -> str:
    """Freeze what was named, all of which the caller has to see, and return its hash."""
    ids, case = given(input.conflict_ids), given(input.case_id)
    if (ids is None) == (case is None):
        raise invalid(
            "conflictIds",
            "one_of_two",
            "Give `conflictIds` or `caseId`, one of them.",
            "请只给出 `conflictIds` 或 `caseId` 之一。",
        )
    if ids is not None and not 1 <= len(ids) <= MOST_FINDINGS:
        raise invalid(
            "conflictIds", "too_many", f"Name 1 to {MOST_FINDINGS} findings.", f"请指定 1 至 {MOST_FINDINGS} 条线索。"
        )
    field = "conflictIds" if case is None else "caseId"
    findings = await of_case(info, case) if case is not None else {checked_id(field, id, "Conflict") for id in ids or ()}
    if not findings or len(await read_seen(info._raw_info, "Conflict", sorted(findings))) != len(findings):
        raise not_found(field, "Conflict")
    async with info.context.store.transaction() as connection:
        return (await freeze(connection, sorted(findings), now())).hash


async def of_case(info: Info, id: strawberry.ID) -> set[int]:
    """Return the findings of a case the caller may see."""
    case_id = checked_id("caseId", id, "ConflictCase")
    if not await read_seen(info._raw_info, "ConflictCase", [case_id]):
        raise not_found("caseId", "ConflictCase")
    async with info.context.store.connection() as connection:
        return set(await findings_of(connection, case_id))
