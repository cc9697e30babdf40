"""How a person opens a case: from a finding, or, as a partner, by filing what happened to it."""

from datetime import date
from typing import Any

from hub.cases.case import Desk, act, said
from hub.cases.moves import hold_findings
from hub.cases.place import profile_of, switched
from hub.conflicts import calendar
from hub.conflicts.registry import all_rules
from hub.errors import Declined
from hub.evidence.bundle import freeze_case
from hub.store.event import Happening, publish


async def open_case(desk: Desk, conflict_id: int, comment: str | None) -> int:
    """Open a case for the group of a finding and return its id; the other open findings of the group join. Raises Declined."""
    reason = said(comment, "comment", required=False)
    await hold_findings(desk)
    (finding,) = await act(desk.connection, "finding", {"conflict_id": conflict_id}) or [None]
    if finding is None:
        raise Declined("not_found", "There is no such finding.", "没有此线索。", field="conflictId")
    if finding["mode"] != "case":
        raise Declined(
            "policy",
            "Where this finding lies it is only observed and opens no case.",
            "此线索所在地区仅作观察，不立案。",
            field="conflictId",
        )
    if not finding["is_full"]:
        raise Declined("policy", "A finding for information opens no case.", "仅供参考的线索不立案。", field="conflictId")
    if finding["state"] != "open":
        raise Declined(
            "policy",
            f"This finding is {finding['state']} and opens no case.",
            f"此线索的状态为 {finding['state']}，不立案。",
            field="conflictId",
        )
    return await opened(
        desk,
        dict(finding) | {"state": "detected", "assignee_id": desk.actor.user_id, "filed_by_id": None},
        reason,
        "conflictId",
    )


async def file_case(desk: Desk, rule: str, product_group: str, month: date, region_id: int | None, comment: str | None) -> int:
    """File, as a partner, what it holds against it happened, and return the case's id. Whoever it was need not be known.

    Raises Declined where such findings are only observed, and while a case about the same is open.
    """
    reason = said(comment, "comment")
    if desk.actor.partner_id is None:
        raise Declined(
            "policy",
            "Only a partner files a case; open one from a finding.",
            "只有渠道商可以申报案件；请从线索立案。",
            field="ruleId",
        )
    if rule not in all_rules():
        raise Declined("invalid", f"There is no rule {rule}.", f"没有规则 {rule}。", field="ruleId")
    profile = await profile_of(desk, region_id, desk.actor.partner_id)
    if switched(profile, rule) != "case":
        raise Declined(
            "policy",
            "Where this lies such matters are only observed; no case is opened.",
            "所在地区对该类事项仅作观察，不立案。",
            field="ruleId",
        )
    (filer,) = await act(desk.connection, "filer", {"partner_id": desk.actor.partner_id})
    first = month.replace(day=1)
    return await opened(
        desk,
        {
            "rule": rule,
            "group_key": f"{rule}|-|{filer['code']}|{product_group}|{first:%Y-%m}",
            "partner_id": None,
            "affected_id": desk.actor.partner_id,
            "region_id": region_id,
            "product_group": product_group,
            "month": first,
            "state": "reported",
            "assignee_id": filer["owner_id"],
            "filed_by_id": desk.actor.partner_id,
        },
        reason,
        "ruleId",
    )


async def opened(desk: Desk, said_of_it: dict[str, Any], comment: str | None, field: str) -> int:
    """Open a case unless its group has an open one, and return its id."""
    values = said_of_it | {"at": desk.at, "due_at": calendar.due(desk.at, said_of_it["state"], desk.policies)}
    made = await act(desk.connection, "open", values)
    if not made:
        (standing,) = await act(desk.connection, "standing", values)
        if desk.actor.partner_id is not None:
            raise Declined("policy", "There is an open case about this already.", "此事项已有未结案件。", field=field)
        number = standing["number"]
        raise Declined(
            "policy",
            f"There is an open case about this already: case {number}.",
            f"此事项已有未结案件：案件 {number}。",
            field=field,
        )
    case_id = int(made[0]["id"])
    values |= {"case_id": case_id, "comment": comment, "actor_id": desk.actor.user_id}
    await act(desk.connection, "gather", values)
    if values["state"] == "reported":
        await freeze_case(desk.connection, case_id, desk.at)
    await act(desk.connection, "first_step", values)
    await publish(desk.connection, [Happening("case", "opened", case_id)])
    return case_id
