"""A client's copy of an answer is good for as long as nothing changed, and not a moment longer."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
import orjson
import pytest

from hub.clock import now
from hub.settings import CostSettings
from hub.store.change import version
from hub.store.database import Store, open_store
from hub.store.trusted_document import Trusted, register
from hub.store.user import Person, add_user
from schema.ask import digest
from schema.etag import offered
from schema.ids import global_id
from schema.root import build_schema
from tests import samples
from tests.asking import documents
from tests.feeding import Source, source
from tests.schema.test_persisted import by_extension, by_id, trust
from tests.trading import World, example_world
from tests.web import Client, token, web

PARTNERS = "query Partners($n: Int = 9) { partners(first: $n) { nodes { code name region { code } } } }"
TWO = "query A { partners { totalCount } } query B { products { totalCount } }"
# What they show moves with the clock, or with every use of a token.
RESTLESS = (
    "{ inventoryLevels { nodes { age } } }",
    "{ sources { nodes { streams { lag } } } }",
    "{ orders { nodes { sync { stale } } } }",
    "{ conflictCases { nodes { allowedTransitions } } }",
    "{ rules { confirmedCount } }",
    "{ viewer { accessTokens(first: 9) { nodes { lastUsedAt } } } }",
    "{ viewer { cost { currentlyAvailable } } }",
    "{ partners { totalCount } inventoryLevels { nodes { age } } }",
)


@dataclass
class Browser:
    """Keeps a copy of every answer it gets by its name, and asks for it again with the name of the last one."""

    client: Client
    token: str
    last: dict[str, str] = field(default_factory=dict)
    copies: dict[tuple[str, str], Any] = field(default_factory=dict)

    async def get(self, document: str, **more: str) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.token}"} | {name.replace("_", "-"): one for name, one in more.items()}
        return await self.client.http.get("/graphql", params=by_id(document), headers=headers)

    async def look(self, document: str) -> bool:
        """Ask as a browser does; say whether the copy was good. What the hub calls alike has to be alike."""
        last = self.last.get(document)
        answer = await self.get(document, **({"if_none_match": last} if last else {}))
        whole = await self.get(document)
        assert answer.headers.get("etag") == whole.headers.get("etag")
        body = whole.json()
        del body["extensions"]["requestId"], body["extensions"]["cost"]
        if "etag" in whole.headers:
            self.last[document] = whole.headers["etag"]
            assert self.copies.setdefault((document, self.last[document]), body) == body
        if answer.status_code == 304:
            assert answer.content == b""
            assert self.copies[document, str(last)] == body
        return answer.status_code == 304


@pytest.fixture
async def client(store: Store) -> AsyncIterator[Client]:
    """A hub whose tokens may ask as often as a test wants to look."""
    plenty = CostSettings(points=10_000_000, per_second=1, largest=10_000_000)
    async with web(store, build_schema(), cost=plenty) as client:
        yield client


async def test_an_answer_that_is_good_still_is_not_sent_again(store: Store, client: Client) -> None:
    await trust(store, PARTNERS)
    browser = Browser(client, client.token)
    first = await browser.get(PARTNERS)
    for name in (first.headers["etag"], f'"other", {first.headers["etag"]}'):
        again = await browser.get(PARTNERS, if_none_match=name, x_request_id="mine")
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        assert again.headers["x-request-id"] == "mine"
    for response in (first, again):
        assert response.headers["cache-control"] == "private, no-cache"
        assert response.headers["vary"] == "Authorization, Accept, Accept-Language"
    for name in ("*", "", '"other"', first.headers["etag"][:-2] + '"'):
        assert (await browser.get(PARTNERS, if_none_match=name)).status_code == 200


def test_names_are_read_as_the_header_has_them() -> None:
    assert offered('W/"a", "b" ,W/"c"') == {'W/"a"', '"b"', 'W/"c"'}
    assert offered(None) == {""}


async def test_whoever_asks_otherwise_gets_another_name(store: Store, client: Client) -> None:
    await trust(store, PARTNERS, TWO)
    headers = {"authorization": f"Bearer {client.token}"}
    other = {"authorization": f"Bearer {await token(store, 'analyst')}"}
    ways: list[tuple[dict[str, str], dict[str, str]]] = [
        (by_id(PARTNERS), headers),
        (by_id(PARTNERS), other),
        (by_id(PARTNERS), headers | {"accept-language": "zh-CN"}),
        (by_id(PARTNERS), headers | {"accept": "application/graphql-response+json"}),
        (by_id(PARTNERS) | {"variables": '{"n": 1}'}, headers),
        (by_id(PARTNERS) | {"variables": '{"n": 2}'}, headers),
        (by_id(TWO) | {"operationName": "A"}, headers),
        (by_id(TWO) | {"operationName": "B"}, headers),
    ]
    names = [(await client.http.get("/graphql", params=words, headers=how)).headers["etag"] for words, how in ways]
    assert len(set(names)) == len(names)


async def test_what_moves_with_the_clock_has_no_name(store: Store, client: Client) -> None:
    await trust(store, *RESTLESS)
    browser = Browser(client, client.token)
    for document in RESTLESS:
        response = await browser.get(document)
        assert "errors" not in response.json(), response.text
        assert "etag" not in response.headers, document


async def test_only_registered_documents_that_went_well_have_a_name(store: Store, client: Client) -> None:
    refused = "{ orders(first: 1000) { totalCount } }"
    denied = "{ customers { nodes { email } } }"
    await trust(store, refused, denied)
    browser = Browser(client, await token(store, "analyst"))
    for document in (refused, denied):
        assert "etag" not in (await browser.get(document)).headers
    headers = {"authorization": f"Bearer {client.token}"}
    text = "{ partners { totalCount } }"
    for params in ({"query": text}, {"query": text, "extensions": orjson.dumps(by_extension(text)["extensions"]).decode()}):
        response = await client.http.get("/graphql", params=params, headers=headers)
        assert response.status_code == 200
        assert "etag" not in response.headers
    await trust(store, text)
    assert "etag" not in (await client.http.post("/graphql", json=by_id(text), headers=headers)).headers
    assert "etag" in (await client.http.get("/graphql", params=by_id(text), headers=headers)).headers


async def test_a_stream_that_falls_behind_is_another_state(store: Store) -> None:
    await source(store)
    async with store.connection() as connection:
        await connection.execute("UPDATE stream SET watermark = $1", now())
        in_time, late = now() + timedelta(seconds=890), now() + timedelta(seconds=910)
        assert await version(connection, now()) == await version(connection, in_time)
        assert await version(connection, in_time) != await version(connection, late)


async def test_a_copy_that_is_good_costs_one_statement(address: str, store: Store) -> None:
    await trust(store, PARTNERS)
    said: list[str] = []
    # One connection listens, the other is what requests are answered with.
    async with open_store(address, connections=2) as narrow, web(narrow, build_schema()) as client:
        browser = Browser(client, client.token)
        name = (await browser.get(PARTNERS)).headers["etag"]
        async with narrow.pool.acquire() as connection:
            connection._con.add_query_logger(lambda one: said.append(one.query))
        assert (await browser.get(PARTNERS, if_none_match=name)).status_code == 304
    # The token is looked up at most every two seconds; the pool tidies a connection that comes back.
    ours = [one for one in said if "access_token" not in one and "pg_advisory_unlock_all" not in one]
    assert len(ours) == 1
    assert "data_change" in ours[0]


# -- every kind of change

PUBLISH = "mutation ($i: PublishPolicyInput!) { publishPolicy(input: $i) { policyVersion { state } userErrors { message } } }"
USER = "mutation ($i: UpsertUserInput!) { upsertUser(input: $i) { user { id } userErrors { message } } }"
ROUTE = "mutation ($i: UpsertRouteInput!) { upsertRoute(input: $i) { userErrors { message } } }"


ROOTS = {
    "partners", "products", "orders", "regions", "conflicts", "conflictCases", "policyVersions", "territoryGrants",
    "alertRoutes", "pricePolicies", "sources", "auditLog",
}  # fmt: skip


@dataclass
class Life:
    """What happens in a hub."""

    world: World
    client: Client
    feed: Source

    async def say(self, mutation: str, **input: Any) -> None:
        (answer,) = (await self.client.data(mutation, variables={"i": input})).values()
        assert answer["userErrors"] == []

    async def land(self) -> None:
        await self.feed.send(samples.partner("NEW"), samples.product("NEW-1"))

    async def correct(self) -> None:
        await self.feed.send(samples.partner("NEW", name="Newer"))

    async def withdraw(self) -> None:
        assert (await self.feed.withdraw("partner:NEW")).counts.removed == 1

    async def sell(self) -> None:
        await self.world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")], invoice="INV1", day="2026-03-01")

    async def detect(self) -> None:
        assert (await self.world.detect()).raised > 0

    async def publish(self) -> None:
        made = await self.world.put(
            "policy_version", "2", version=2, effective_from="2026-03-01", base_currency="CNY", timezone="Asia/Shanghai",
            body={"jurisdiction": {"regions": {"CN": "CN"}}, "thresholds": {"cross_region_sale": {"min_units": 90}}},
        )  # fmt: skip
        async with self.world.store.transaction() as connection:
            owner = await connection.fetchval("SELECT id FROM hub_user WHERE email = 'owner@example.com'")
        publisher = await token(self.world.store, "admin", user_id=owner)
        input = {"policyVersionId": global_id("PolicyVersion", made), "idempotencyKey": "1"}
        answer = await self.client.data(PUBLISH, token=publisher, variables={"i": input})
        assert answer["publishPolicy"]["userErrors"] == []

    async def judge_again(self) -> None:
        await self.world.detect(full=True)

    async def assign(self) -> None:
        mine = [global_id("Partner", self.world.ids["partner", "SH-A"])]
        await self.say(USER, email="li@example.com", name="Li", roles=["CHANNEL_MANAGER"], partnerIds=mine)

    async def route(self) -> None:
        await self.say(ROUTE, name="north", addresses=["north@example.com"])

    async def forget_the_price(self) -> None:
        await self.world.delete("price_policy", "PP1")

    async def move_the_grant(self) -> None:
        await self.world.grant("G1", "SH-A", "CN-JS")


CHANGES: list[Callable[[Life], Awaitable[None]]] = [
    Life.land,
    Life.correct,
    Life.withdraw,
    Life.sell,
    Life.detect,
    Life.publish,
    Life.judge_again,
    Life.assign,
    Life.route,
    Life.forget_the_price,
    Life.move_the_grant,
]


async def test_every_change_is_seen_and_what_is_called_alike_is_alike(store: Store, client: Client) -> None:
    world = await example_world(store)
    async with store.transaction() as connection:
        await add_user(connection, Person(email="owner@example.com", name="Owner", roles=("admin",)))
        seen = (world.ids["partner", "GD-B"],)
        li = await add_user(connection, Person(email="li@example.com", name="Li", roles=("channel_manager",), partner_ids=seen))
    texts = [text for name, text in documents(build_schema()._schema, 1) if name in ROOTS]
    async with store.transaction() as connection:
        wanted = [Trusted(hash=digest(one), text=one, name=None, operation_names=(), maximum_cost=1) for one in texts]
        await register(connection, wanted, None)
    browsers = [
        Browser(client, client.token),
        Browser(client, await token(store, "channel_manager", user_id=li)),
        Browser(client, await token(store, "partner", partner_id=world.ids["partner", "SH-A"])),
    ]
    life = Life(world, client, await source(store, "feed", masters=True))
    for browser in browsers:
        assert not [text for text in texts if await browser.look(text)]
        named = [text for text in texts if text in browser.last]
        assert len(named) > 8
        assert [text for text in texts if await browser.look(text)] == named
    for change in CHANGES:
        await change(life)
        for browser in browsers:
            assert not [text for text in texts if await browser.look(text)], change.__name__
            assert await browser.look(texts[0]), change.__name__
