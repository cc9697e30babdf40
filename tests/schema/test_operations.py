"""What the command line can do and the API can too, beside sources: routes tried, records judged and mapped again, evidence."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.settings import Settings, SourceSettings
from hub.store.database import Store
from hub.store.trusted_document import Trusted, register
from hub.store.user import Person, add_user
from jobs.sources import ensure_sources
from schema.ids import global_id
from schema.root import build_schema
from tests.trading import example_world
from tests.web import Client, Deferred, token, web
from tests.world import a_case, a_source, put

ERRORS = "userErrors { code path }"
ROUTE = f"mutation ($i: TestRouteInput!) {{ testRoute(input: $i) {{ recipients {{ recipient error }} {ERRORS} }} }}"
DETECT = f"mutation ($i: RequestDetectionInput!) {{ requestDetection(input: $i) {{ requested {ERRORS} }} }}"
REPLAY = (
    f"mutation ($i: ReplaySourceInput!) {{ replaySource(input: $i) {{ runs {{ mode trigger stream {{ name }} }} {ERRORS} }} }}"
)
FREEZE = f"mutation ($i: FreezeEvidenceInput!) {{ freezeEvidence(input: $i) {{ hash {ERRORS} }} }}"


@pytest.fixture
def jobs() -> Deferred:
    return Deferred()


@pytest.fixture
async def client(store: Store, jobs: Deferred) -> AsyncIterator[Client]:
    async with web(store, build_schema(), jobs=jobs) as client:
        yield client


async def call(client: Client, query: str, **given: Any) -> Any:
    (payload,) = (await client.data(query, variables={"i": given})).values()
    return payload


def reasons(payload: Any) -> list[tuple[str, str]]:
    return [(one["code"], one["path"][-1]) for one in payload["userErrors"]]


async def test_a_route_is_tried_and_says_who_did_not_get_it(
    store: Store, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NORTH", raising=False)
    async with store.transaction() as connection:
        route = await put(connection, "alert_route", name="north", addresses=["li@example.com"], target="env:NORTH")
    payload = await call(client, ROUTE, routeId=global_id("AlertRoute", route))
    assert payload["userErrors"] == []
    mail, target = payload["recipients"]
    assert (mail["recipient"], target["recipient"]) == ("li@example.com", "the target of north")
    assert "[smtp]" in mail["error"]
    assert "NORTH is not set" in target["error"]
    assert reasons(await call(client, ROUTE, routeId=global_id("AlertRoute", 7))) == [("NOT_FOUND", "routeId")]


async def test_detection_is_asked_for_once_for_a_key(client: Client, jobs: Deferred) -> None:
    for _ in range(2):
        assert (await call(client, DETECT, idempotencyKey="a"))["requested"]
        assert (await call(client, DETECT, full=True, idempotencyKey="b"))["requested"]
    assert jobs.told == ["detect", "detect all"]
    other = await call(client, DETECT, full=True, idempotencyKey="a")
    assert (other["requested"], reasons(other)) == (False, [("IDEMPOTENCY_CONFLICT", "idempotencyKey")])


async def test_all_that_is_stored_of_a_source_is_mapped_again(store: Store, client: Client, jobs: Deferred) -> None:
    shop = global_id("Source", await a_source(store, "shop", "products", "orders"))
    for _ in range(2):
        payload = await call(client, REPLAY, sourceId=shop, streams=["orders"], idempotencyKey="a")
        assert payload["runs"] == [{"mode": "REPLAY", "trigger": "MAPPING", "stream": {"name": "orders"}}]
    assert len(jobs.runs) == 1
    assert len((await call(client, REPLAY, sourceId=shop, idempotencyKey="b"))["runs"]) == 2
    refused = await call(client, REPLAY, sourceId=shop, streams=["none"], idempotencyKey="c")
    assert reasons(refused) == [("VALIDATION_FAILED", "streams")]
    gone = await call(client, REPLAY, sourceId=global_id("Source", 7), idempotencyKey="d")
    assert reasons(gone) == [("NOT_FOUND", "sourceId")]


async def test_evidence_is_frozen_once_and_handed_out_under_its_hash(store: Store, client: Client) -> None:
    world = await example_world(store)
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")], invoice="INV1", day="2026-03-01")
    await world.detect()
    found = (await client.data("{ conflicts { nodes { id conflictCase: case { id } } } }"))["conflicts"]["nodes"]
    assert found
    first = await call(client, FREEZE, conflictIds=[found[0]["id"]])
    assert first["userErrors"] == []
    assert await call(client, FREEZE, conflictIds=[found[0]["id"]]) == first
    bundle = await client.http.get(f"/evidence/{first['hash']}", headers={"authorization": f"Bearer {client.token}"})
    assert bundle.status_code == 200
    case = next(one["conflictCase"]["id"] for one in found if one["conflictCase"])
    assert (await call(client, FREEZE, caseId=case))["hash"] is not None
    for given, reason in (
        ({}, ("VALIDATION_FAILED", "conflictIds")),
        ({"conflictIds": [], "caseId": None}, ("VALIDATION_FAILED", "conflictIds")),
        ({"conflictIds": [found[0]["id"]], "caseId": case}, ("VALIDATION_FAILED", "conflictIds")),
        ({"conflictIds": [global_id("Conflict", 7)]}, ("NOT_FOUND", "conflictIds")),
        ({"caseId": global_id("ConflictCase", 7)}, ("NOT_FOUND", "caseId")),
    ):
        assert reasons(await call(client, FREEZE, **given)) == [reason]


async def test_nobody_freezes_what_it_may_not_see(store: Store, client: Client) -> None:
    async with store.transaction() as connection:
        li = await add_user(connection, Person(email="li@example.com", name="Li", roles=("channel_manager",)))
    other = await token(store, "channel_manager", user_id=li)
    case = await a_case(store, 1)
    answer = await client.data(FREEZE, variables={"i": {"caseId": global_id("ConflictCase", case)}}, token=other)
    assert reasons(answer["freezeEvidence"]) == [("NOT_FOUND", "caseId")]


async def test_connectors_documents_and_what_is_wrong_are_shown_to_administrators(store: Store, jobs: Deferred) -> None:
    words = {"url": "https://shop.example.com", "username": "hub", "password": "env:NOWHERE", "partner": "S-1"}
    chosen = Settings(
        home=Path("."),
        source=[
            SourceSettings(name="shop", connector="vendure", settings=words),
            SourceSettings(name="odd", connector="gone", settings={}),
        ],
    )
    await ensure_sources(store, chosen)
    async with store.transaction() as connection:
        await register(
            connection, [Trusted(hash="a" * 64, text="{ __typename }", name="a", operation_names=(), maximum_cost=1)], None
        )
    query = """{ connectors { nodes { name broken streams settings { name type secret required default example help } } }
        trustedDocuments { nodes { name hash } } }"""
    async with web(store, build_schema(), jobs=jobs, chosen=chosen) as client:
        shown = await client.data(query)
        by_name = {one["name"]: one for one in shown["connectors"]["nodes"]}
        assert {"sheet", "tryton", "vendure"} <= by_name.keys()
        settings = {one["name"]: one for one in by_name["vendure"]["settings"]}
        assert [name for name, one in settings.items() if one["secret"]] == ["password"]
        assert (settings["channel"]["default"], settings["regions"]["type"]) == ("online", "TABLE")
        assert by_name["vendure"]["streams"][0] == "products"
        assert shown["trustedDocuments"]["nodes"] == [{"name": "a", "hash": "a" * 64}]
        wrong = (await client.data("{ diagnosis }"))["diagnosis"]
        assert any("odd" in sentence for sentence in wrong)
        for role in ("analyst", "service", "channel_manager", "direct_sales"):
            other = await token(store, role)
            hidden = await client.data(query, token=other)
            assert hidden == {"connectors": {"nodes": []}, "trustedDocuments": {"nodes": []}}
            assert await client.code("{ diagnosis }", token=other) == "FORBIDDEN"
