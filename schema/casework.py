"""Working on cases: everything people do to one. What is allowed when stands in hub/cases; here it is who may ask for it.

Whatever names a case, a finding or a proposal is looked up as the caller sees it first: what it may not see is not there.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Annotated, TypeVar

import strawberry

from hub.cases import moves, opening, outward, people, talk
from hub.cases.case import Actor, Desk
from hub.clock import now
from hub.conflicts.policy import read_policies
from hub.errors import Declined
from hub.store import approval
from hub.store.approval import Verdict
from hub.store.database import Connection
from schema.auth.roles import demand
from schema.compiler.door import read_row
from schema.compiler.follow import read_seen
from schema.conflict import CaseOutcome, CaseState, DismissalReason
from schema.context import RequestContext
from schema.directives import Cost
from schema.ids import global_id
from schema.once import once
from schema.scalars import RuleId
from schema.user_error import Refusal, UserError, checked_id, declined, invalid, not_found
from schema.where import asked, given

if TYPE_CHECKING:
    from schema.affected import AffectedCase
    from schema.approval import Approval, Notice
    from schema.conflict import ConflictCase

Info = strawberry.Info[RequestContext, None]
Payload = TypeVar("Payload")
CASE = "Case."
VERSION = "Version the caller read."
KEY = "1..64 characters. The same key within 24 hours gives the same answer and does nothing."
WHY = "Why, at most 10,000 characters."
SHOWN = "Whether the partner may read it. What a partner adds itself is always visible to it."
NOTHING_DONE = "Why nothing was done."


@strawberry.enum(description="One side of a case.")
class Side(Enum):
    PARTNER = strawberry.enum_value("partner", description="The partner the records point at.")
    AFFECTED = strawberry.enum_value("affected", description="The partner whose rights may be touched.")


@strawberry.enum(description="What becomes of a proposal.")
class ApprovalDecision(Enum):
    APPROVE = strawberry.enum_value("approved", description="It is done; never by who proposed it.")
    REJECT = strawberry.enum_value("rejected", description="It is not done.")
    WITHDRAW = strawberry.enum_value("withdrawn", description="Its proposer takes it back.")


@strawberry.input(description="A finding to open a case from.")
class OpenCaseInput:
    conflict_id: strawberry.ID = strawberry.field(
        description="Finding, open, in a full class, and of mode CASE; the other open findings of its group join."
    )
    comment: str | None = asked(WHY)
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.input(description="What a partner holds against it happened. Whoever it was need not be known.")
class FileCaseInput:
    rule_id: RuleId = strawberry.field(description="Kind of matter, by the rule that looks for it.")
    product_group: str = strawberry.field(description="Product group, 1..100 characters.")
    month: date = strawberry.field(description="Any day of the month it happened in.")
    region_id: strawberry.ID | None = asked("Region it happened in; null = nowhere in particular.")
    comment: str = strawberry.field(description="What happened, 1..10,000 characters. Only colleagues of the brand read it.")
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.input(description="Who shall work on a case.")
class AssignCaseInput:
    case_id: strawberry.ID = strawberry.field(description=CASE)
    assignee_id: strawberry.ID | None = asked("Account (`Actor` or `User`); null = nobody.")
    expected_version: int = strawberry.field(description=VERSION)


@strawberry.input(description="Who shall mediate: a user without any other part in the case.")
class NameMediatorInput:
    case_id: strawberry.ID = strawberry.field(description=CASE)
    mediator_id: strawberry.ID = strawberry.field(description="Account (`Actor` or `User`).")
    expected_version: int = strawberry.field(description=VERSION)


@strawberry.input(description="Next step of a case. CLOSED with CONFIRMED proposes; the same call by another person approves.")
class AdvanceCaseInput:
    case_id: strawberry.ID = strawberry.field(description=CASE)
    to_state: CaseState = strawberry.field(description="State to enter; one of `allowedTransitions`. CLOSED needs `outcome`.")
    outcome: CaseOutcome | None = asked(
        "CONFIRMED, WITHDRAWN or EXPIRED when `toState` is CLOSED; a dismissal uses `dismissCase`."
    )
    comment: str | None = asked("Why; required when the case is reported, goes back or closes. At most 10,000 characters.")
    expected_version: int = strawberry.field(description=VERSION)


@strawberry.input(description="Why a case is no conflict.")
class DismissCaseInput:
    case_id: strawberry.ID = strawberry.field(description=CASE)
    reason: DismissalReason = strawberry.field(description="Reason.")
    comment: str | None = asked("Explanation, at most 10,000 characters.")
    expected_version: int = strawberry.field(description=VERSION)


@strawberry.input(description="A remark on a case.")
class CommentCaseInput:
    case_id: strawberry.ID = strawberry.field(description=CASE)
    comment: str = strawberry.field(description="1..10,000 characters of plain text.")
    visible_to_partner: bool = strawberry.field(default=False, description=SHOWN)
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.input(description="The partner's reply while a case is INVESTIGATING.")
class ReplyToCaseInput:
    case_id: strawberry.ID = strawberry.field(description=CASE)
    reply: str = strawberry.field(description="1..10,000 characters of plain text.")
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.input(description="A file to add to a case; its bytes were sent before by POST to `/attachments`.")
class AttachToCaseInput:
    case_id: strawberry.ID = strawberry.field(description=CASE)
    upload_id: strawberry.ID = strawberry.field(description="What `/attachments` answered, within a day, to the same user.")
    visible_to_partner: bool = strawberry.field(default=False, description=SHOWN)
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.input(description="A text to the partner of a case.")
class ProposeNoticeInput:
    case_id: strawberry.ID = strawberry.field(description=CASE)
    text: str | None = asked(
        "1..10,000 characters of plain text. Left out for findings on prices: where anything may be sent at all, it is the "
        "published policy text, the same for all."
    )
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.input(description="Telling one side of a case who the other is.")
class ProposeDisclosureInput:
    case_id: strawberry.ID = strawberry.field(description=CASE)
    to: Side = strawberry.field(description="Who would learn it.")
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.input(description="Approval of a notice.")
class ApproveNoticeInput:
    notice_id: strawberry.ID = strawberry.field(description="Notice.")
    expected_version: int = strawberry.field(description=VERSION)
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.input(description="What becomes of a proposal.")
class DecideApprovalInput:
    approval_id: strawberry.ID = strawberry.field(description="Proposal.")
    decision: ApprovalDecision = strawberry.field(description="What becomes of it.")
    reason: str | None = asked(WHY)
    expected_version: int = strawberry.field(description=VERSION)


@strawberry.type(description="Answer of the mutations on one case.")
class CasePayload:
    row_id: strawberry.Private[int | None]
    user_errors: list[UserError] = strawberry.field(description=NOTHING_DONE)

    @strawberry.field(description="The case as it is now; null when nothing was done.")
    async def case(self, info: Info) -> Annotated["ConflictCase", strawberry.lazy("schema.conflict")] | None:
        if self.row_id is None:
            return None
        return await read_row(info, "ConflictCase", self.row_id)  # type: ignore[return-value]


@strawberry.type(description="Answer of `fileCase`.")
class FileCasePayload:
    row_id: strawberry.Private[int | None]
    user_errors: list[UserError] = strawberry.field(description=NOTHING_DONE)

    @strawberry.field(description="The case as the partner that filed it may know of it; null when nothing was done.")
    async def case(self, info: Info) -> Annotated["AffectedCase", strawberry.lazy("schema.affected")] | None:
        if self.row_id is None:
            return None
        return await read_row(info, "AffectedCase", self.row_id)  # type: ignore[return-value]


@strawberry.type(description="Answer of the mutations on one proposal.")
class ApprovalPayload:
    row_id: strawberry.Private[int | None]
    user_errors: list[UserError] = strawberry.field(description=NOTHING_DONE)

    @strawberry.field(description="The proposal as it is now; null when nothing was done.")
    async def approval(self, info: Info) -> Annotated["Approval", strawberry.lazy("schema.approval")] | None:
        if self.row_id is None:
            return None
        return await read_row(info, "Approval", self.row_id)  # type: ignore[return-value]


@strawberry.type(description="Answer of `approveNotice`.")
class ApproveNoticePayload:
    row_id: strawberry.Private[int | None]
    user_errors: list[UserError] = strawberry.field(description=NOTHING_DONE)

    @strawberry.field(description="The notice as it is now; null when nothing was done.")
    async def notice(self, info: Info) -> Annotated["Notice", strawberry.lazy("schema.approval")] | None:
        if self.row_id is None:
            return None
        return await read_row(info, "Notice", self.row_id)  # type: ignore[return-value]


@strawberry.type
class CaseMutation:
    @strawberry.mutation(
        description="Opens a case for the group of a finding. ADMIN, CHANNEL_MANAGER.", directives=[Cost(weight="10")]
    )
    async def open_case(
        self, info: Info, input: Annotated[OpenCaseInput, strawberry.argument(description="What to do.")]
    ) -> CasePayload | None:
        async def act() -> int:
            finding = await seen(info, "conflictId", input.conflict_id, "Conflict")
            comment = given(input.comment)
            asked_for = {"conflict": finding, "comment": comment}
            return await keyed(
                info, "openCase", input.idempotency_key, asked_for, lambda desk: opening.open_case(desk, finding, comment)
            )

        return await answered(info, "openCase", CasePayload, act)

    @strawberry.mutation(
        description="Files a case in the step REPORTED. PARTNER, about what touches its own rights.",
        directives=[Cost(weight="10")],
    )
    async def file_case(
        self, info: Info, input: Annotated[FileCaseInput, strawberry.argument(description="What to do.")]
    ) -> FileCasePayload | None:
        async def act() -> int:
            return await filed(info, input)

        return await answered(info, "fileCase", FileCasePayload, act)

    @strawberry.mutation(description="Gives a case to somebody. ADMIN, CHANNEL_MANAGER.", directives=[Cost(weight="10")])
    async def assign_case(
        self, info: Info, input: Annotated[AssignCaseInput, strawberry.argument(description="What to do.")]
    ) -> CasePayload | None:
        async def act() -> int:
            case_id = await seen(info, "caseId", input.case_id, "ConflictCase")
            text = given(input.assignee_id)
            user_id = None if text is None else account("assigneeId", text)
            async with desk_of(info) as desk:
                await people.assign(desk, case_id, user_id, expected_version=input.expected_version)
            return case_id

        return await answered(info, "assignCase", CasePayload, act)

    @strawberry.mutation(description="Names the mediator of a case. ADMIN.", directives=[Cost(weight="10")])
    async def name_mediator(
        self, info: Info, input: Annotated[NameMediatorInput, strawberry.argument(description="What to do.")]
    ) -> CasePayload | None:
        async def act() -> int:
            case_id = await seen(info, "caseId", input.case_id, "ConflictCase")
            user_id = account("mediatorId", input.mediator_id)
            async with desk_of(info) as desk:
                await people.name_mediator(desk, case_id, user_id, expected_version=input.expected_version)
            return case_id

        return await answered(info, "nameMediator", CasePayload, act)

    @strawberry.mutation(
        description="Moves a case to another step. ADMIN, CHANNEL_MANAGER; to TRIAGED also ANALYST; to MEDIATION and "
        "ARBITRATION ADMIN alone.",
        directives=[Cost(weight="10")],
    )
    async def advance_case(
        self, info: Info, input: Annotated[AdvanceCaseInput, strawberry.argument(description="What to do.")]
    ) -> CasePayload | None:
        async def act() -> int:
            case_id = await seen(info, "caseId", input.case_id, "ConflictCase")
            outcome = given(input.outcome)
            async with desk_of(info) as desk:
                await moves.advance(
                    desk,
                    case_id,
                    str(input.to_state.value),
                    given(input.comment),
                    outcome=None if outcome is None else str(outcome.value),
                    expected_version=input.expected_version,
                )
            return case_id

        return await answered(info, "advanceCase", CasePayload, act)

    @strawberry.mutation(description="Closes a case as no conflict. ADMIN, CHANNEL_MANAGER.", directives=[Cost(weight="10")])
    async def dismiss_case(
        self, info: Info, input: Annotated[DismissCaseInput, strawberry.argument(description="What to do.")]
    ) -> CasePayload | None:
        async def act() -> int:
            case_id = await seen(info, "caseId", input.case_id, "ConflictCase")
            async with desk_of(info) as desk:
                await moves.dismiss(
                    desk, case_id, str(input.reason.value), given(input.comment), expected_version=input.expected_version
                )
            return case_id

        return await answered(info, "dismissCase", CasePayload, act)

    @strawberry.mutation(
        description="Adds a remark to a case. ADMIN, ANALYST, CHANNEL_MANAGER, and PARTNER on a case about itself from "
        "INVESTIGATING on.",
        directives=[Cost(weight="10")],
    )
    async def comment_case(
        self, info: Info, input: Annotated[CommentCaseInput, strawberry.argument(description="What to do.")]
    ) -> CasePayload | None:
        async def act() -> int:
            case_id = await seen(info, "caseId", input.case_id, "ConflictCase")
            asked_for = {"case": case_id, "comment": input.comment, "visible": input.visible_to_partner}

            async def done(desk: Desk) -> int:
                await talk.comment(desk, case_id, input.comment, visible=input.visible_to_partner)
                return case_id

            return await keyed(info, "commentCase", input.idempotency_key, asked_for, done)

        return await answered(info, "commentCase", CasePayload, act)

    @strawberry.mutation(
        description="Replies to an investigation. PARTNER, on a case about itself.", directives=[Cost(weight="10")]
    )
    async def reply_to_case(
        self, info: Info, input: Annotated[ReplyToCaseInput, strawberry.argument(description="What to do.")]
    ) -> CasePayload | None:
        async def act() -> int:
            case_id = await seen(info, "caseId", input.case_id, "ConflictCase")

            async def done(desk: Desk) -> int:
                await talk.reply(desk, case_id, input.reply)
                return case_id

            return await keyed(info, "replyToCase", input.idempotency_key, {"case": case_id, "reply": input.reply}, done)

        return await answered(info, "replyToCase", CasePayload, act)

    @strawberry.mutation(
        description="Adds a file to a case. ADMIN, ANALYST, CHANNEL_MANAGER, and PARTNER on a case about itself from "
        "INVESTIGATING on.",
        directives=[Cost(weight="10")],
    )
    async def attach_to_case(
        self, info: Info, input: Annotated[AttachToCaseInput, strawberry.argument(description="What to do.")]
    ) -> CasePayload | None:
        async def act() -> int:
            case_id = await seen(info, "caseId", input.case_id, "ConflictCase")
            upload_id = checked_id("uploadId", input.upload_id, "Upload")
            asked_for = {"case": case_id, "upload": upload_id, "visible": input.visible_to_partner}

            async def done(desk: Desk) -> int:
                await talk.attach(desk, case_id, upload_id, visible=input.visible_to_partner)
                return case_id

            return await keyed(info, "attachToCase", input.idempotency_key, asked_for, done)

        return await answered(info, "attachToCase", CasePayload, act)

    @strawberry.mutation(
        description="Proposes a text to the partner of a case; another person approves it. ADMIN, CHANNEL_MANAGER.",
        directives=[Cost(weight="10")],
    )
    async def propose_notice(
        self, info: Info, input: Annotated[ProposeNoticeInput, strawberry.argument(description="What to do.")]
    ) -> ApprovalPayload | None:
        async def act() -> int:
            case_id = await seen(info, "caseId", input.case_id, "ConflictCase")
            text = given(input.text)
            return await keyed(
                info,
                "proposeNotice",
                input.idempotency_key,
                {"case": case_id, "text": text},
                lambda desk: outward.propose_notice(desk, case_id, text),
            )

        return await answered(info, "proposeNotice", ApprovalPayload, act)

    @strawberry.mutation(
        description="Proposes to tell one side of a case who the other is; another person approves it. ADMIN, CHANNEL_MANAGER.",
        directives=[Cost(weight="10")],
    )
    async def propose_disclosure(
        self, info: Info, input: Annotated[ProposeDisclosureInput, strawberry.argument(description="What to do.")]
    ) -> ApprovalPayload | None:
        async def act() -> int:
            case_id = await seen(info, "caseId", input.case_id, "ConflictCase")
            to: outward.Side = "partner" if input.to is Side.PARTNER else "affected"
            return await keyed(
                info,
                "proposeDisclosure",
                input.idempotency_key,
                {"case": case_id, "to": to},
                lambda desk: outward.propose_disclosure(desk, case_id, to),
            )

        return await answered(info, "proposeDisclosure", ApprovalPayload, act)

    @strawberry.mutation(
        description="Approves a notice to a partner. A person with ADMIN or CHANNEL_MANAGER other than its proposer; never a "
        "SERVICE token.",
        directives=[Cost(weight="10")],
    )
    async def approve_notice(
        self, info: Info, input: Annotated[ApproveNoticeInput, strawberry.argument(description="What to do.")]
    ) -> ApproveNoticePayload | None:
        async def act() -> int:
            notice_id = await seen(info, "noticeId", input.notice_id, "Notice")

            async def done(desk: Desk) -> int:
                await decided(desk, notice_id, "approved", None, input.expected_version)
                return notice_id

            return await keyed(info, "approveNotice", input.idempotency_key, {"notice": notice_id}, done)

        return await answered(info, "approveNotice", ApproveNoticePayload, act)

    @strawberry.mutation(
        description="Approves, rejects or withdraws a proposal. Approving takes another person than its proposer. ADMIN, "
        "CHANNEL_MANAGER.",
        directives=[Cost(weight="10")],
    )
    async def decide_approval(
        self, info: Info, input: Annotated[DecideApprovalInput, strawberry.argument(description="What to do.")]
    ) -> ApprovalPayload | None:
        async def act() -> int:
            approval_id = await seen(info, "approvalId", input.approval_id, "Approval")
            async with desk_of(info) as desk:
                await decided(desk, approval_id, VERDICTS[input.decision], given(input.reason), input.expected_version)
            return approval_id

        return await answered(info, "decideApproval", ApprovalPayload, act)


VERDICTS: Mapping[ApprovalDecision, Verdict] = {
    ApprovalDecision.APPROVE: "approved",
    ApprovalDecision.REJECT: "rejected",
    ApprovalDecision.WITHDRAW: "withdrawn",
}


async def answered(info: Info, mutation: str, payload: Callable[..., Payload], act: Callable[[], Awaitable[int]]) -> Payload:
    """Do what was asked and return the answer: with the row it was done to, or with the reason why nothing was done."""
    demand(info.context.viewer, mutation)
    try:
        return payload(row_id=await act(), user_errors=[])
    except Refusal as refusal:
        return payload(row_id=None, user_errors=[refusal.error])
    except Declined as error:
        return payload(row_id=None, user_errors=[declined(error).error])


async def seen(info: Info, field: str, text: str, kind: str) -> int:
    """Return the id of a row that the caller may see."""
    number = checked_id(field, text, kind)
    if not await read_seen(info._raw_info, kind, [number]):
        raise not_found(field, kind)
    return number


def account(field: str, text: str) -> int:
    """Return the id of an account, whichever of its two types names it."""
    return checked_id(field, text, "User" if text.startswith(USER_ID) else "Actor")


# How the id of any user begins: an id is the name of its type and a number, three letters to four characters.
USER_ID = global_id("User", 0)[:6]


async def keyed(
    info: Info,
    mutation: str,
    key: str,
    asked_for: Mapping[str, object],
    act: Callable[[Desk], Awaitable[int]],
) -> int:
    """Do something once for its key, and return the id it gave; asked again with the key, the same id."""
    async with once(info.context, mutation, key, asked_for) as turn:
        if turn.fresh:
            turn.answer["id"] = await act(await at_desk(info, turn.connection))
        return int(turn.answer["id"])


@asynccontextmanager
async def desk_of(info: Info) -> AsyncIterator[Desk]:
    """Lend the caller a desk in a transaction of its own."""
    async with info.context.store.transaction() as connection:
        yield await at_desk(info, connection)


async def at_desk(info: Info, connection: Connection) -> Desk:
    """Return the desk at which the caller acts now."""
    viewer, at = info.context.viewer, now()
    actor = Actor(user_id=viewer.user_id, role=str(viewer.role.value), partner_id=viewer.partner_id)
    return Desk(connection, actor, at, await read_policies(connection, at))


async def filed(info: Info, input: FileCaseInput) -> int:
    """File a case and return its id."""
    text = given(input.region_id)
    region_id = None if text is None else await seen(info, "regionId", text, "Region")
    group = input.product_group.strip()
    if not 1 <= len(group) <= 100 or "|" in group or not group.isprintable():
        raise invalid(
            "productGroup",
            "invalid",
            "A product group has 1 to 100 printable characters and no bar.",
            "产品组为 1 至 100 个可显示字符，且不含竖线。",
        )
    asked_for = {
        "rule": input.rule_id,
        "group": group,
        "month": input.month.isoformat(),
        "region": region_id,
        "comment": input.comment,
    }
    return await keyed(
        info,
        "fileCase",
        input.idempotency_key,
        asked_for,
        lambda desk: opening.file_case(desk, input.rule_id, group, input.month, region_id, input.comment),
    )


async def decided(desk: Desk, approval_id: int, verdict: Verdict, reason: str | None, expected_version: int) -> None:
    """Decide on a proposal that is as the caller read it."""
    found = await approval.find(desk.connection, approval_id)
    if found is not None and found.version != expected_version:
        raise Declined(
            "stale",
            "The proposal has changed since you read it.",
            "该提议在您读取之后已被更改。",
            field="expectedVersion",
            version=found.version,
        )
    await outward.decide(desk, approval_id, verdict, reason)
