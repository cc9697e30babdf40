"""A case as it is held, changed and kept: every change is one step in its log, with what it was before and after."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from hub.conflicts.policy import Policies
from hub.errors import Declined
from hub.store.database import Connection
from hub.store.event import Happening, publish
from hub.store.statements import read_statements

LONGEST_TEXT = 10_000


class Actor(Struct, frozen=True, kw_only=True):
    """Who acts: a user in one of its roles, or a service without a user. `partner_id` is that of a partner's user."""

    user_id: int | None
    role: str
    partner_id: int | None = None


class Desk(Struct, frozen=True):
    """What an act needs beside the case: the transaction, who acts, when, and the policies of that moment."""

    connection: Connection
    actor: Actor
    at: datetime
    policies: Policies


class Case(Struct, frozen=True, kw_only=True):
    """A case as it stands. `mediators` are the users who were ever named to stand between the parties."""

    id: int
    number: int
    rule: str
    group_key: str
    partner_id: int | None
    affected_id: int | None
    region_id: int | None
    product_group: str
    month: date
    state: str
    outcome: str | None
    dismissal_reason: str | None
    score: Decimal
    band: str
    assignee_id: int | None
    mediator_id: int | None
    mediators: Sequence[int]
    filed_by_id: int | None
    due_at: datetime | None
    told_at: datetime | None
    reply_due_at: datetime | None
    replied_at: datetime | None
    sla_told: bool
    disclosed_to_partner: bool
    disclosed_to_affected: bool
    closed_at: datetime | None
    version: int


# What a step says of a change; the state has columns of its own, and the clock follows from it.
LOGGED = ("outcome", "dismissal_reason", "assignee_id", "mediator_id", "disclosed_to_partner", "disclosed_to_affected")
# What subscribers hear of a step; what is between colleagues is a remark to them.
TOLD: Mapping[str, str] = {
    "opened": "opened",
    "assigned": "assigned",
    "mediator": "assigned",
    "advanced": "advanced",
    "overdue": "commented",
    "closed": "closed",
    "commented": "commented",
    "replied": "commented",
    "attached": "commented",
    "noticed": "notice",
    "disclosed": "commented",
    "proposed": "commented",
    "rejected": "commented",
    "withdrawn": "commented",
}


async def hold(desk: Desk, case_id: int, expected_version: int | None = None) -> Case:
    """Return a case, held until the transaction ends. Raises Declined when it is gone or was changed."""
    row = await desk.connection.fetchrow(CASE["hold"].sql, case_id)
    if row is None:
        raise Declined("not_found", "There is no such case.", "没有此案件。", field="caseId")
    case = Case(**{name: row[name] for name in Case.__struct_fields__})
    if expected_version is not None and case.version != expected_version:
        raise Declined(
            "stale",
            f"The case has changed since you read it; its version is {case.version} now.",
            f"该案件在您读取之后已被更改；现版本为 {case.version}。",
            field="expectedVersion",
            version=case.version,
        )
    return case


def demand_no_mediator(desk: Desk, case: Case) -> None:
    """Refuse who mediates or did so before: from then on they take no other part in the case."""
    if desk.actor.user_id in case.mediators:
        raise Declined(
            "policy",
            "You were named mediator of this case and take no other part in it.",
            "您已被指定为此案件的调解人，不得以其他身份参与。",
            field="caseId",
        )


def demand_open(case: Case) -> None:
    """Refuse what cannot be done to a case that has ended."""
    if case.state == "closed":
        raise Declined("step", f"Case {case.number} is closed.", f"案件 {case.number} 已结案。", field="caseId")


def said(text: str | None, field: str, *, required: bool = True) -> str | None:
    """Return a text without the blanks around it; None for none. Raises Declined when it is missing or too long."""
    text = (text or "").strip() or None
    if text is None and required:
        raise Declined("invalid", "Say why, in a few words.", "请简要说明理由。", field=field)
    if text is not None and len(text) > LONGEST_TEXT:
        raise Declined(
            "invalid", f"A text has at most {LONGEST_TEXT:,} characters.", f"文本最多 {LONGEST_TEXT:,} 个字符。", field=field
        )
    return text


async def save(
    desk: Desk,
    before: Case,
    after: Case,
    kind: str,
    comment: str | None = None,
    *,
    visible: bool = False,
    moved: bool = False,
    facts: Mapping[str, object] | None = None,
    told: Sequence[Happening] = (),
) -> None:
    """Keep a changed case with the step that changed it and tell subscribers; the last thing a transaction does.

    `facts` are said of the step beside what differs. `moved` says that the step is a move, so that its states are named.
    """
    differs = [name for name in LOGGED if getattr(before, name) != getattr(after, name)]
    values = structs.asdict(after) | {
        "step": kind,
        "actor_id": desk.actor.user_id,
        "at": desk.at,
        "from_state": before.state if moved else None,
        "to_state": after.state if moved else None,
        "comment": comment,
        "visible": visible,
        "before": {name: getattr(before, name) for name in differs} or None,
        "after": {name: getattr(after, name) for name in differs} | dict(facts or {}) or None,
    }
    (saved,) = await act(desk.connection, "save", values)
    await publish(desk.connection, [*told, Happening("case", TOLD[kind], after.id, {"step": saved["id"]})])


async def act(connection: Connection, name: str, values: Mapping[str, Any]) -> list[Any]:
    """Run one of the statements of cases and return its rows."""
    one = CASE[name]
    rows: list[Any] = await connection.fetch(one.sql, *one.arguments(values))
    return rows


CASE = read_statements(Path(__file__).with_name("case.sql"))
