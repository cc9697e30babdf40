"""How a case goes from step to step, and how it ends.

Nothing here acts on a partner. An outcome is a person's word on what the records show, and `confirmed` takes two persons.
"""

from msgspec import structs

from hub.cases.case import CASE, Case, Desk, act, demand_no_mediator, demand_open, hold, said, save
from hub.cases.place import switch
from hub.conflicts import calendar
from hub.conflicts.procedure import DISMISSALS, EXPIRING, REPLY_DAYS, STEPS, goes_back, moves
from hub.errors import Declined
from hub.evidence.bundle import freeze_case
from hub.store import approval, dirty
from hub.store.conflict import FINDINGS_LOCK
from hub.store.event import Happening


async def advance(
    desk: Desk, case_id: int, to: str, comment: str | None, *, outcome: str | None = None, expected_version: int | None = None
) -> None:
    """Bring a case into another step, or close it with an outcome other than dismissed.

    A case that is reported has what it rests on frozen. Closing as confirmed proposes; the same said by another user approves.
    Raises Declined.
    """
    case = await (hold_whole if to == "closed" else hold)(desk, case_id, expected_version)
    demand_no_mediator(desk, case)
    if (to == "closed") != (outcome is not None):
        raise Declined(
            "invalid",
            "A case is closed with an outcome, and has none before.",
            "案件结案时须给出结论，结案前不得给出。",
            field="outcome",
        )
    await demand_move(desk, case, to)
    if to == "closed":
        await close(desk, case, str(outcome), said(comment, "comment"))
        return
    reason = said(comment, "comment", required=STEPS[to].reasoned or goes_back(case.state, to))
    frozen = await freeze_case(desk.connection, case_id, desk.at) if to == "reported" else None
    facts = None if frozen is None else {"evidence": frozen.hash}
    await save(desk, case, entered(desk, case, to), "advanced", reason, moved=True, facts=facts)


async def demand_move(desk: Desk, case: Case, to: str) -> None:
    """Refuse a move that the procedure does not have, or not for this role, or not yet."""
    allowed = moves(case.state, desk.actor.role)
    if to not in STEPS[case.state].following:
        raise Declined(
            "step",
            f"A case that is {case.state} cannot become {to}.",
            f"状态为 {case.state} 的案件不能转为 {to}。",
            field="toState",
            allowed=allowed,
        )
    if to not in allowed:
        who = " / ".join(sorted(STEPS[to].brought_by))
        raise Declined(
            "policy",
            f"Only the role {who} brings a case to {to}.",
            f"只有以下角色可将案件转为 {to}：{who}。",
            field="toState",
        )
    if to == "negotiating" and case.replied_at is None and not reply_is_over(desk, case):
        en, zh = when(case)
        raise Declined("policy", f"The partner has until {en} to reply.", f"渠道商仍可答复，期限：{zh}。", field="toState")
    if to == "mediation" and case.mediator_id is None:
        raise Declined("policy", "Name a mediator first.", "请先指定调解人。", field="toState")


def reply_is_over(desk: Desk, case: Case) -> bool:
    """Say whether the partner was invited to reply and has had its time."""
    return case.reply_due_at is not None and case.reply_due_at <= desk.at


def when(case: Case) -> tuple[str, str]:
    """Return the end of the time to reply as a text, in English and Chinese."""
    if case.reply_due_at is None:
        return "an invitation and five business days after it", "发出邀请后五个工作日"
    until = f"{case.reply_due_at:%Y-%m-%d %H:%M} UTC"
    return until, until


def entered(desk: Desk, case: Case, to: str) -> Case:
    """Return the case as it enters a step: its clock starts anew, and with an investigation the partner's time to reply."""
    fresh = structs.replace(case, state=to, due_at=calendar.due(desk.at, to, desk.policies), sla_told=False)
    if to != "investigating":
        return fresh
    return structs.replace(
        fresh,
        told_at=case.told_at or desk.at,
        reply_due_at=calendar.after(desk.at, REPLY_DAYS, desk.policies),
        replied_at=None,
    )


async def close(desk: Desk, case: Case, outcome: str, reason: str | None) -> None:
    """Close a case by the outcome somebody asked for."""
    if outcome == "dismissed":
        raise Declined(
            "invalid",
            "A dismissal names its reason: use dismissCase.",
            "驳回须注明理由：请使用 dismissCase。",
            field="outcome",
        )
    if outcome == "expired" and case.state not in EXPIRING:
        raise Declined(
            "policy",
            "Only a case nobody took up expires; withdraw or dismiss this one.",
            "只有无人受理的案件才会到期；请撤回或驳回此案件。",
            field="outcome",
        )
    if outcome == "confirmed":
        await confirm(desk, case, reason)
    else:
        await end(desk, case, outcome, reason)


async def confirm(desk: Desk, case: Case, reason: str | None) -> None:
    """Propose that a case be confirmed, or, when another user has, confirm it."""
    await demand_confirmable(desk, case)
    waiting = await approval.pending(desk.connection, "case_confirmed", case.id)
    if waiting is None:
        made = await approval.propose(desk.connection, "case_confirmed", case.id, desk.actor.user_id, {"reason": reason})
        await save(desk, case, case, "proposed", reason, facts={"approval": made.id, "kind": made.kind})
        return
    await approval.decide(desk.connection, waiting.id, desk.actor.user_id, "approved", reason)
    await end(desk, case, "confirmed", reason, facts={"approval": waiting.id, "proposer_id": waiting.proposer_id})


async def demand_confirmable(desk: Desk, case: Case) -> None:
    """Refuse to confirm before the partner had its time to reply, and what may only be observed."""
    demand_open(case)
    if not reply_is_over(desk, case):
        en, zh = when(case)
        raise Declined(
            "policy",
            f"Nothing is confirmed before the partner had its time to reply: until {en}.",
            f"渠道商的答复期限届满前不予确认。期限：{zh}。",
            field="outcome",
        )
    if await only_observed(desk, case):
        raise Declined(
            "policy",
            "Where this case lies such findings are only observed; nothing is confirmed.",
            "此案件所在地区对该类线索仅作观察，不予确认。",
            field="outcome",
        )


async def only_observed(desk: Desk, case: Case) -> bool:
    """Say whether what a case holds, or where it lies today, allows no more than looking: no outcome and no addressee."""
    modes = {row["mode"] for row in await act(desk.connection, "modes", {"case_id": case.id})}
    return modes == {"observe"} or await switch(desk, case) != "case"


async def dismiss(desk: Desk, case_id: int, reason: str, comment: str | None, *, expected_version: int | None = None) -> None:
    """Close a case as no conflict, for a reason of the list; its open findings are dismissed with it. Raises Declined."""
    case = await hold_whole(desk, case_id, expected_version)
    demand_no_mediator(desk, case)
    await demand_move(desk, case, "closed")
    if reason not in DISMISSALS:
        known = ", ".join(DISMISSALS)
        raise Declined("invalid", f"Choose one of {known}.", f"请从以下理由中选择：{known}。", field="reason")
    await end(desk, case, "dismissed", said(comment, "comment", required=False), dismissal=reason)


async def end(
    desk: Desk,
    case: Case,
    outcome: str,
    comment: str | None,
    *,
    dismissal: str | None = None,
    facts: dict[str, object] | None = None,
) -> None:
    """Close a case; what the outcome says of its findings is written to them, and their peers are to be scored again."""
    told: list[Happening] = []
    if outcome in ("confirmed", "dismissed"):
        values = {"case_id": case.id, "verdict": outcome, "at": desk.at}
        judged = await act(desk.connection, "judge", values)
        await dirty.mark(desk.connection, [("conflict", row["id"], None) for row in judged])
        told = [Happening("conflict", "changed", row["id"], {"score_before": float(row["score"])}) for row in judged]
    await approval.lapse(desk.connection, case.id)
    closed = structs.replace(case, state="closed", outcome=outcome, dismissal_reason=dismissal, due_at=None, closed_at=desk.at)
    await save(desk, case, closed, "closed", comment, moved=True, facts=facts, told=told)


async def hold_whole(desk: Desk, case_id: int, expected_version: int | None = None) -> Case:
    """Return a case held with its findings. Waits for a detector only when that has one of them in hand.

    A detector takes findings before cases. Whoever holds a case therefore never waits for a finding, but lets go of the case.
    """
    attempt = desk.connection.transaction()
    await attempt.start()
    case = await hold(desk, case_id, expected_version)
    if await desk.connection.fetchval(CASE["hold_findings"].sql, case_id):
        await attempt.commit()
        return case
    await attempt.rollback()
    await hold_findings(desk)
    return await hold(desk, case_id, expected_version)


async def hold_findings(desk: Desk) -> None:
    """Wait until no detector is at work, before anything is held that one may want."""
    await desk.connection.execute("SELECT pg_advisory_xact_lock($1)", FINDINGS_LOCK)
