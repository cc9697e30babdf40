"""Frozen evidence over HTTP: the very text for who sees all of it, its own part for a partner, nothing for anybody else."""

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import httpx2
import orjson
import pytest

from hub.evidence.bundle import freeze, named
from hub.store.database import Store
from schema.context import Role, Viewer
from schema.root import build_schema
from tests.trading import NOON, World, example_world
from tests.web import Client, token, web


@pytest.fixture
async def world(store: Store) -> World:
    """GD-B sold into the region that SH-A holds alone; the case is being investigated."""
    one = await example_world(store)
    await one.customer("SECRET-SHOP", "CN-SH")
    await one.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")], invoice="INV1", customer="SECRET-SHOP")
    await one.order("O9", "SH-A", "CN-SH", [("P1", "7", "777")])
    await one.detect()
    async with store.connection() as connection:
        await connection.execute("UPDATE conflict_case SET state = 'investigating'")
    return one


@pytest.fixture
async def hash(store: Store, world: World) -> str:
    """The hash of the frozen evidence of the case."""
    async with store.transaction() as connection:
        number = await connection.fetchval("SELECT number FROM conflict_case WHERE rule = 'cross_region_sale'")
        return (await freeze(connection, await named(connection, str(number)), NOON)).hash


@pytest.fixture
async def client(store: Store) -> AsyncIterator[Client]:
    async with web(store, build_schema()) as one:
        yield one


async def get(client: Client, hash: str, token: str | None = None, **more: Any) -> httpx2.Response:
    headers = {"authorization": f"Bearer {token or client.token}", "x-request-id": "1"} | more.pop("headers", {})
    return await client.http.get(f"/evidence/{hash}", headers=headers, **more)


async def partners(store: Store, world: World, code: str) -> str:
    return await token(store, "partner", partner_id=world.ids["partner", code])


async def test_who_sees_all_gets_the_very_text(client: Client, hash: str) -> None:
    answer = await get(client, hash)
    assert answer.status_code == 200
    assert sha256(answer.content).hexdigest() == hash
    assert answer.headers["content-type"] == "application/json"
    assert orjson.loads(answer.content)["findings"][0]["affected"] == "SH-A"


async def test_a_browser_gets_a_page_in_its_language(client: Client, hash: str) -> None:
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    answer = await get(client, hash, headers={"accept": accept, "accept-language": "zh-CN"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert "疑似跨区域销售" in answer.text
    assert hash in answer.text
    assert "Potential out-of-territory" in (await get(client, hash, params={"format": "html"})).text
    assert (await get(client, hash, params={"format": "pdf"})).status_code == 400


async def test_a_partner_reads_its_own_part_and_nothing_of_anybody_else(
    client: Client, store: Store, world: World, hash: str
) -> None:
    key = await partners(store, world, "GD-B")
    answer = await get(client, hash, key)
    assert answer.status_code == 200
    (finding,) = answer.json()["findings"]
    assert (finding["subject"], finding["score"], finding["evidence"]["order"]) == ("GD-B", 70, "O1")
    assert {record["code"] for record in finding["records"]} == {"sale_line", "seller_grant"}
    (line,) = (record for record in finding["records"] if record["code"] == "sale_line")
    assert {step["name"]: step["value"] for step in line["derivation"]}["unit_net"] == "70"
    page = (await get(client, hash, key, params={"format": "html"})).text
    assert "Shown in part" in page
    async with store.connection() as connection:
        sealed = await connection.fetchval("SELECT finding_key FROM conflict WHERE rule = 'cross_region_sale'")
    for told in (answer.text, page):
        for hidden in ("SH-A", "SECRET-SHOP", "777", "local_wholesale", '"holder"', sealed, "78.0", "terms", "weight"):
            assert hidden not in told, hidden


async def test_a_partners_evidence_says_no_more_than_the_api_tells_it(
    client: Client, store: Store, world: World, hash: str, ask: Any
) -> None:
    viewer = Viewer(Role.PARTNER, partner_id=world.ids["partner", "GD-B"])
    document = """{ conflicts { nodes { findingKey score evidence(first: 200) { code hash facts { field value } }
        filtersTried { code } } } }"""
    (seen,) = (await ask(document, viewer))["data"]["conflicts"]["nodes"]
    (finding,) = (await get(client, hash, await partners(store, world, "GD-B"))).json()["findings"]
    assert (finding["key"], finding["score"]) == (seen["findingKey"], seen["score"])
    assert [record["hash"] for record in finding["records"]] == [record["hash"] for record in seen["evidence"]]
    assert [tried["filter"] for tried in finding["filters_tried"]] == [tried["code"] for tried in seen["filtersTried"]]


async def test_what_is_not_there_and_what_is_not_for_the_caller_look_alike(
    client: Client, store: Store, world: World, hash: str
) -> None:
    nobodys = await get(client, "0" * 64)
    assert nobodys.status_code == 404
    others = [
        await partners(store, world, "SH-A"),
        await partners(store, world, "JS-C"),
        await token(store, "direct_sales"),
        await token(store, "channel_manager"),
    ]
    for key in others:
        answer = await get(client, hash, key)
        assert (answer.status_code, answer.json()["errors"]) == (404, nobodys.json()["errors"])
    for odd in ("x", hash.upper(), "%00"):
        assert (await get(client, odd)).status_code == 404
    assert (await client.http.get(f"/evidence/{hash}")).status_code == 401
    async with store.connection() as connection:
        await connection.execute("UPDATE conflict_case SET state = 'reported'")
    assert (await get(client, hash, await partners(store, world, "GD-B"))).status_code == 404


async def test_a_manager_sees_the_evidence_about_its_partner(client: Client, store: Store, world: World, hash: str) -> None:
    async with store.connection() as connection:
        user = await connection.fetchval(
            "INSERT INTO hub_user (email, name, roles, partner_ids) VALUES ('li@example.com', 'Li', '{channel_manager}', $1) "
            "RETURNING id",
            [world.ids["partner", "GD-B"]],
        )
    answer = await get(client, hash, await token(store, "channel_manager", user_id=user))
    assert sha256(answer.content).hexdigest() == hash


async def test_the_api_leads_from_a_finding_to_its_policy_its_numbers_and_its_frozen_evidence(
    store: Store, world: World, hash: str, ask: Any
) -> None:
    document = """{ conflicts(filter: {ruleId: ["cross_region_sale"]}) { nodes { evidenceHash policyVersion { number }
        watermark watermarks { source stream readTo } filtersTried { code matched }
        evidence { code derivation { code formula value day } place { file line } raw { key } } } } }"""
    answer = await ask(document)
    assert answer["errors"] == []
    (finding,) = answer["data"]["conflicts"]["nodes"]
    assert (finding["evidenceHash"], finding["policyVersion"], finding["watermarks"]) == (hash, {"number": 1}, [])
    assert len(finding["filtersTried"]) > 3
    numbers = {one["code"]: [step["code"] for step in one["derivation"]] for one in finding["evidence"]}
    assert numbers["sale_line"] == ["units", "returned", "net_units", "rate", "tax", "unit_net", "value"]
    assert numbers["wholesale_price"] == ["rate", "reference"]
    assert numbers["holder_grant"] == []
    partner = await ask(document, Viewer(Role.PARTNER, partner_id=world.ids["partner", "GD-B"]))
    (own,) = partner["data"]["conflicts"]["nodes"]
    assert (own["policyVersion"], own["watermarks"]) == (None, None)
    assert [one["place"] or one["raw"] for one in own["evidence"]] == [None, None]
    assert {error["extensions"]["code"] for error in partner["errors"]} == {"FORBIDDEN"}
