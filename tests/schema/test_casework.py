"""People around one case: what they may do through the API, and what each of them sees of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
import orjson
import pytest

from hub.clock import now
from hub.store.database import Store
from schema.ids import global_id
from schema.root import build_schema
from tests import casework
from tests.web import Client, token, web

ERRORS = """userErrors { __typename code message path ... on InvalidTransition { allowed }
    ... on StaleVersion { currentVersion } }"""
CASE = """case { id state outcome version allowedTransitions
    pendingApproval { toState outcome proposedBy { displayName } } }"""


# The manager looks after GD-B, the stranger after nobody.
PEOPLE: dict[str, tuple[str, str | None]] = {
    "admin": ("admin", None),
    "boss": ("admin", None),
    "manager": ("channel_manager", None),
    "stranger": ("channel_manager", None),
    "analyst": ("analyst", None),
    "partner": ("partner", "GD-B"),
    "victim": ("partner", "SH-A"),
    "other": ("partner", "JS-C"),
}


def mutation(name: str, payload: str = CASE) -> str:
    """Return the document of a mutation."""
    return f"mutation ($i: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $i) {{ {payload} {ERRORS} }} }}"


@dataclass
class House:
    """A served hub with one case, and a token of everybody around it."""

    store: Store
    client: Client
    tokens: dict[str, str] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)
    partners: dict[str, int] = field(default_factory=dict)
    case: int = 0
    asked: int = 0

    async def furnish(self) -> "House":
        async with self.store.transaction() as connection:
            china = await casework.region(connection, "CN")
            south = await casework.region(connection, "CN-SH", china)
            for code in ("GD-B", "SH-A", "JS-C"):
                self.partners[code] = await casework.partner(connection, code)
            for name, (role, partner) in PEOPLE.items():
                self.users[name] = await connection.fetchval(
                    "INSERT INTO hub_user (email, name, roles, partner_id, partner_ids) "
                    "VALUES ($1, $2, $3, $4, $5) RETURNING id",
                    f"{name}@example.com", name, [role], self.partners.get(partner or ""),
                    [self.partners["GD-B"]] if name == "manager" else [],
                )  # fmt: skip
            self.case = await casework.case(
                connection, accused=self.partners["GD-B"], victim=self.partners["SH-A"], region=south
            )
            await casework.finding(connection, self.case, "O1")
            await connection.execute(
                "UPDATE conflict SET partner_id = $1, affected_id = $2", self.partners["GD-B"], self.partners["SH-A"]
            )
        for name, (role, partner) in PEOPLE.items():
            self.tokens[name] = await token(
                self.store, role, user_id=self.users[name], partner_id=self.partners.get(partner or "")
            )
        return self

    @property
    def id(self) -> str:
        return global_id("ConflictCase", self.case)

    async def ask(self, who: str, query: str, **variables: Any) -> Any:
        return await self.client.data(query, token=self.tokens[who], variables=variables)

    async def call(self, who: str, name: str, payload: str = CASE, **given: Any) -> Any:
        """Call a mutation; what it names of versions and keys is filled in."""
        self.asked += 1
        text = mutation(name, payload)
        if name in ("assignCase", "nameMediator", "advanceCase", "dismissCase"):
            given.setdefault("expectedVersion", await self.version())
        elif name != "decideApproval":
            given.setdefault("idempotencyKey", f"key-{self.asked}")
        (answer,) = (await self.ask(who, text, i=given)).values()
        return answer

    async def version(self) -> int:
        async with self.store.connection() as connection:
            return int(await connection.fetchval("SELECT version FROM conflict_case WHERE id = $1", self.case))

    async def advance(self, who: str, *states: str) -> Any:
        answer = None
        for state in states:
            answer = await self.call(who, "advanceCase", caseId=self.id, toState=state, comment="As agreed.")
            assert answer["userErrors"] == [], answer
        return answer

    async def let_time_pass(self) -> None:
        """The partner has had its time."""
        async with self.store.connection() as connection:
            await connection.execute("UPDATE conflict_case SET reply_due_at = $1", now() - timedelta(minutes=1))


@pytest.fixture
async def house(store: Store) -> AsyncIterator[House]:
    async with web(store, build_schema()) as client:
        yield await House(store, client).furnish()


def codes(answer: Any) -> list[tuple[str, str | None]]:
    return [(one["code"], one["path"] and one["path"][-1]) for one in answer["userErrors"]]


async def test_a_case_goes_through_the_procedure_to_a_confirmation_by_two(house: House) -> None:
    answer = await house.advance("manager", "TRIAGED", "REPORTED", "INVESTIGATING")
    assert answer["case"]["allowedTransitions"] == ["CLOSED"]
    early = await house.call("manager", "advanceCase", caseId=house.id, toState="CLOSED", outcome="CONFIRMED", comment="Seen.")
    assert codes(early) == [("POLICY_DENIED", "outcome")]
    replied = await house.call("partner", "replyToCase", caseId=house.id, reply="The customer asked us.")
    assert (replied["case"]["state"], replied["userErrors"]) == ("INVESTIGATING", [])
    await house.let_time_pass()
    confirm = {"caseId": house.id, "toState": "CLOSED", "outcome": "CONFIRMED", "comment": "Seen."}
    proposed = await house.call("manager", "advanceCase", **confirm)
    assert proposed["case"]["pendingApproval"] == {
        "toState": "CLOSED", "outcome": "CONFIRMED", "proposedBy": {"displayName": "manager"},
    }  # fmt: skip
    assert codes(await house.call("manager", "advanceCase", **confirm)) == [("POLICY_DENIED", None)]
    done = await house.call("admin", "advanceCase", **confirm)
    assert (done["case"]["state"], done["case"]["outcome"], done["case"]["pendingApproval"]) == ("CLOSED", "CONFIRMED", None)
    log = await house.ask(
        "admin", "{ auditLog(first: 50) { nodes { action noun actor { displayName } after { field value } } } }"
    )
    actions = [entry["action"] for entry in log["auditLog"]["nodes"]]
    assert actions == ["closed", "approved", "proposed", "proposed", "replied", "advanced", "advanced", "advanced"]
    for who in ("manager", "analyst", "partner"):
        assert (await house.ask(who, "{ auditLog { totalCount } }"))["auditLog"]["totalCount"] == 0


async def test_an_event_of_a_case_shows_the_step_to_whom_the_step_is_for(house: House) -> None:
    await house.advance("manager", "TRIAGED", "REPORTED", "INVESTIGATING")
    await house.call("manager", "commentCase", caseId=house.id, comment="Between us.")
    follow = """subscription { caseEvents(after: "0") { kind step { kind toState comment } } }"""
    told: dict[str, list[Any]] = {}
    for who, count in (("manager", 4), ("partner", 3)):
        async with house.client.socket(house.tokens[who]) as socket:
            await socket.subscribe(follow)
            told[who] = [(await socket.next())["payload"]["data"]["caseEvents"] for _ in range(count)]
    assert [one["step"] and one["step"]["toState"] for one in told["manager"]] == ["TRIAGED", "REPORTED", "INVESTIGATING", None]
    assert told["manager"][-1]["step"]["comment"] == "Between us."
    assert {one["kind"] for one in told["partner"]} == {"ADVANCED"}
    async with house.store.connection() as connection:
        seen = await connection.fetch("SELECT visible_to_partner FROM case_step WHERE kind = 'advanced' ORDER BY id")
    assert [one["step"] is not None for one in told["partner"]] == [row["visible_to_partner"] for row in seen]


async def test_a_step_that_cannot_be_names_those_that_can(house: House) -> None:
    answer = await house.call("manager", "advanceCase", caseId=house.id, toState="MEDIATION", comment="Now.")
    assert answer["userErrors"][0] | {"message": ""} == {
        "__typename": "InvalidTransition", "code": "INVALID_TRANSITION", "message": "", "path": ["input", "toState"],
        "allowed": ["TRIAGED", "CLOSED"],
    }  # fmt: skip
    stale = await house.call("manager", "advanceCase", caseId=house.id, toState="TRIAGED", expectedVersion=7)
    assert codes(stale) == [("STALE_VERSION", "expectedVersion")]
    assert stale["userErrors"][0]["currentVersion"] == 1


async def test_what_one_may_not_see_is_not_there(house: House) -> None:
    for who, name, more in (
        ("stranger", "advanceCase", {"toState": "TRIAGED"}),
        ("stranger", "dismissCase", {"reason": "BORDER"}),
        ("stranger", "commentCase", {"comment": "Hm."}),
        ("stranger", "proposeNotice", {"text": "Hm."}),
        ("partner", "commentCase", {"comment": "Hm."}),
        ("partner", "replyToCase", {"reply": "Hm."}),
        ("victim", "commentCase", {"comment": "Hm."}),
        ("other", "replyToCase", {"reply": "Hm."}),
    ):
        hidden = await house.call(
            who, name, "userErrors { code }" if name.startswith("propose") else CASE, caseId=house.id, **more
        )
        absent = await house.call(
            who,
            name,
            "userErrors { code }" if name.startswith("propose") else CASE,
            caseId=global_id("ConflictCase", 1),
            **more,
        )
        assert codes(hidden) == [("NOT_FOUND", "caseId")], (who, name)
        assert hidden == absent
    async with house.store.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM case_step") == 0


async def test_a_dismissal_names_its_reason(house: House) -> None:
    done = await house.call("manager", "dismissCase", caseId=house.id, reason="BORDER", comment="Next door.")
    assert (done["case"]["state"], done["case"]["outcome"]) == ("CLOSED", "DISMISSED")
    found = await house.ask("admin", "{ conflicts(filter: {}) { nodes { status case { dismissalReason } } } }")
    assert found["conflicts"]["nodes"] == [{"status": "DISMISSED", "case": {"dismissalReason": "BORDER"}}]


async def test_a_keyed_act_is_done_once(house: House) -> None:
    given = {"caseId": house.id, "comment": "Looked at.", "idempotencyKey": "k"}
    assert await house.call("manager", "commentCase", **given) == await house.call("manager", "commentCase", **given)
    other = await house.call("manager", "commentCase", **(given | {"comment": "Else."}))
    assert codes(other) == [("IDEMPOTENCY_CONFLICT", "idempotencyKey")]
    async with house.store.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM case_step") == 1


async def test_a_mediator_sees_the_case_it_was_named_for(house: House) -> None:
    seen = "{ conflictCases { nodes { id mediator { displayName } conflicts(first: 5) { totalCount } } } }"
    assert (await house.ask("stranger", seen))["conflictCases"]["nodes"] == []
    stranger = global_id("User", house.users["stranger"])
    await house.call("admin", "nameMediator", caseId=house.id, mediatorId=stranger)
    (found,) = (await house.ask("stranger", seen))["conflictCases"]["nodes"]
    assert found == {"id": house.id, "mediator": {"displayName": "stranger"}, "conflicts": {"totalCount": 1}}
    said = await house.call("stranger", "commentCase", caseId=house.id, comment="I have heard both.", visibleToPartner=True)
    assert said["userErrors"] == []
    moved = await house.call("stranger", "advanceCase", caseId=house.id, toState="TRIAGED")
    assert codes(moved) == [("POLICY_DENIED", "caseId")]


async def test_a_notice_is_read_by_the_partner_once_two_agreed(house: House) -> None:
    notice = "approval { id state text version }"
    early = await house.call("manager", "proposeNotice", notice, caseId=house.id, text="Please look at order O1.")
    assert codes(early) == [("INVALID_TRANSITION", "caseId")]
    await house.advance("manager", "TRIAGED", "REPORTED", "INVESTIGATING")
    made = await house.call("manager", "proposeNotice", notice, caseId=house.id, text="Please look at order O1.")
    assert made["approval"]["state"] == "PROPOSED"
    read = "{ conflictCases { nodes { notices { id text state version sentAt partner { code } } } } }"
    assert (await house.ask("partner", read))["conflictCases"]["nodes"] == [{"notices": []}]
    ((shown,),) = [node["notices"] for node in (await house.ask("admin", read))["conflictCases"]["nodes"]]
    given = {"noticeId": shown["id"], "expectedVersion": shown["version"]}
    own = await house.call("manager", "approveNotice", "notice { state }", **given)
    assert codes(own) == [("POLICY_DENIED", None)]
    done = await house.call("admin", "approveNotice", "notice { state approvedBy { displayName } }", **given)
    assert done["notice"] == {"state": "APPROVED", "approvedBy": {"displayName": "admin"}}
    ((found,),) = [node["notices"] for node in (await house.ask("partner", read))["conflictCases"]["nodes"]]
    assert (found["text"], found["sentAt"] is not None) == ("Please look at order O1.", True)
    assert found["partner"] == {"code": "GD-B"}
    for who in ("victim", "other"):
        assert (await house.ask(who, read))["conflictCases"]["nodes"] == []


async def test_a_proposal_is_rejected_or_withdrawn(house: House) -> None:
    await house.advance("manager", "TRIAGED", "REPORTED", "INVESTIGATING")
    for who, decision, state in (("admin", "REJECT", "REJECTED"), ("manager", "WITHDRAW", "WITHDRAWN")):
        made = await house.call("manager", "proposeNotice", "approval { id version }", caseId=house.id, text="Please look.")
        answer = await house.call(
            who, "decideApproval", "approval { state }", approvalId=made["approval"]["id"], decision=decision,
            reason="No.", expectedVersion=made["approval"]["version"],
        )  # fmt: skip
        assert answer["approval"] == {"state": state}
    waiting = await house.ask("admin", "{ approvals { totalCount } all: approvals(filter: {}) { totalCount } }")
    assert (waiting["approvals"]["totalCount"], waiting["all"]["totalCount"]) == (0, 2)


async def test_nobody_is_told_of_what_is_only_observed(house: House) -> None:
    await house.advance("manager", "TRIAGED", "REPORTED", "INVESTIGATING")
    made = await house.call("manager", "proposeNotice", "approval { id version }", caseId=house.id, text="Please look.")
    async with house.store.connection() as connection:
        await connection.execute("UPDATE conflict SET mode = 'observe'")
    approved = await house.call(
        "admin", "decideApproval", "approval { state }", approvalId=made["approval"]["id"], decision="APPROVE",
        expectedVersion=made["approval"]["version"],
    )  # fmt: skip
    assert codes(approved) == [("POLICY_DENIED", "caseId")]
    for name, more in (("proposeNotice", {"text": "Please look."}), ("proposeDisclosure", {"to": "AFFECTED"})):
        refused = await house.call("manager", name, "approval { id }", caseId=house.id, **more)
        assert codes(refused) == [("POLICY_DENIED", "caseId")], name


AFFECTED = """{ affectedCases { nodes { id ruleId region { code } productGroup month state otherSide } }
    affectedFindings { nodes { ruleId region { code } month status } }
    conflicts { totalCount } conflictCases { totalCount } }"""


async def test_the_affected_partner_learns_of_the_matter_and_of_nobody(house: House) -> None:
    found = await house.ask("victim", AFFECTED)
    assert [{**node, "id": ""} for node in found["affectedCases"]["nodes"]] == [
        {
            "id": "", "ruleId": "cross_region_sale", "region": {"code": "CN-SH"}, "productGroup": "X",
            "month": "2026-03-01", "state": "DETECTED", "otherSide": None,
        }
    ]  # fmt: skip
    assert [node["status"] for node in found["affectedFindings"]["nodes"]] == ["OPEN"]
    assert (found["conflicts"]["totalCount"], found["conflictCases"]["totalCount"]) == (0, 0)
    assert "GD-B" not in orjson.dumps(found).decode()
    for who in ("partner", "other"):
        assert (await house.ask(who, AFFECTED))["affectedCases"]["nodes"] == []


async def test_the_other_side_is_named_once_two_agreed(house: House) -> None:
    await house.advance("manager", "TRIAGED", "REPORTED", "INVESTIGATING")
    own = "{ conflictCases { nodes { otherSide } } }"
    for to, who, query, name in (("AFFECTED", "victim", AFFECTED, "GD-B"), ("PARTNER", "partner", own, "SH-A")):
        made = await house.call("manager", "proposeDisclosure", "approval { id version to }", caseId=house.id, to=to)
        assert made["approval"]["to"] == to
        assert name not in orjson.dumps(await house.ask(who, query)).decode()
        await house.call(
            "admin", "decideApproval", "approval { state }", approvalId=made["approval"]["id"], decision="APPROVE",
            expectedVersion=made["approval"]["version"],
        )  # fmt: skip
        assert name in orjson.dumps(await house.ask(who, query)).decode()


async def test_the_partner_reads_its_case_without_the_other_side_and_without_what_colleagues_said(house: House) -> None:
    await house.call("manager", "commentCase", caseId=house.id, comment="SH-A called us about this.")
    await house.advance("manager", "TRIAGED", "REPORTED", "INVESTIGATING")
    await house.call("partner", "commentCase", caseId=house.id, comment="We will look.")
    whole = """{ conflictCases { nodes { state allowedTransitions partner { code } pendingApproval { toState }
        steps(first: 20) { nodes { kind comment } } conflicts(first: 5) { nodes { status affectedPartners { code } } }
        attachments { name } notices { text } } }
        approvals(filter: {}) { totalCount } }"""
    found = await house.ask("partner", whole)
    (case,) = found["conflictCases"]["nodes"]
    assert case["steps"]["nodes"] == [{"kind": "COMMENTED", "comment": "We will look."}]
    assert (case["allowedTransitions"], found["approvals"]["totalCount"]) == ([], 0)
    assert "SH-A" not in orjson.dumps(found).decode()


FILED = "case { id state ruleId region { code } month }"


async def test_a_partner_files_a_case_about_what_touches_it(house: House) -> None:
    async with house.store.connection() as connection:
        region = await connection.fetchval("SELECT id FROM region WHERE code = 'CN-SH'")
    given = {
        "ruleId": "cross_region_sale", "productGroup": "X", "month": "2026-05-17",
        "regionId": global_id("Region", region), "comment": "Our customers were visited.",
    }  # fmt: skip
    filed = await house.call("victim", "fileCase", FILED, **given)
    assert filed["case"] | {"id": ""} == {
        "id": "", "state": "REPORTED", "ruleId": "cross_region_sale", "region": {"code": "CN-SH"}, "month": "2026-05-01",
    }  # fmt: skip
    assert codes(await house.call("victim", "fileCase", FILED, **given)) == [("POLICY_DENIED", "ruleId")]
    forged = await house.call("victim", "fileCase", FILED, **(given | {"productGroup": "X\nScore: 99 of 100 (critical)"}))
    assert codes(forged) == [("VALIDATION_FAILED", "productGroup")]
    prices = await house.call("victim", "fileCase", FILED, **(given | {"ruleId": "below_policy_offer"}))
    assert codes(prices) == [("POLICY_DENIED", "ruleId")]
    seen = await house.ask("admin", "{ conflictCases { nodes { state steps(first: 5) { nodes { kind comment } } } } }")
    assert {
        "state": "REPORTED", "steps": {"nodes": [{"kind": "OPENED", "comment": "Our customers were visited."}]},
    } in seen["conflictCases"]["nodes"]  # fmt: skip
    assert (await house.ask("partner", AFFECTED))["affectedCases"]["nodes"] == []


async def test_a_case_is_opened_from_a_finding(house: House) -> None:
    await house.call("manager", "dismissCase", caseId=house.id, reason="BORDER")
    async with house.store.connection() as connection:
        await connection.execute(
            "UPDATE conflict SET state = 'open', case_id = NULL, group_key = (SELECT group_key FROM conflict_case LIMIT 1)"
        )
        finding = await connection.fetchval("SELECT id FROM conflict")
    given = {"conflictId": global_id("Conflict", finding), "comment": "Look again."}
    opened = await house.call(
        "manager", "openCase", "case { id state previousCase { id } conflicts(first: 5) { totalCount } }", **given
    )
    assert opened["case"] | {"id": ""} == {
        "id": "", "state": "DETECTED", "previousCase": {"id": house.id}, "conflicts": {"totalCount": 1},
    }  # fmt: skip
    again = await house.call("manager", "openCase", **given)
    assert codes(again) == [("POLICY_DENIED", "conflictId")]
    async with house.store.connection() as connection:
        await connection.execute("UPDATE conflict SET mode = 'observe'")
    assert codes(await house.call("manager", "openCase", **given)) == [("POLICY_DENIED", "conflictId")]


# -- files


async def send(
    house: House, who: str, body: bytes = b"%PDF-1.7", *, name: str = "offer.pdf", media: str = "application/pdf"
) -> httpx2.Response:
    headers = {"authorization": f"Bearer {house.tokens[who]}", "content-type": media}
    return await house.client.http.post("/attachments", params={"name": name}, content=body, headers=headers)


async def fetch(house: House, who: str, path: str) -> httpx2.Response:
    return await house.client.http.get(path, headers={"authorization": f"Bearer {house.tokens[who]}"})


FILES = "{ conflictCases { nodes { attachments { name mediaType size sha256 path } } } }"


async def test_a_file_is_fetched_by_those_who_may_see_it(house: House) -> None:
    await house.advance("manager", "TRIAGED", "REPORTED", "INVESTIGATING")
    paths = {}
    for name, visible in (("报价.pdf", True), ("internal.pdf", False)):
        upload = (await send(house, "manager", name=name)).json()["uploadId"]
        added = await house.call("manager", "attachToCase", caseId=house.id, uploadId=upload, visibleToPartner=visible)
        assert added["userErrors"] == []
    for node in (await house.ask("admin", FILES))["conflictCases"]["nodes"]:
        paths = {one["name"]: one["path"] for one in node["attachments"]}
    answer = await fetch(house, "partner", paths["报价.pdf"])
    assert (answer.status_code, answer.content) == (200, b"%PDF-1.7")
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E6%8A%A5")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await fetch(house, "manager", paths["internal.pdf"])).status_code == 200
    for who, path in (
        ("partner", paths["internal.pdf"]), ("victim", paths["报价.pdf"]), ("stranger", paths["报价.pdf"]),
        ("admin", "/attachments/nonsense"), ("admin", f"/attachments/{global_id('CaseAttachment', 1)}"),
    ):  # fmt: skip
        assert (await fetch(house, who, path)).status_code == 404, who
    assert [
        one["name"] for node in (await house.ask("partner", FILES))["conflictCases"]["nodes"] for one in node["attachments"]
    ] == ["报价.pdf"]


async def test_a_file_is_bounded_and_of_a_known_kind(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schema.files.LARGEST", 100)
    for wanted, more in (
        (413, {"body": b"x" * 101}), (400, {"body": b""}), (400, {"media": "text/html"}),
        (400, {"name": "../../x.pdf"}), (400, {"name": ""}),
    ):  # fmt: skip
        assert (await send(house, "manager", **more)).status_code == wanted, more
    for _ in range(20):
        assert (await send(house, "manager")).status_code == 201
    assert (await send(house, "manager")).status_code == 400
    without = await house.client.http.post("/attachments", content=b"x")
    assert without.status_code == 401


async def test_only_who_sent_a_file_adds_it(house: House) -> None:
    upload = (await send(house, "admin")).json()["uploadId"]
    taken = await house.call("manager", "attachToCase", caseId=house.id, uploadId=upload)
    assert codes(taken) == [("NOT_FOUND", "uploadId")]
    assert codes(await house.call("admin", "attachToCase", caseId=house.id, uploadId=upload)) == []
    assert codes(await house.call("admin", "attachToCase", caseId=house.id, uploadId=upload)) == [("NOT_FOUND", "uploadId")]


# -- what people's decisions say of a rule

RULES = """{ rules { id confirmedCount dismissedCount closedCount precision dismissals { reason count }
    suggestions { threshold reason present suggested leftOutCount keptCount explanation(locale: ZH_CN) } } }"""


async def test_a_rule_shows_how_often_people_agreed_and_what_to_change(house: House) -> None:
    async with house.store.connection() as connection:
        await connection.execute("""UPDATE conflict SET evidence = '{"group_units": "20"}'""")
    await house.call("manager", "dismissCase", caseId=house.id, reason="BORDER")
    rules = {rule["id"]: rule for rule in (await house.ask("admin", RULES))["rules"]}
    shown = rules["cross_region_sale"]
    assert (shown["confirmedCount"], shown["dismissedCount"], shown["closedCount"], shown["precision"]) == (0, 1, 1, 0)
    assert {one["reason"]: one["count"] for one in shown["dismissals"] if one["count"]} == {"BORDER": 1}
    (raised,) = shown["suggestions"]
    assert (raised["threshold"], raised["present"], raised["suggested"], raised["leftOutCount"]) == (
        "border_units",
        "12",
        "20",
        1,
    )
    assert raised["explanation"].startswith("将 border_units 由 12 提高到 20")
    assert (rules["territory_overlap"]["precision"], rules["territory_overlap"]["suggestions"]) == (None, [])
    hidden = (await house.client.post(RULES, token=house.tokens["manager"])).json()
    assert {error["extensions"]["code"] for error in hidden["errors"]} == {"FORBIDDEN"}
    assert all(rule["suggestions"] is None for rule in hidden["data"]["rules"])
