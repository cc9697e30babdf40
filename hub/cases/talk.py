"""What is said in a case: remarks, the partner's reply, and files."""

from msgspec import structs

from hub.cases.case import Desk, demand_open, hold, said, save
from hub.errors import Declined
from hub.store.attachment import attach as keep

MOST_ATTACHMENTS = 100


async def comment(desk: Desk, case_id: int, text: str, *, visible: bool) -> None:
    """Add a remark. A partner's own is always visible to it. Raises Declined."""
    case = await hold(desk, case_id)
    await save(desk, case, case, "commented", said(text, "comment"), visible=visible or desk.actor.partner_id is not None)


async def reply(desk: Desk, case_id: int, text: str) -> None:
    """Take the reply of the partner a case is about, while it is investigated. Raises Declined."""
    case = await hold(desk, case_id)
    if desk.actor.partner_id is None or desk.actor.partner_id != case.partner_id:
        raise Declined("not_found", "There is no such case.", "没有此案件。", field="caseId")
    if case.state != "investigating":
        raise Declined(
            "step",
            "A reply is taken while the case is being investigated; comment instead.",
            "仅在案件调查期间接收答复；请改用备注。",
            field="caseId",
        )
    replied = structs.replace(case, replied_at=case.replied_at or desk.at)
    await save(desk, case, replied, "replied", said(text, "reply"), visible=True)


async def attach(desk: Desk, case_id: int, upload_id: int, *, visible: bool) -> None:
    """Add a file that was sent before by the same user. A partner's own is always visible to it. Raises Declined."""
    case = await hold(desk, case_id)
    demand_open(case)
    shown = visible or desk.actor.partner_id is not None
    values = {"case_id": case_id, "id": upload_id, "user_id": desk.actor.user_id, "visible": shown, "most": MOST_ATTACHMENTS}
    added = await keep(desk.connection, values)
    if added is None:
        raise Declined(
            "not_found",
            "There is no such upload of yours, or the case is full.",
            "您没有此上传文件，或案件的附件已达上限。",
            field="uploadId",
        )
    facts = {"attachment": added["id"], "name": added["name"], "sha256": added["sha256"]}
    await save(desk, case, case, "attached", visible=shown, facts=facts)
