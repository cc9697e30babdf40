"""Grants that people make: what is stored of them, what they replace, and who may make them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.settings import Settings
from hub.store.database import Store
from jobs import queue
from jobs.queue import Queue, open_queue
from jobs.replay import replay
from schema.ids import global_id
from schema.root import build_schema
from tests.rows import Rows
from tests.web import Client, token, web

GRANT = """grant {
    id partner { code } region { code } productGroup segment exclusivity validFrom validTo contractRef version
}"""
ERRORS = "userErrors { code message path ... on ValidationFailed { rule } ... on StaleVersion { currentVersion } }"
UPSERT = f"""mutation ($i: UpsertTerritoryGrantInput!) {{
    upsertTerritoryGrant(input: $i) {{ {GRANT} overlaps {{ id }} {ERRORS} }}
}}"""
GIVEN = {"region": "CN-SH", "exclusivity": "EXCLUSIVE", "validFrom": "2026-01-01"}


@dataclass
class Office:
    """A served hub with two partners, two regions and the users who look after them."""

    store: Store
    client: Client
    rows: Rows
    partners: dict[str, int]
    asked: int = 0

    async def call(self, who: str | None = None, language: str = "en", **given: Any) -> Any:
        self.asked += 1
        values = {"idempotencyKey": f"k{self.asked}", "partnerId": self.partner("east")} | GIVEN | given
        headers = {"accept-language": language}
        return (await self.client.data(UPSERT, variables={"i": values}, token=who, headers=headers))["upsertTerritoryGrant"]

    def partner(self, code: str) -> str:
        return global_id("Partner", self.partners[code])

    async def manager(self, *groups: str) -> str:
        """Return a token of a channel manager who looks after `east`."""
        user = await self.rows.add(
            "hub_user", email=f"m{len(groups)}@example.com", name="Li", roles=["channel_manager"],
            partner_ids=[self.partners["east"]], product_groups=list(groups),
        )  # fmt: skip
        return await token(self.store, "channel_manager", user_id=user)

    async def held(self) -> list[tuple[str, str, str | None, int]]:
        nodes = await self.client.data("{ territoryGrants { nodes { partner { code } validFrom validTo version } } }")
        return sorted(
            (one["partner"]["code"], one["validFrom"], one["validTo"], one["version"])
            for one in nodes["territoryGrants"]["nodes"]
        )

    async def figure(self, sql: str) -> Any:
        async with self.store.connection() as connection:
            return await connection.fetchval(sql)


@pytest.fixture
async def opened(store: Store, tmp_path: Path) -> AsyncIterator[Queue]:
    await queue.migrate(store)
    async with open_queue(store, Settings(home=tmp_path)) as one:
        yield one


@pytest.fixture
async def office(store: Store, rows: Rows, opened: Queue, tmp_path: Path) -> AsyncIterator[Office]:
    china = await rows.region("CN")
    await rows.region("CN-SH", china)
    partners = {code: await rows.partner(code=code) for code in ("east", "west")}
    async with web(store, build_schema(), jobs=opened, chosen=Settings(home=tmp_path)) as client:
        yield Office(store, client, rows, partners)


def reasons(payload: Any) -> list[tuple[str, str]]:
    return [(one.get("rule") or one["code"], one["path"][-1]) for one in payload["userErrors"]]


async def test_a_grant_is_made_with_its_payload_and_is_to_be_judged(office: Office, opened: Queue) -> None:
    payload = await office.call(productGroup="X", segment="hospital", contractRef="C-1", validTo="2027-01-01")
    assert payload["userErrors"] == []
    grant = payload["grant"]
    assert {name: grant[name] for name in grant if name != "id"} == {
        "partner": {"code": "east"}, "region": {"code": "CN-SH"}, "productGroup": "X", "segment": "hospital",
        "exclusivity": "EXCLUSIVE", "validFrom": "2026-01-01", "validTo": "2027-01-01", "contractRef": "C-1", "version": 1,
    }  # fmt: skip
    assert await office.figure("SELECT noun || (old IS NULL) FROM dirty_record") == "territory_granttrue"
    assert len(list(await opened.app.job_manager.list_jobs_async(task="detect"))) == 1
    log = await office.client.data("{ auditLog { nodes { action noun subjectId } } }")
    assert log["auditLog"]["nodes"] == [{"action": "granted", "noun": "territory_grant", "subjectId": grant["id"]}]
    # Its payload is a row of a sheet: mapped again it says the same.
    before = await office.figure("SELECT to_jsonb(g) - 'fetched_at' - 'revision' FROM territory_grant AS g")
    await replay(office.store, opened.settings, "entered")
    assert await office.figure("SELECT to_jsonb(g) - 'fetched_at' - 'revision' FROM territory_grant AS g") == before
    assert await office.figure("SELECT count(*) FROM reject") == 0


async def test_a_grant_ends_when_the_one_that_replaces_it_begins(office: Office) -> None:
    first = (await office.call())["grant"]
    asked: Any = {"grantId": first["id"], "expectedVersion": 1, "validFrom": "2026-07-01", "idempotencyKey": "same"}
    second = await office.call(**asked)
    assert second["userErrors"] == []
    assert await office.call(**asked) == second
    assert await office.held() == [("east", "2026-01-01", "2026-07-01", 2), ("east", "2026-07-01", None, 1)]
    again = await office.call(grantId=second["grant"]["id"], expectedVersion=1, validFrom="2026-07-01", exclusivity="SOLE")
    assert (again["grant"]["id"], again["grant"]["exclusivity"], again["grant"]["version"]) == (
        second["grant"]["id"],
        "SOLE",
        2,
    )
    stale = await office.call(grantId=first["id"], expectedVersion=1)
    assert [(one["code"], one["currentVersion"]) for one in stale["userErrors"]] == [("STALE_VERSION", 2)]
    assert await office.figure("SELECT count(*) FROM audit") == 3


async def test_what_it_overlaps_is_told_and_it_is_stored(office: Office) -> None:
    wide = (await office.call(partnerId=office.partner("west"), region="CN", exclusivity="OPEN", productGroup="X"))["grant"]
    await office.call(partnerId=office.partner("west"), productGroup="Y", validFrom="2020-01-01", validTo="2026-01-01")
    assert (await office.call(exclusivity="OPEN"))["overlaps"] == []
    payload = await office.call()
    assert payload["overlaps"] == [{"id": wide["id"]}]
    # What the caller may not see is no part of the warning.
    assert (await office.call(await office.manager()))["overlaps"] == []


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"validTo": "2026-01-01"}, ("must_be_after_valid_from", "validTo")),
        ({"productGroup": "a|b"}, ("not_a_code", "productGroup")),
        ({"segment": ""}, ("not_a_code", "segment")),
        ({"region": "nowhere"}, ("unknown_region", "region")),
        ({"expectedVersion": 1}, ("goes_with_grant", "expectedVersion")),
        ({"partnerId": global_id("Partner", 1)}, ("NOT_FOUND", "partnerId")),
        ({"grantId": global_id("TerritoryGrant", 1), "expectedVersion": 1}, ("NOT_FOUND", "grantId")),
    ],
)
async def test_what_cannot_be_granted_is_refused(office: Office, given: dict[str, Any], reason: tuple[str, str]) -> None:
    english, chinese = [await office.call(None, language, **given) for language in ("en", "zh-CN")]
    assert reasons(english) == reasons(chinese) == [reason]
    assert english["userErrors"][0]["message"] != chinese["userErrors"][0]["message"]
    assert await office.held() == []


async def test_what_a_source_says_is_changed_there(office: Office) -> None:
    of_source = await office.rows.grant(
        partner_id=office.partners["east"], region_id=await office.figure("SELECT id FROM region WHERE code = 'CN'")
    )
    payload = await office.call(grantId=global_id("TerritoryGrant", of_source), expectedVersion=1)
    assert reasons(payload) == [("POLICY_DENIED", "grantId")]


async def test_a_channel_manager_grants_to_its_partners_what_is_assigned_to_it(office: Office) -> None:
    manager = await office.manager()
    assert (await office.call(manager))["grant"]["partner"] == {"code": "east"}
    assert reasons(await office.call(manager, partnerId=office.partner("west"))) == [("NOT_FOUND", "partnerId")]
    narrow = await office.manager("X")
    assert reasons(await office.call(narrow)) == [("POLICY_DENIED", "productGroup")]
    assert (await office.call(narrow, productGroup="X"))["grant"]["productGroup"] == "X"
    whole = (await office.call())["grant"]["id"]
    cut = await office.call(narrow, grantId=whole, expectedVersion=1, productGroup="X", validFrom="2026-07-01")
    assert reasons(cut) == [("POLICY_DENIED", "grantId")]


@pytest.mark.parametrize("role", ["analyst", "direct_sales", "partner", "service"])
async def test_others_grant_nothing(office: Office, role: str) -> None:
    other = await token(office.store, role, partner_id=office.partners["east"] if role == "partner" else None)
    values = {"idempotencyKey": "k", "partnerId": office.partner("east")} | GIVEN
    assert await office.client.code(UPSERT, variables={"i": values}, token=other) == "FORBIDDEN"
    assert await office.held() == []
