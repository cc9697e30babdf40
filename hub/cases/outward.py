"""What leaves the house, each time by the word of two users: a notice to the partner, and the name of the other side.

Nothing else can be sent outside, and nothing is sent by the hub itself: an approved notice is a text the partner can read.
"""

from typing import Literal

from msgspec import structs

from hub.cases.case import Case, Desk, demand_no_mediator, demand_open, hold, said, save
from hub.cases.moves import demand_confirmable, end, hold_whole, only_observed
from hub.cases.place import profile_of
from hub.conflicts.jurisdiction import PRICE_RULES
from hub.errors import Declined
from hub.store import approval
from hub.store.approval import Approval, Kind, Verdict

Side = Literal["partner", "affected"]


async def propose_notice(desk: Desk, case_id: int, text: str | None) -> int:
    """Propose a notice to the partner of a case and return the proposal's id.

    About prices a profile allows none, or only the published policy text, the same for all. Raises Declined.
    """
    case = await told(desk, case_id)
    if case.partner_id is None:
        raise Declined(
            "policy",
            "This case is about no partner; there is nobody to write to.",
            "此案件不涉及渠道商，没有收件人。",
            field="caseId",
        )
    wording = await notice_text(desk, case, text)
    return await proposed(desk, case, "outward_notice", {"text": wording})


async def notice_text(desk: Desk, case: Case, text: str | None) -> str:
    """Return what a notice would say. Raises Declined where none may be sent."""
    if case.rule not in PRICE_RULES:
        return str(said(text, "text"))
    profile = await profile_of(desk, case.region_id, case.partner_id)
    if profile.price_notice == "no":
        raise Declined(
            "policy",
            "Where this case lies nothing is sent to a partner about prices.",
            "此案件所在地区不就价格向渠道商发送任何通知。",
            field="caseId",
        )
    published = profile.price_notice_text.strip()
    if not published:
        raise Declined(
            "policy",
            "The policy has no published text on prices; add price_notice_text to the profile.",
            "政策中没有已发布的价格文本；请在法域配置中添加 price_notice_text。",
            field="caseId",
        )
    if text is not None and text.strip() != published:
        raise Declined(
            "policy",
            "About prices only the published policy text is sent, the same to all; leave the text out.",
            "就价格只发送已发布的政策文本，对所有渠道商一致；请不要填写文本。",
            field="text",
        )
    return published


async def propose_disclosure(desk: Desk, case_id: int, to: Side) -> int:
    """Propose to tell one side of a case who the other is, and return the proposal's id. Raises Declined."""
    case = await told(desk, case_id)
    if case.partner_id is None or case.affected_id is None:
        raise Declined("policy", "This case has no two sides.", "此案件没有双方。", field="caseId")
    return await proposed(desk, case, "identity_disclosure", {"to": to})


async def told(desk: Desk, case_id: int) -> Case:
    """Return an open case that its partner knows of."""
    case = await hold(desk, case_id)
    demand_no_mediator(desk, case)
    demand_open(case)
    if case.told_at is None:
        raise Declined(
            "step",
            "The partner does not know of the case before it is investigated.",
            "案件进入调查之前，渠道商并不知悉。",
            field="caseId",
        )
    await demand_addressee(desk, case)
    return case


async def demand_addressee(desk: Desk, case: Case) -> None:
    """Refuse what would leave the house about findings that are only observed."""
    if await only_observed(desk, case):
        raise Declined(
            "policy",
            "Where this case lies such findings are only observed; nobody is told.",
            "此案件所在地区对该类线索仅作观察，不通知任何人。",
            field="caseId",
        )


async def proposed(desk: Desk, case: Case, kind: Kind, body: dict[str, object]) -> int:
    """Write a proposal about a case, with its step."""
    if await approval.pending(desk.connection, kind, case.id) is not None:
        raise Declined(
            "policy",
            "A proposal of this kind waits for a second person already.",
            "已有同类提议等待第二人审批。",
            field="caseId",
        )
    made = await approval.propose(desk.connection, kind, case.id, desk.actor.user_id, body)
    await save(desk, case, case, "proposed", facts={"approval": made.id, "kind": kind, **body})
    return made.id


async def decide(desk: Desk, approval_id: int, verdict: Verdict, reason: str | None) -> None:
    """Approve, reject or withdraw a proposal about a case, and do what was approved. Raises Declined."""
    found = await approval.find(desk.connection, approval_id)
    if found is None:
        raise Declined("not_found", "There is no such proposal.", "没有此提议。", field="approvalId")
    closes = verdict == "approved" and found.kind == "case_confirmed"
    case = await (hold_whole if closes else hold)(desk, found.subject_id)
    demand_no_mediator(desk, case)
    why = said(reason, "reason", required=False)
    if closes:
        await demand_confirmable(desk, case)
    if verdict == "approved" and found.kind != "case_confirmed":
        await demand_addressee(desk, case)
    if verdict == "approved" and found.kind == "outward_notice":
        await notice_text(desk, case, str(found.body["text"]))
    done = await approval.decide(desk.connection, approval_id, desk.actor.user_id, verdict, why)
    if verdict == "approved":
        await carry_out(desk, case, done, why)
    else:
        await save(desk, case, case, verdict, why, facts={"approval": approval_id, "kind": done.kind})


async def carry_out(desk: Desk, case: Case, done: Approval, reason: str | None) -> None:
    """Do what two persons agreed on."""
    facts: dict[str, object] = {"approval": done.id, "proposer_id": done.proposer_id}
    if done.kind == "case_confirmed":
        await end(desk, case, "confirmed", reason, facts=facts)
    elif done.kind == "outward_notice":
        await save(desk, case, case, "noticed", str(done.body["text"]), visible=True, facts=facts)
    elif done.body["to"] == "partner":
        await save(desk, case, structs.replace(case, disclosed_to_partner=True), "disclosed", reason, facts=facts)
    else:
        await save(desk, case, structs.replace(case, disclosed_to_affected=True), "disclosed", reason, facts=facts)
