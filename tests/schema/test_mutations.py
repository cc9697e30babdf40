"""What can be changed, by whom, and what is answered."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.store.alert_route import Route, declare_routes
from hub.store.database import Store
from hub.store.user import Person, add_user
from schema.ids import global_id
from schema.root import build_schema
from tests.web import Client, Deferred, token, web
from tests.world import a_case, a_partner, a_source, put

ERRORS = "userErrors { __typename code path }"
SYNC = f"mutation ($i: RequestSyncInput!) {{ requestSync(input: $i) {{ runs {{ state mode stream {{ name }} }} {ERRORS} }} }}"
REPLAY = f"mutation ($i: ReplayRejectsInput!) {{ replayRejects(input: $i) {{ runs {{ mode }} matchedCount {ERRORS} }} }}"
SEEN = f"mutation ($i: AcknowledgeAlertInput!) {{ acknowledgeAlert(input: $i) {{ alert {{ state }} {ERRORS} }} }}"
MAKE = f"""mutation ($i: CreateTokenInput!) {{
    createToken(input: $i) {{ token accessToken {{ id role prefix partner {{ code }} }} {ERRORS} }}
}}"""
REVOKE = f"mutation ($i: RevokeTokenInput!) {{ revokeToken(input: $i) {{ accessToken {{ revokedAt }} {ERRORS} }} }}"
USER = f"""mutation ($i: UpsertUserInput!) {{
    upsertUser(input: $i) {{ user {{ id email roles active assignedPartners {{ code }} }} {ERRORS} }}
}}"""
OUT = f"mutation ($i: DeactivateUserInput!) {{ deactivateUser(input: $i) {{ user {{ active }} {ERRORS} }} }}"


PREFER = f"""mutation ($i: SetPreferencesInput!) {{
    setPreferences(input: $i) {{ user {{ email locale timeZone quietHours }} {ERRORS} }}
}}"""
MINE = "{ viewer { user { email locale timeZone quietHours } } }"
ROUTE = f"mutation ($i: UpsertRouteInput!) {{ upsertRoute(input: $i) {{ route {{ id name managedBy target }} {ERRORS} }} }}"
NO_ROUTE = f"mutation ($i: DeleteRouteInput!) {{ deleteRoute(input: $i) {{ deletedRouteId {ERRORS} }} }}"


@pytest.fixture
def jobs() -> Deferred:
    return Deferred()


@pytest.fixture
async def client(store: Store, jobs: Deferred) -> AsyncIterator[Client]:
    async with web(store, build_schema(), jobs=jobs) as client:
        yield client


async def call(client: Client, query: str, **given: Any) -> Any:
    """Call a mutation and return its payload."""
    (payload,) = (await client.data(query, variables={"i": given})).values()
    return payload


def reasons(payload: Any) -> list[tuple[str, str]]:
    """Return the codes of a payload's errors and the fields they are about."""
    return [(one["code"], one["path"][-1]) for one in payload["userErrors"]]


async def test_a_sync_is_asked_for_stream_by_stream_and_done_once(store: Store, client: Client, jobs: Deferred) -> None:
    source = global_id("Source", await a_source(store, "shop", "products", "orders"))
    asked = {"sourceId": source, "idempotencyKey": "k1"}
    payload = await call(client, SYNC, **asked)
    assert payload["userErrors"] == []
    assert [(run["state"], run["mode"], run["stream"]["name"]) for run in payload["runs"]] == [
        ("REQUESTED", "INCREMENTAL", "products"),
        ("REQUESTED", "INCREMENTAL", "orders"),
    ]
    assert len(jobs.runs) == 2
    assert await call(client, SYNC, **asked) == payload
    assert len(jobs.runs) == 2
    assert reasons(await call(client, SYNC, **asked, mode="RECONCILE")) == [("IDEMPOTENCY_CONFLICT", "idempotencyKey")]
    only = await call(client, SYNC, sourceId=source, streams=["orders"], mode="RECONCILE", idempotencyKey="k2")
    assert [(run["mode"], run["stream"]["name"]) for run in only["runs"]] == [("RECONCILE", "orders")]


async def test_a_sync_that_cannot_be_is_refused_with_the_reason(store: Store, client: Client, jobs: Deferred) -> None:
    source = await a_source(store)
    paused = await a_source(store, "old", state="paused")
    ok = {"sourceId": global_id("Source", source), "idempotencyKey": "k"}
    window = {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}
    for change, reason in (
        ({"streams": ["nope"]}, ("VALIDATION_FAILED", "streams")),
        ({"mode": "REPLAY"}, ("VALIDATION_FAILED", "mode")),
        ({"mode": "BACKFILL", "window": window}, ("VALIDATION_FAILED", "mode")),
        ({"window": window}, ("VALIDATION_FAILED", "window")),
        ({"idempotencyKey": ""}, ("VALIDATION_FAILED", "idempotencyKey")),
        ({"sourceId": "nonsense"}, ("BAD_USER_INPUT", "sourceId")),
        ({"sourceId": global_id("Source", 1)}, ("NOT_FOUND", "sourceId")),
        ({"sourceId": global_id("Source", paused)}, ("SOURCE_UNAVAILABLE", "sourceId")),
    ):
        payload = await call(client, SYNC, **(ok | change))
        assert (payload["runs"], reasons(payload)) == ([], [reason]), change
    assert jobs.runs == []
    # What was refused left its key free.
    assert len((await call(client, SYNC, **ok))["runs"]) == 1


async def a_reject(store: Store, source: int, identity: str, **values: Any) -> int:
    async with store.transaction() as connection:
        stream = await connection.fetchval("SELECT id FROM stream WHERE source_id = $1", source)
        given = {"run_id": 0, "body": b"{}", "reason": "missing_field", "code": "missing_column", "message": "No sku."}
        row = {"source_id": source, "stream_id": stream, "identity": identity} | given | values
        return await put(connection, "reject", **row)


async def test_rejects_are_mapped_again_by_id_or_by_filter(store: Store, client: Client, jobs: Deferred) -> None:
    shop, other = await a_source(store, "shop"), await a_source(store, "other")
    one = await a_reject(store, shop, "a")
    await a_reject(store, shop, "b", reason="invalid_value")
    await a_reject(store, other, "c")
    by_id = await call(client, REPLAY, rejectIds=[global_id("Reject", one)], idempotencyKey="k1")
    assert by_id == {"runs": [{"mode": "REPLAY"}], "matchedCount": 1, "userErrors": []}
    only = {"reason": {"in": ["MISSING_FIELD"]}}
    dry = await call(client, REPLAY, filter=only, dryRun=True, idempotencyKey="k2")
    assert (dry["runs"], dry["matchedCount"]) == ([], 2)
    assert len(jobs.runs) == 1
    by_filter = await call(client, REPLAY, filter=only, idempotencyKey="k2")
    assert (len(by_filter["runs"]), by_filter["matchedCount"]) == (2, 2)
    assert len(jobs.runs) == 3
    assert reasons(await call(client, REPLAY, idempotencyKey="k3")) == [("VALIDATION_FAILED", "rejectIds")]


async def test_an_alert_is_seen_once(store: Store, client: Client) -> None:
    case = await a_case(store, 1)
    async with store.transaction() as connection:
        alert = await put(connection, "alert", case_id=case, reason="new_case", severity="medium", dedupe="1")
    seen = {"alertId": global_id("Alert", alert), "comment": "Called them."}
    for _ in range(2):
        assert (await call(client, SEEN, **seen)) == {"alert": {"state": "ACKNOWLEDGED"}, "userErrors": []}
    async with store.connection() as connection:
        assert await connection.fetchval("SELECT array_agg(comment) FROM case_step") == ["Called them."]
    missing = await call(client, SEEN, alertId=global_id("Alert", 1))
    assert (missing["alert"], reasons(missing)) == (None, [("NOT_FOUND", "alertId")])
    long = await call(client, SEEN, alertId=seen["alertId"], comment="x" * 1_001)
    assert reasons(long) == [("VALIDATION_FAILED", "comment")]


async def test_a_token_is_made_works_and_is_revoked(store: Store, client: Client) -> None:
    partner = global_id("Partner", await a_partner(store, "east"))
    made = await call(client, MAKE, name="East", role="PARTNER", partnerId=partner)
    assert made["accessToken"]["partner"] == {"code": "east"}
    assert made["token"].startswith(made["accessToken"]["prefix"])
    assert (await client.post("{ __typename }", token=made["token"])).status_code == 200
    gone = await call(client, REVOKE, accessTokenId=made["accessToken"]["id"])
    assert gone["accessToken"]["revokedAt"] is not None
    assert gone == await call(client, REVOKE, accessTokenId=made["accessToken"]["id"])
    for wrong, field in (
        ({"name": "", "role": "ADMIN"}, "name"),
        ({"name": "x", "role": "PARTNER"}, "partnerId"),
        ({"name": "x", "role": "ADMIN", "partnerId": partner}, "partnerId"),
        ({"name": "x", "role": "ADMIN", "expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
    ):
        payload = await call(client, MAKE, **wrong)
        assert (payload["token"], [field]) == (None, [path for _, path in reasons(payload)])


async def test_others_revoke_only_their_own_token(store: Store, client: Client) -> None:
    mine = await token(store, "analyst")
    async with store.connection() as connection:
        rows = await connection.fetch("SELECT id FROM access_token ORDER BY id")
    admins, own = (global_id("AccessToken", row["id"]) for row in rows)
    variables = {"i": {"accessTokenId": admins}}
    refused = (await client.post(REVOKE, token=mine, variables=variables)).json()["data"]["revokeToken"]
    assert reasons(refused) == [("NOT_FOUND", "accessTokenId")]
    variables = {"i": {"accessTokenId": own}}
    done = (await client.post(REVOKE, token=mine, variables=variables)).json()["data"]["revokeToken"]
    assert done["userErrors"] == []
    assert (await client.post("{ __typename }", token=mine)).status_code == 401


async def test_a_token_is_not_made_for_another_partner_than_the_users(store: Store, client: Client) -> None:
    east, west = [global_id("Partner", await a_partner(store, code)) for code in ("east", "west")]
    user = (await call(client, USER, email="li@example.com", name="Li", roles=["PARTNER"], partnerId=east))["user"]["id"]
    asked = {"name": "x", "role": "PARTNER", "userId": user}
    assert reasons(await call(client, MAKE, **asked, partnerId=west)) == [("VALIDATION_FAILED", "partnerId")]
    assert (await call(client, MAKE, **asked, partnerId=east))["userErrors"] == []


async def test_users_come_change_and_go(store: Store, client: Client) -> None:
    partner = global_id("Partner", await a_partner(store, "east"))
    asked = {"email": "Li@example.com", "name": "Li", "roles": ["CHANNEL_MANAGER"], "partnerIds": [partner]}
    made = (await call(client, USER, **asked))["user"]
    assert (made["email"], made["roles"], made["active"]) == ("li@example.com", ["CHANNEL_MANAGER"], True)
    assert made["assignedPartners"] == [{"code": "east"}]
    changed = (await call(client, USER, email="li@example.com", name="Li Na", roles=["ANALYST"]))["user"]
    assert (changed["id"], changed["roles"], changed["assignedPartners"]) == (made["id"], ["ANALYST"], [])
    assert (await call(client, OUT, userId=made["id"]))["user"] == {"active": False}
    async with store.connection() as connection:
        owner = await connection.fetchval("SELECT id FROM hub_user WHERE email = 'owner@localhost'")
    assert reasons(await call(client, OUT, userId=global_id("User", owner))) == [("POLICY_DENIED", "userId")]
    demoted = await call(client, USER, email="owner@localhost", name="Owner", roles=["ANALYST"])
    assert (demoted["user"], reasons(demoted)) == (None, [("POLICY_DENIED", "roles")])
    other = (await call(client, USER, email="li@example.com", name="Li", roles=["ADMIN"]))["user"]
    assert other["active"]
    assert (await call(client, USER, email="owner@localhost", name="Owner", roles=["ANALYST"]))["userErrors"] == []
    assert reasons(await call(client, OUT, userId=other["id"])) == [("POLICY_DENIED", "userId")]
    for change, field in (
        ({"email": "nobody"}, "email"),
        ({"roles": []}, "roles"),
        ({"roles": ["PARTNER"]}, "partnerId"),
        ({"timeZone": "Mars"}, "timeZone"),
        ({"quietHours": "late"}, "quietHours"),
        ({"partnerIds": [global_id("Partner", 1)]}, "partnerIds"),
    ):
        assert [path for _, path in reasons(await call(client, USER, **(asked | change)))] == [field]


async def test_routes_come_change_and_go(store: Store, client: Client) -> None:
    asked = {"name": "north", "ruleIds": ["cross_region_sale"], "partners": ["GD-B"], "target": "env:NORTH"}
    made = await call(client, ROUTE, **asked)
    assert made["userErrors"] == []
    route = made["route"]
    assert (route["name"], route["managedBy"], route["target"]) == ("north", "API", "env:NORTH")
    changed = (await call(client, ROUTE, name="north", addresses=["Li@example.com"], locale="ZH_CN"))["route"]
    assert (changed["id"], changed["target"]) == (route["id"], None)
    query = "{ alertRoutes { nodes { name ruleIds severity addresses locale } } }"
    (listed,) = (await client.data(query))["alertRoutes"]["nodes"]
    assert listed == {
        "name": "north", "ruleIds": [], "severity": "MEDIUM", "addresses": ["li@example.com"], "locale": "ZH_CN"
    }  # fmt: skip
    assert (await call(client, NO_ROUTE, routeId=route["id"]))["deletedRouteId"] == route["id"]
    assert reasons(await call(client, NO_ROUTE, routeId=route["id"])) == [("NOT_FOUND", "routeId")]
    for change, field in (
        ({"name": "North Pole"}, "name"),
        ({"ruleIds": ["nope"]}, "ruleIds"),
        ({"target": None}, "addresses"),
        ({"addresses": ["nobody"]}, "addresses"),
        ({"addresses": [f"{number}@example.com" for number in range(501)]}, "addresses"),
        ({"target": "slack://a/b/c"}, "target"),
        ({"secret": "hush"}, "secret"),
        ({"regions": ["CN-XX"]}, "regions"),
    ):
        refused = await call(client, ROUTE, **(asked | change))
        assert (refused["route"], [path for _, path in reasons(refused)]) == (None, [field])


async def test_a_route_of_the_settings_is_changed_there(store: Store, client: Client) -> None:
    async with store.transaction() as connection:
        await declare_routes(connection, [Route(name="north", addresses=("a@example.com",))])
        route = await connection.fetchval("SELECT id FROM alert_route")
    refused = await call(client, ROUTE, name="north", addresses=["b@example.com"])
    assert reasons(refused) == [("POLICY_DENIED", "name")]
    assert reasons(await call(client, NO_ROUTE, routeId=global_id("AlertRoute", route))) == [("POLICY_DENIED", "routeId")]
    async with store.transaction() as connection:
        await declare_routes(connection, [])
    assert (await call(client, ROUTE, name="north", addresses=["b@example.com"]))["userErrors"] == []


async def test_routes_are_for_administrators(store: Store, client: Client) -> None:
    await call(client, ROUTE, name="north", addresses=["li@example.com"])
    for role in ("analyst", "channel_manager", "service"):
        other = await token(store, role)
        answer = (await client.post("{ alertRoutes { totalCount } }", token=other)).json()
        assert answer["data"]["alertRoutes"]["totalCount"] == 0
        answer = (await client.post(ROUTE, token=other, variables={"i": {"name": "x", "addresses": ["a@b"]}})).json()
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_mutation_is_refused_to_the_wrong_role(store: Store, client: Client) -> None:
    analyst = await token(store, "analyst")
    variables = {"i": {"name": "x", "role": "ADMIN"}}
    answer = (await client.post(MAKE, token=analyst, variables=variables)).json()
    assert answer["data"] == {"createToken": None}
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    async with store.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM access_token") == 2


async def test_a_text_that_cannot_be_stored_is_the_clients_mistake(client: Client) -> None:
    for given in ({"name": "\x00", "role": "ANALYST"}, {"name": "x", "role": "PARTNER", "partnerId": "a\x00"}):
        assert await client.code(MAKE, variables={"i": given}) == "BAD_USER_INPUT"
    written = 'mutation { createToken(input: {name: "\\u0000", role: ANALYST}) { token } }'
    assert await client.code(written) == "BAD_USER_INPUT"
    tags = {"email": "a@b.example", "name": "A", "roles": ["ANALYST"], "productGroups": ["fine", "\x00"]}
    assert await client.code(USER, variables={"i": tags}) == "BAD_USER_INPUT"


async def person(store: Store, email: str, role: str, **more: Any) -> tuple[int, str]:
    """Add a user; return its id and a token of it."""
    async with store.transaction() as connection:
        user_id = await add_user(connection, Person(email=email, name=email, roles=(role,), **more))
    return user_id, await token(store, role, user_id=user_id, partner_id=more.get("partner_id"))


async def prefers(client: Client, token: str, **given: Any) -> Any:
    return (await client.data(PREFER, token=token, variables={"i": given}))["setPreferences"]


async def test_everybody_says_how_messages_reach_it(store: Store, client: Client) -> None:
    partner = await a_partner(store, "GD-B")
    for role, more in (("channel_manager", {}), ("analyst", {}), ("partner", {"partner_id": partner})):
        email = f"{role}@example.com"
        _, own = await person(store, email, role, **more)
        usual = {"email": email, "locale": "EN", "timeZone": "UTC", "quietHours": None}
        assert (await client.data(MINE, token=own))["viewer"]["user"] == usual
        said = await prefers(client, own, locale="ZH_CN", timeZone="Asia/Shanghai", quietHours="20:00-08:00")
        chosen = {"email": email, "locale": "ZH_CN", "timeZone": "Asia/Shanghai", "quietHours": "20:00-08:00"}
        assert said == {"user": chosen, "userErrors": []}
        # What is left out stays; hours of null are the policy's, and empty ones none.
        assert (await prefers(client, own, timeZone="Europe/Paris"))["user"] == chosen | {"timeZone": "Europe/Paris"}
        assert (await prefers(client, own, quietHours=""))["user"]["quietHours"] == ""
        assert (await prefers(client, own, quietHours=None))["user"]["quietHours"] is None
        assert (await prefers(client, own))["user"] == chosen | {"timeZone": "Europe/Paris", "quietHours": None}


async def test_preferences_of_another_are_for_administrators(store: Store, client: Client) -> None:
    li, own = await person(store, "li@example.com", "channel_manager")
    _, other = await person(store, "wang@example.com", "analyst")
    named = {"userId": global_id("User", li), "timeZone": "Asia/Shanghai"}
    assert reasons(await prefers(client, other, **named)) == [("NOT_FOUND", "userId")]
    assert (await prefers(client, client.token, **named))["user"]["timeZone"] == "Asia/Shanghai"
    assert reasons(await prefers(client, client.token, timeZone="Asia/Shanghai")) == [("POLICY_DENIED", "userId")]
    assert reasons(await prefers(client, own, timeZone="Mars/Olympus")) == [("VALIDATION_FAILED", "timeZone")]
    assert reasons(await prefers(client, own, quietHours="late")) == [("VALIDATION_FAILED", "quietHours")]
    assert reasons(await prefers(client, own, userId=global_id("Partner", li))) == [("BAD_USER_INPUT", "userId")]
    assert (await client.data(MINE, token=own))["viewer"]["user"]["timeZone"] == "Asia/Shanghai"
