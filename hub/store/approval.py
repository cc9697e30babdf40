"""What takes two persons: one proposes, another one approves. Two persons are two users, never two tokens."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct
from tortoise import fields
from tortoise.indexes import Index

from hub.clock import now
from hub.errors import Declined
from hub.store.audit import Entry, write
from hub.store.base import Now, Row
from hub.store.database import Connection
from hub.store.statements import statement

Kind = Literal["outward_notice", "case_confirmed", "identity_disclosure"]
Verdict = Literal["approved", "rejected", "withdrawn"]


class ApprovalRow(Row):
    """One proposal about a case, `subject_id`.

    `body` holds what exactly would be done. `decided_by` and `decided_at` are empty while it is `proposed`.
    """

    kind = fields.TextField()
    subject_id = fields.BigIntField()
    body = fields.JSONField[dict[str, object]](db_default={})
    state = fields.TextField(db_default="proposed")
    proposer_id = fields.BigIntField()
    proposed_at = fields.DatetimeField(db_default=Now())
    decided_by = fields.BigIntField(null=True)
    decided_at = fields.DatetimeField(null=True)
    reason = fields.TextField(null=True)
    version = fields.IntField(db_default=1)

    class Meta:
        table = "approval"
        indexes = (Index(fields=("kind", "subject_id")), Index(fields=("proposed_at", "id")))


class Approval(Struct, frozen=True, kw_only=True):
    """A proposal as it stands."""

    id: int
    kind: Kind
    subject_id: int
    body: Mapping[str, Any]
    state: Literal["proposed", "approved", "rejected", "withdrawn"]
    proposer_id: int
    proposed_at: datetime
    decided_by: int | None
    decided_at: datetime | None
    reason: str | None
    version: int


async def propose(
    connection: Connection, kind: Kind, subject_id: int, proposer_id: int | None, body: Mapping[str, object] | None = None
) -> Approval:
    """Write down a proposal and return it. Raises Declined when the proposer is no user who may propose."""
    proposer = await person(connection, proposer_id)
    values = {"kind": kind, "subject_id": subject_id, "body": dict(body or {}), "proposer_id": proposer, "at": now()}
    made = approval(await connection.fetchrow(PROPOSE.sql, *PROPOSE.arguments(values)))
    await write(
        connection,
        Entry(actor_id=proposer, action="proposed", noun="approval", subject_id=made.id, after={"kind": kind, **made.body}),
    )
    return made


async def decide(
    connection: Connection, approval_id: int, user_id: int | None, verdict: Verdict, reason: str | None = None
) -> Approval:
    """Approve, reject or withdraw a proposal and return it; what it was about is for the caller to do, in this transaction.

    Raises Declined when there is none, when it has been decided, when who approves is who proposed, and when somebody
    else than the proposer withdraws.
    """
    decider = await person(connection, user_id)
    row = await connection.fetchrow(HOLD.sql, approval_id)
    if row is None:
        raise Declined("not_found", "There is no such proposal.", "没有此提议。")
    found = approval(row)
    if found.state != "proposed":
        raise Declined("stale", f"This proposal has been {found.state} already.", f"该提议已有决定，状态为 {found.state}。")
    if verdict == "withdrawn" and decider != found.proposer_id:
        raise Declined(
            "policy", "Only who made a proposal withdraws it; reject it instead.", "只有提议人可以撤回提议；请改为拒绝。"
        )
    if verdict == "approved" and decider == found.proposer_id:
        raise Declined(
            "policy",
            "It takes two persons: somebody else has to approve what you proposed.",
            "须双人审批：您的提议须由他人批准。",
        )
    values = {"id": approval_id, "state": verdict, "user_id": decider, "reason": reason, "at": now()}
    decided = approval(await connection.fetchrow(DECIDE.sql, *DECIDE.arguments(values)))
    await write(
        connection,
        Entry(
            actor_id=decider,
            action=verdict,
            noun="approval",
            subject_id=approval_id,
            before={"state": "proposed"},
            after={"state": verdict, "kind": found.kind, "proposer_id": found.proposer_id},
            reason=reason,
        ),
    )
    return decided


async def find(connection: Connection, approval_id: int) -> Approval | None:
    """Return a proposal as it was last; None when there is none. Its case is held before it, as by everybody else."""
    row = await connection.fetchrow(FIND.sql, approval_id)
    return None if row is None else approval(row)


async def pending(connection: Connection, kind: Kind, subject_id: int) -> Approval | None:
    """Return the proposal of this kind that waits for a second person, held until the transaction ends; None without one."""
    row = await connection.fetchrow(PENDING.sql, kind, subject_id)
    return None if row is None else approval(row)


async def lapse(connection: Connection, case_id: int) -> None:
    """Withdraw what waits for a second person about a case that ends."""
    await connection.execute(LAPSE.sql, *LAPSE.arguments({"case_id": case_id, "at": now()}))


async def person(connection: Connection, user_id: int | None) -> int:
    """Return the id of a user who may propose and approve. Raises Declined for a service and for anybody else."""
    if user_id is None:
        raise Declined(
            "policy", "This takes a person: use a token that belongs to a user.", "此操作须由人员进行：请使用属于用户的令牌。"
        )
    if not await connection.fetchval(MAY_APPROVE.sql, user_id):
        raise Declined(
            "policy",
            "This takes an active user with the role admin or channel_manager.",
            "须为启用的用户，角色为 admin 或 channel_manager。",
        )
    return user_id


def approval(row: Mapping[str, Any]) -> Approval:
    """Return a row as a proposal."""
    return Approval(**{name: row[name] for name in Approval.__struct_fields__})


PROPOSE = statement("approval", "propose")
DECIDE = statement("approval", "decide")
FIND = statement("approval", "find")
HOLD = statement("approval", "hold")
LAPSE = statement("approval", "lapse")
PENDING = statement("approval", "pending")
MAY_APPROVE = statement("approval", "may_approve")
