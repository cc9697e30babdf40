"""Who works on a case, and who stands between the parties."""

from msgspec import structs

from hub.cases.case import Desk, act, demand_no_mediator, demand_open, hold, save
from hub.errors import Declined


async def assign(desk: Desk, case_id: int, user_id: int | None, *, expected_version: int | None = None) -> None:
    """Give a case to a user, or to nobody. Raises Declined for who may not work on cases and for its mediators."""
    case = await hold(desk, case_id, expected_version)
    demand_no_mediator(desk, case)
    demand_open(case)
    if user_id is not None:
        await demand_worker(desk, user_id, "assigneeId")
        if user_id in case.mediators:
            raise Declined(
                "policy",
                "A mediator takes no other part in the case.",
                "调解人不得以其他身份参与案件。",
                field="assigneeId",
            )
    await save(desk, case, structs.replace(case, assignee_id=user_id), "assigned")


async def name_mediator(desk: Desk, case_id: int, user_id: int, *, expected_version: int | None = None) -> None:
    """Name the mediator of a case: a user without any other part in it. Raises Declined."""
    case = await hold(desk, case_id, expected_version)
    demand_no_mediator(desk, case)
    demand_open(case)
    await demand_worker(desk, user_id, "mediatorId")
    (row,) = await act(desk.connection, "took_part", {"case_id": case_id, "user_id": user_id})
    if row[0] or user_id == desk.actor.user_id:
        raise Declined(
            "policy",
            "A mediator has no other part in the case; name somebody else.",
            "调解人不得以其他身份参与案件；请另行指定。",
            field="mediatorId",
        )
    await save(desk, case, structs.replace(case, mediator_id=user_id), "mediator")


async def demand_worker(desk: Desk, user_id: int, field: str) -> None:
    """Refuse a user who may not work on cases."""
    (row,) = await act(desk.connection, "worker", {"user_id": user_id})
    if not row[0]:
        raise Declined(
            "policy",
            "This takes an active user of ours: admin, channel_manager or analyst.",
            "须为本方启用的用户，角色为 admin、channel_manager 或 analyst。",
            field=field,
        )
