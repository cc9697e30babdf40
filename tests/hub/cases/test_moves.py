"""The procedure: every move that is allowed, every one that is not, and how a case ends."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.cases.case import Desk
from hub.cases.moves import advance, dismiss
from hub.cases.outward import decide, propose_disclosure, propose_notice
from hub.cases.people import assign, name_mediator
from hub.cases.talk import comment, reply
from hub.conflicts.procedure import DISMISSALS, STEPS, moves
from hub.errors import Declined
from hub.store.database import Store
from tests.hub.cases.conftest import STAFF, START, Office

FORWARD = ("triaged", "reported", "investigating", "negotiating", "mediation", "arbitration")
# The five business days after Wednesday 1 April end on Wednesday 8 April.
REPLY_OVER = datetime(2026, 4, 8, 9, tzinfo=UTC)


async def go(office: Office, *states: str, by: str = "admin", at: datetime = START) -> None:
    for to in states:
        async with office.desk(by, at) as desk:
            await advance(desk, office.case, to, "As agreed.")


async def close(office: Office, outcome: str, *, by: str = "manager", at: datetime = REPLY_OVER) -> None:
    async with office.desk(by, at) as desk:
        await advance(desk, office.case, "closed", "Seen.", outcome=outcome)


async def test_a_case_that_is_reported_has_its_evidence_frozen(office: Office) -> None:
    await go(office, "triaged")
    assert (await office.now())["evidence_hash"] is None
    await go(office, "reported")
    (bundle,) = await office.rows("SELECT hash, conflict_ids, frozen_at FROM evidence_bundle")
    assert (bundle["conflict_ids"], bundle["frozen_at"]) == (sorted(office.findings), START)
    assert (await office.now())["evidence_hash"] == bundle["hash"]
    (step,) = await office.rows("SELECT after FROM case_step WHERE to_state = 'reported'")
    assert step["after"] == {"evidence": bundle["hash"]}
    await go(office, "investigating")
    assert (await office.now())["evidence_hash"] == bundle["hash"]


@pytest.mark.parametrize("state", list(STEPS))
@pytest.mark.parametrize("to", [state for state in STEPS if state != "closed"])
async def test_only_the_moves_of_the_procedure_are_possible(office: Office, state: str, to: str) -> None:
    await office.run(
        "UPDATE conflict_case SET state = $1, replied_at = $2, mediator_id = $3", state, START, office.users["boss"]
    )
    async with office.desk("admin") as desk:
        if to in moves(state, "admin"):
            await advance(desk, office.case, to, "Next.")
        else:
            with pytest.raises(Declined) as refused:
                await advance(desk, office.case, to, "Next.")
            assert refused.value.reason == "step"
            assert refused.value.allowed == moves(state, "admin")
    assert (await office.now())["state"] == (to if to in moves(state, "admin") else state)


@pytest.mark.parametrize(
    ("role", "state", "allowed"),
    [
        ("channel_manager", "negotiating", ("investigating", "closed")),
        ("admin", "negotiating", ("investigating", "mediation", "arbitration", "closed")),
        ("analyst", "detected", ("triaged",)),
        ("analyst", "triaged", ()),
        ("partner", "reported", ()),
        ("admin", "closed", ()),
    ],
)
def test_who_may_take_which_step(role: str, state: str, allowed: tuple[str, ...]) -> None:
    assert moves(state, role) == allowed


async def test_a_move_is_a_step_with_actor_time_and_reason(office: Office) -> None:
    later = START + timedelta(hours=3)
    await go(office, "triaged", by="manager", at=later)
    case, (_, step) = await office.now(), await office.rows("SELECT * FROM case_step ORDER BY id")
    assert (step["kind"], step["actor_id"], step["occurred_at"]) == ("advanced", office.users["manager"], later)
    assert (step["from_state"], step["to_state"], step["comment"]) == ("detected", "triaged", "As agreed.")
    assert (case["version"], case["due_at"]) == (2, datetime(2026, 4, 6, 12, tzinfo=UTC))
    (log,) = await office.rows("SELECT * FROM audit WHERE action = 'advanced'")
    assert (log["before"], log["after"]) == ({"state": "detected"}, {"state": "triaged"})


async def test_a_report_freezes_the_evidence(office: Office) -> None:
    await go(office, "triaged", "reported")
    (step,) = await office.rows("SELECT after FROM case_step WHERE to_state = 'reported'")
    assert step["after"] == {"evidence": (await office.now())["evidence_hash"]}
    assert len(step["after"]["evidence"]) == 64


@pytest.mark.parametrize("to", ["reported", "investigating", "closed"])
async def test_a_report_a_step_back_and_an_end_have_a_reason(office: Office, to: str) -> None:
    await office.run("UPDATE conflict_case SET state = $1", "triaged" if to == "reported" else "negotiating")
    async with office.desk() as desk:
        with pytest.raises(Declined, match="Say why"):
            await advance(desk, office.case, to, " ", outcome="withdrawn" if to == "closed" else None)


async def test_who_read_an_older_version_changes_nothing(office: Office) -> None:
    await go(office, "triaged")
    async with office.desk() as desk:
        with pytest.raises(Declined, match="version is 2 now"):
            await advance(desk, office.case, "reported", "Why.", expected_version=1)


# -- right of reply


async def test_the_partner_has_its_time_before_anybody_negotiates(office: Office) -> None:
    await go(office, "triaged", "reported", "investigating")
    assert (await office.now())["reply_due_at"] == REPLY_OVER
    with pytest.raises(Declined, match="has until 2026-04-08 09:00 UTC to reply"):
        await go(office, "negotiating", at=REPLY_OVER - timedelta(minutes=1))
    await go(office, "negotiating", at=REPLY_OVER)


async def test_a_reply_lets_the_parties_negotiate_at_once(office: Office) -> None:
    await go(office, "triaged", "reported", "investigating")
    async with office.desk("partner") as desk:
        await reply(desk, office.case, "The customer asked us.")
    await go(office, "negotiating")
    (said,) = await office.rows("SELECT * FROM case_step WHERE kind = 'replied'")
    assert (said["visible_to_partner"], said["comment"]) == (True, "The customer asked us.")


async def test_a_reply_does_not_shorten_the_time_before_a_confirmation(office: Office) -> None:
    await go(office, "triaged", "reported", "investigating")
    async with office.desk("partner") as desk:
        await reply(desk, office.case, "Yes, it was us.")
    with pytest.raises(Declined, match="before the partner had its time"):
        await close(office, "confirmed", at=REPLY_OVER - timedelta(minutes=1))


async def test_nothing_is_confirmed_without_an_invitation(office: Office) -> None:
    with pytest.raises(Declined, match="before the partner had its time"):
        await close(office, "confirmed", at=START + timedelta(days=300))


@pytest.mark.parametrize(("who", "state"), [("victim", "investigating"), ("manager", "investigating"), ("partner", "reported")])
async def test_only_the_partner_replies_and_only_in_an_investigation(office: Office, who: str, state: str) -> None:
    await office.run("UPDATE conflict_case SET state = $1", state)
    async with office.desk(who) as desk:
        with pytest.raises(Declined):
            await reply(desk, office.case, "Well.")


async def test_new_facts_invite_the_partner_again(office: Office) -> None:
    await go(office, "triaged", "reported", "investigating")
    await go(office, "negotiating", "investigating", at=REPLY_OVER)
    case = await office.now()
    assert (case["told_at"], case["replied_at"]) == (START, None)
    assert case["reply_due_at"] == datetime(2026, 4, 15, 9, tzinfo=UTC)


# -- how it ends


async def test_a_confirmation_takes_two_users(office: Office) -> None:
    await go(office, "triaged", "reported", "investigating")
    await close(office, "confirmed", by="manager")
    assert (await office.now())["state"] == "investigating"
    with pytest.raises(Declined, match="two persons"):
        await close(office, "confirmed", by="manager")
    await close(office, "confirmed", by="deputy")
    case = await office.now()
    assert (case["state"], case["outcome"], case["closed_at"], case["due_at"]) == ("closed", "confirmed", REPLY_OVER, None)
    (made,) = await office.rows("SELECT * FROM approval")
    assert (made["state"], made["proposer_id"], made["decided_by"]) == (
        "approved", office.users["manager"], office.users["deputy"],
    )  # fmt: skip
    assert {row["state"] for row in await office.rows("SELECT state FROM conflict")} == {"confirmed"}


async def test_what_is_only_observed_is_never_confirmed(office: Office) -> None:
    await go(office, "triaged", "reported", "investigating")
    await office.run("UPDATE conflict SET mode = 'observe'")
    with pytest.raises(Declined, match="only observed"):
        await close(office, "confirmed")
    await office.run("UPDATE conflict SET mode = 'case'")
    await office.run("UPDATE conflict_case SET rule = 'below_policy_offer'")
    with pytest.raises(Declined, match="only observed"):
        await close(office, "confirmed")


@pytest.mark.parametrize("reason", DISMISSALS)
async def test_a_dismissal_goes_to_the_findings_with_its_reason(office: Office, reason: str) -> None:
    async with office.desk() as desk:
        await dismiss(desk, office.case, reason, None)
    case = await office.now()
    assert (case["state"], case["outcome"], case["dismissal_reason"]) == ("closed", "dismissed", reason)
    found = await office.rows("SELECT state, dismissed_score, uncapped_score, revision FROM conflict")
    assert [(row["state"], row["dismissed_score"], row["revision"]) for row in found] == [
        ("dismissed", row["uncapped_score"], 2) for row in found
    ]
    assert len(await office.rows("SELECT * FROM conflict_history")) == 2
    assert len(await office.rows("SELECT * FROM dirty_record WHERE noun = 'conflict'")) == 2


async def test_a_dismissal_has_a_reason_of_the_list(office: Office) -> None:
    async with office.desk() as desk:
        with pytest.raises(Declined, match="Choose one of"):
            await dismiss(desk, office.case, "because", None)
        with pytest.raises(Declined, match="dismissCase"):
            await advance(desk, office.case, "closed", "No.", outcome="dismissed")


async def test_a_withdrawal_leaves_the_findings_open(office: Office) -> None:
    await close(office, "withdrawn")
    assert {row["state"] for row in await office.rows("SELECT state FROM conflict")} == {"open"}


async def test_only_what_nobody_took_up_expires(office: Office) -> None:
    await go(office, "triaged", "reported")
    with pytest.raises(Declined, match="withdraw or dismiss"):
        await close(office, "expired")


async def test_what_waits_for_a_second_person_lapses_with_the_case(office: Office) -> None:
    await go(office, "triaged", "reported", "investigating")
    async with office.desk() as desk:
        await propose_notice(desk, office.case, "Please look at order O1.")
    await close(office, "withdrawn")
    assert [row["state"] for row in await office.rows("SELECT state FROM approval")] == ["withdrawn"]


# -- mediator


async def test_a_mediator_has_no_other_part(office: Office) -> None:
    await go(office, "triaged", by="manager")
    for name in ("manager", "admin", "partner"):
        async with office.desk("admin") as desk:
            with pytest.raises(Declined):
                await name_mediator(desk, office.case, office.users[name])
    async with office.desk("admin") as desk:
        await name_mediator(desk, office.case, office.users["boss"])
    acts: list[Callable[[Desk], Awaitable[None]]] = [
        lambda desk: assign(desk, office.case, office.users["manager"]),
        lambda desk: dismiss(desk, office.case, "border", None),
        lambda desk: advance(desk, office.case, "reported", "Why."),
    ]
    for act in acts:
        async with office.desk("boss") as desk:
            with pytest.raises(Declined, match="no other part"):
                await act(desk)
    async with office.desk("manager") as desk:
        with pytest.raises(Declined, match="no other part"):
            await assign(desk, office.case, office.users["boss"])
    async with office.desk("boss") as desk:
        await comment(desk, office.case, "I have heard both.", visible=True)


async def test_who_mediated_has_no_other_part_after_another_was_named(office: Office) -> None:
    await go(office, "triaged", "reported", "investigating", by="manager")
    async with office.desk() as desk:
        notice = await propose_notice(desk, office.case, "Please look at order O1.")
    await close(office, "confirmed")
    for name in ("boss", "deputy"):
        async with office.desk("admin") as desk:
            await name_mediator(desk, office.case, office.users[name])
    acts: list[Callable[[Desk], Awaitable[object]]] = [
        lambda desk: decide(desk, notice, "approved", None),
        lambda desk: advance(desk, office.case, "closed", "It holds.", outcome="confirmed"),
        lambda desk: propose_disclosure(desk, office.case, "partner"),
        lambda desk: name_mediator(desk, office.case, office.users["analyst"]),
        lambda desk: assign(desk, office.case, None),
    ]
    for act in acts:
        async with office.desk("boss", REPLY_OVER) as desk:
            with pytest.raises(Declined, match="no other part"):
                await act(desk)
    async with office.desk("admin") as desk:
        with pytest.raises(Declined, match="no other part"):
            await assign(desk, office.case, office.users["boss"])
        await decide(desk, notice, "approved", None)
    async with office.desk("admin") as desk:
        await name_mediator(desk, office.case, office.users["boss"])


async def test_mediation_waits_for_a_mediator(office: Office) -> None:
    await office.run("UPDATE conflict_case SET state = 'negotiating'")
    with pytest.raises(Declined, match="Name a mediator first"):
        await go(office, "mediation")
    async with office.desk("admin") as desk:
        await name_mediator(desk, office.case, office.users["boss"])
    await go(office, "mediation", "arbitration")


async def test_a_case_is_given_to_somebody_or_nobody(office: Office) -> None:
    async with office.desk() as desk:
        await assign(desk, office.case, office.users["analyst"])
    assert (await office.now())["assignee_id"] == office.users["analyst"]
    async with office.desk() as desk:
        with pytest.raises(Declined):
            await assign(desk, office.case, office.users["partner"])
        await assign(desk, office.case, None)
    first, second = await office.rows("SELECT before, after FROM case_step WHERE kind = 'assigned' ORDER BY id")
    assert (first["before"], first["after"]) == ({"assignee_id": None}, {"assignee_id": office.users["analyst"]})
    assert second["after"] == {"assignee_id": None}


# -- whatever people try


ACTS = st.one_of(
    st.tuples(st.just("move"), st.sampled_from([*FORWARD, "detected"])),
    st.tuples(st.just("close"), st.sampled_from(["confirmed", "withdrawn", "expired", "dismissed"])),
    st.tuples(st.just("dismiss"), st.sampled_from(DISMISSALS)),
    st.tuples(st.just("mediator"), st.sampled_from(list(STAFF))),
    st.tuples(st.just("assign"), st.sampled_from([*STAFF, "victim"])),
    st.tuples(st.just("notice"), st.just("")),
    st.tuples(st.just("disclose"), st.sampled_from(["partner", "affected"])),
    st.tuples(st.just("decide"), st.sampled_from(["approved", "rejected", "withdrawn"])),
    st.tuples(st.just("comment"), st.just("")),
    st.tuples(st.just("reply"), st.just("")),
)


async def attempt(office: Office, name: str, what: str, word: str, at: datetime) -> bool:
    """Try one act; say whether it was done."""
    waiting = await office.rows("SELECT id FROM approval ORDER BY id DESC LIMIT 1")
    try:
        async with office.desk(name, at) as desk:
            match what:
                case "move":
                    await advance(desk, office.case, word, "Why.")
                case "close":
                    await advance(desk, office.case, "closed", "Why.", outcome=word)
                case "dismiss":
                    await dismiss(desk, office.case, word, None)
                case "mediator":
                    await name_mediator(desk, office.case, office.users[word])
                case "assign":
                    await assign(desk, office.case, office.users[word])
                case "notice":
                    await propose_notice(desk, office.case, "Please look at order O1.")
                case "disclose":
                    await propose_disclosure(desk, office.case, word)  # type: ignore[arg-type]
                case "decide":
                    await decide(desk, waiting[0]["id"] if waiting else 0, word, None)  # type: ignore[arg-type]
                case "comment":
                    await comment(desk, office.case, "Hm.", visible=False)
                case _:
                    await reply(desk, office.case, "Well.")
    except Declined:
        return False
    return True


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(acts=st.lists(st.tuples(st.sampled_from([*STAFF, "partner"]), ACTS, st.integers(0, 72)), min_size=5, max_size=25))
async def test_whatever_people_try_the_case_stays_within_the_procedure(
    store: Store, acts: list[tuple[str, tuple[str, str], int]]
) -> None:
    await empty(store)
    office = await Office(store).furnish()
    at, done = START, 0
    for name, (what, word), hours in acts:
        at += timedelta(hours=hours)
        before = await office.now()
        if await attempt(office, name, what, word, at):
            done += 1
            after = await office.now()
            assert after["version"] == before["version"] + 1
            assert after["state"] == before["state"] or after["state"] in moves(before["state"], STAFF[name])
        else:
            assert await office.now() == before
    await in_order(office, done)


async def in_order(office: Office, done: int) -> None:
    """Check what must hold of any case and its log."""
    case = await office.now()
    steps = await office.rows("SELECT * FROM case_step ORDER BY id")
    assert len(steps) == done + 1
    assert [
        (row["action"], row["actor_id"])
        for row in await office.rows("SELECT * FROM audit WHERE noun = 'conflict_case' ORDER BY id")
    ] == [(step["kind"], step["actor_id"]) for step in steps]
    moved = [step for step in steps if step["to_state"] is not None]
    assert [step["to_state"] for step in moved[:-1]] == [step["from_state"] for step in moved[1:]]
    assert moved[-1]["to_state"] == case["state"]
    assert (case["state"] == "closed") == (case["outcome"] is not None) == (case["closed_at"] is not None)
    for row in await office.rows("SELECT * FROM approval"):
        assert row["state"] != "approved" or row["decided_by"] not in (None, row["proposer_id"])
    if case["outcome"] == "confirmed":
        assert case["reply_due_at"] <= case["closed_at"]
        assert await office.rows("SELECT 1 FROM approval WHERE kind = 'case_confirmed' AND state = 'approved'")
    for named in (step["after"]["mediator_id"] for step in steps if step["kind"] == "mediator" and step["after"]):
        assert named not in {step["actor_id"] for step in steps if step["kind"] != "commented"}
        assert named != case["assignee_id"]
    waiting = {row["state"] for row in await office.rows("SELECT state FROM approval")}
    assert case["state"] != "closed" or "proposed" not in waiting


async def empty(store: Store) -> None:
    """Take the last example's rows away; the log is kept by a trigger, which this test steps over."""
    async with store.transaction() as connection:
        await connection.execute("SET LOCAL session_replication_role = replica")
        for table in (
            "conflict_case",
            "case_step",
            "audit",
            "approval",
            "conflict",
            "hub_user",
            "partner",
            "region",
            "region_cover",
        ):
            await connection.execute(f"DELETE FROM {table}")
