"""Versions of the policy over the API: what they change, and whose word lets them hold."""

from datetime import date
from decimal import Decimal
from typing import Any

from hub.conflicts.registry import all_rules
from hub.store.database import Store
from hub.store.user import Person, add_user
from schema.context import Role
from schema.ids import global_id
from schema.root import build_schema
from tests.rows import Rows
from tests.schema.conftest import Ask
from tests.trading import World, example_world
from tests.web import Client, Deferred, token, web

VERSIONS = """{ policyVersions { nodes { number state loosens note proposedBy { displayName } publishedBy { displayName }
    changes { path before after } } } }"""
PUBLISH = """mutation ($i: PublishPolicyInput!) { publishPolicy(input: $i) {
    policyVersion { number state } userErrors { code message path } } }"""
LIVE: dict[str, Any] = {"jurisdiction": {"regions": {"CN": "CN"}}}


async def person(store: Store, email: str, role: str, *partners: int) -> str:
    """Add a user and return a token of it."""
    async with store.transaction() as connection:
        user_id = await add_user(connection, Person(email=email, name=email, roles=(role,), partner_ids=partners))
    return await token(store, role, user_id=user_id)


async def proposed(world: World) -> str:
    """Bring a version that loosens a profile and return its id."""
    body = LIVE | {"jurisdiction": {"regions": {"CN": "CN"}, "profile": {"CN": {"price_rules": "case"}}}}
    version = await world.put(
        "policy_version", "2", version=2, effective_from="2026-03-01", base_currency="CNY", timezone="Asia/Shanghai",
        body=body | {"thresholds": {"cross_region_sale": {"min_units": 20}}},
    )  # fmt: skip
    return global_id("PolicyVersion", version)


async def test_two_people_publish_what_loosens_a_profile(store: Store) -> None:
    world = await example_world(store)
    version = await proposed(world)
    first, second = await person(store, "a@example.com", "admin"), await person(store, "b@example.com", "admin")
    manager = await person(store, "li@example.com", "channel_manager", world.ids["partner", "GD-B"])
    jobs = Deferred()

    async def say(client: Client, token: str, key: str, **more: Any) -> Any:
        answer = await client.data(
            PUBLISH, token=token, variables={"i": {"policyVersionId": version, "idempotencyKey": key} | more}
        )
        return answer["publishPolicy"]

    async with web(store, build_schema(), jobs=jobs) as client:
        (error,) = (await say(client, first, "1"))["userErrors"]
        assert (error["code"], "write the reason" in error["message"]) == ("POLICY_DENIED", True)
        waits = await say(client, first, "2", note="The law changed.")
        assert waits == {"policyVersion": {"number": 2, "state": "PROPOSED"}, "userErrors": []}
        assert (await say(client, first, "3"))["userErrors"][0]["message"].endswith("than the one who proposed it.")
        assert (await say(client, manager, "4"))["userErrors"][0]["code"] == "POLICY_DENIED"
        assert "named user" in (await say(client, client.token, "5"))["userErrors"][0]["message"]
        assert (await say(client, second, "6"))["policyVersion"] == {"number": 2, "state": "PUBLISHED"}
        assert (await say(client, second, "6"))["policyVersion"] == {"number": 2, "state": "PUBLISHED"}
        nodes = (await client.data(VERSIONS))["policyVersions"]["nodes"]
        assert (
            await client.code(
                PUBLISH,
                token=await token(store, "analyst"),
                variables={"i": {"policyVersionId": version, "idempotencyKey": "7"}},
            )
            == "FORBIDDEN"
        )
    assert jobs.told == ["detect", "detect"]
    assert [(one["number"], one["state"]) for one in nodes] == [(2, "PUBLISHED"), (1, "PUBLISHED")]
    assert (nodes[0]["proposedBy"], nodes[0]["publishedBy"]) == (
        {"displayName": "a@example.com"},
        {"displayName": "b@example.com"},
    )
    assert (nodes[0]["loosens"], nodes[0]["note"]) == (["CN: price_rules observe > case"], "The law changed.")
    changes = {one["path"]: (one["before"], one["after"]) for one in nodes[0]["changes"]}
    assert changes["thresholds.cross_region_sale.min_units"] == (None, "20")
    assert changes["jurisdiction.profile.CN.price_rules"] == (None, "case")
    assert changes["effective_from"] == ("2026-01-01", "2026-03-01")
    assert nodes[1]["changes"]


async def test_partners_and_direct_sales_see_no_policy(store: Store) -> None:
    await example_world(store)
    async with web(store, build_schema()) as client:
        for role in (Role.PARTNER, Role.DIRECT_SALES):
            more = {"partner_id": 1} if role is Role.PARTNER else {}
            answer = await client.data(VERSIONS, token=await token(store, str(role.value), **more))
            assert answer["policyVersions"]["nodes"] == []


async def test_a_version_tells_every_number_its_rules_compare_with(rows: Rows, ask: Ask) -> None:
    await rows.region("CN-GD")
    body = {
        "thresholds": {"cross_region_sale": {"min_units": 20}},
        "override": [{"rule": "cross_region_sale", "region": "CN-GD", "product_group": "X", "min_units": 5, "price_tol": 0.02}],
    }
    for version, said in ((1, {}), (2, body)):
        day = date(2026, 1, version)
        await rows.canonical("policy_version", version=version, effective_from=day, base_currency="CNY", body=said)
    answer = await ask("{ policyVersions { nodes { thresholds { ruleId name value productGroup region { code } } } } }")
    assert answer["errors"] == []
    second, first = answer["data"]["policyVersions"]["nodes"]
    everywhere = {"productGroup": None, "region": None}
    assert {(one["ruleId"], one["name"], Decimal(one["value"])) for one in first["thresholds"]} == {
        (name, threshold, value) for name, pair in all_rules().items() for threshold, value in pair.rule.thresholds.items()
    }
    place = {"ruleId": "cross_region_sale", "productGroup": "X", "region": {"code": "CN-GD"}}
    assert [one for one in second["thresholds"] if one not in first["thresholds"]] == [
        {"ruleId": "cross_region_sale", "name": "min_units", "value": "20"} | everywhere,
        place | {"name": "min_units", "value": "5"},
        place | {"name": "price_tol", "value": "0.02"},
    ]
