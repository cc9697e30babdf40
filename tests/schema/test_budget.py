"""Who has spent its points waits, and everybody is told what an operation costs."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
import strawberry
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest
from pydantic import ValidationError

from hub.settings import Allowance, CostSettings
from hub.store.database import Store
from schema.budget import Budgets
from schema.context import Role, Viewer
from schema.directives import Cost
from schema.errors import ErrorCode
from schema.ids import global_id
from schema.probes import Metrics
from schema.root import build_schema
from tests.rows import Rows
from tests.web import Client, web


def everybody(**values: int) -> CostSettings:
    """Return settings that are the same for all, administrators too."""
    return CostSettings(**values, roles={"admin": Allowance(**values)})


SMALL = everybody(points=100, per_second=1, largest=60)
GRAPHQL = "application/graphql-response+json"


@dataclass
class Hand:
    """A clock that goes when it is told to."""

    at: float = 0.0

    def __call__(self) -> float:
        return self.at


def budgets(hand: Hand, settings: CostSettings = SMALL) -> Budgets:
    return Budgets(settings, Metrics().throttled, hand)


ANALYST = Viewer(Role.ANALYST, token_id=1)


def test_a_bucket_empties_and_fills_with_time() -> None:
    hand = Hand()
    bucket = budgets(hand).of(ANALYST)
    assert [bucket.take(60), bucket.take(60)] == [0, 20]
    hand.at = 19
    assert bucket.take(60) == 1
    hand.at = 20
    assert bucket.take(60) == 0
    hand.at = 1_000
    assert bucket.points().left == 100


def test_each_token_has_a_bucket_of_its_own_and_each_role_its_size() -> None:
    known = budgets(Hand(), CostSettings(roles={"partner": Allowance(points=7, largest=7)}))
    first, second = (known.of(Viewer(Role.ANALYST, token_id=number)) for number in (1, 2))
    first.take(5_000)
    assert (first.points().left, second.points().left) == (5_000, 10_000)
    assert known.of(Viewer(Role.PARTNER, token_id=3)).points().most == 7
    assert known.of(Viewer(Role.ADMIN, token_id=4)).points().most == 100_000


def test_a_largest_operation_that_could_never_be_paid_is_refused_as_a_setting() -> None:
    with pytest.raises(ValidationError, match="could never run"):
        CostSettings(points=10, largest=11)
    with pytest.raises(ValidationError, match="roles"):
        CostSettings(roles={"nobody": Allowance()})


steps = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.floats(0, 50)))


@given(steps)
def test_a_bucket_never_lends_and_never_holds_more_than_it_may(taken: list[tuple[int, int, float]]) -> None:
    hand = Hand()
    bucket, spent = budgets(hand).of(ANALYST), 0
    for points, actual, later in taken:
        if bucket.take(points) == 0:
            back = min(actual, points)
            bucket.give(back)
            spent += points - back
        hand.at += later
        assert 0 <= bucket.points().left <= 100
        assert spent <= 100 + hand.at + 1e-6


async def test_who_waits_is_served_in_turn_when_the_points_have_come() -> None:
    bucket = budgets(Hand(), CostSettings(points=10, per_second=100_000, largest=10)).of(ANALYST)
    served: list[int] = []

    async def one(number: int) -> None:
        await bucket.pay(10)
        served.append(number)

    await asyncio.gather(*(one(number) for number in range(5)))
    assert served == [0, 1, 2, 3, 4]


def test_a_refusal_is_counted() -> None:
    metrics = Metrics()
    known = Budgets(SMALL, metrics.throttled, Hand())
    bucket = known.of(ANALYST)
    problems = [known.admit(bucket, points) for points in (61, 60, 60)]
    assert [problem and problem.code for problem in problems] == [ErrorCode.COST_LIMIT, None, ErrorCode.THROTTLED]
    told = generate_latest(metrics.registry).decode()
    assert 'channelhub_throttled_total{code="COST_LIMIT"} 1.0' in told
    assert 'channelhub_throttled_total{code="THROTTLED"} 1.0' in told


# -- over HTTP

RAN: list[int] = []


@strawberry.type
class Query:
    @strawberry.field(directives=[Cost(weight="60")])
    def dear(self) -> int:
        RAN.append(1)
        return 1

    @strawberry.field(directives=[Cost(weight="30")])
    def cheap(self) -> int:
        RAN.append(1)
        return 1


@strawberry.type
class Mutation:
    @strawberry.mutation(directives=[Cost(weight="10")])
    def poke(self) -> int:
        RAN.append(1)
        return 1


@strawberry.type
class Told:
    number: int = strawberry.field(directives=[Cost(weight="49")])


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int) -> AsyncGenerator[Told, None]:
        for number in range(to):
            yield Told(number=number)


@pytest.fixture
def ran() -> list[int]:
    RAN.clear()
    return RAN


@pytest.fixture
async def poor(store: Store) -> AsyncIterator[Client]:
    async with web(store, strawberry.Schema(Query, Mutation, Subscription), cost=SMALL) as client:
        yield client


async def test_one_that_costs_too_much_is_refused_before_it_runs(poor: Client, ran: list[int]) -> None:
    for accept, status in (("application/json", 200), (GRAPHQL, 400)):
        response = await poor.post("{ dear cheap }", headers={"accept": accept})
        assert response.status_code == status
        body = response.json()
        assert "data" not in body
        assert body["errors"][0]["extensions"] | {"requestId": ""} == {
            "code": "COST_LIMIT", "limit": "cost", "cost": 90, "most": 60, "classification": "BAD_REQUEST", "requestId": "",
        }  # fmt: skip
        assert body["extensions"]["cost"]["requestedQueryCost"] == 90
        assert body["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] == 100
    assert ran == []


async def test_who_has_spent_all_is_told_when_to_come_again(poor: Client, ran: list[int]) -> None:
    first = (await poor.post("{ dear }")).json()["extensions"]["cost"]
    assert (first["requestedQueryCost"], first["actualQueryCost"]) == (60, 60)
    assert first["throttleStatus"]["maximumAvailable"] == 100
    assert first["throttleStatus"]["restoreRate"] == 1
    assert 40 <= first["throttleStatus"]["currentlyAvailable"] < 60
    for accept, status in (("application/json", 200), (GRAPHQL, 400)):
        response = await poor.post("{ dear }", headers={"accept": accept})
        assert response.status_code == status
        error = response.json()["errors"][0]["extensions"]
        assert error["code"] == "THROTTLED"
        assert 0 < error["retryAfterSeconds"] <= 20
        assert 1 <= int(response.headers["retry-after"]) <= 20
        assert response.json()["extensions"]["cost"]["actualQueryCost"] == 0
    assert len(ran) == 1


async def test_a_dry_run_tells_the_cost_and_runs_nothing(poor: Client, ran: list[int]) -> None:
    dry = {"x-channelhub-dry-run": "cost"}
    for document, cost in (("{ dear cheap }", 90), ("mutation { poke }", 10), ("subscription { count(to: 1) { number } }", 50)):
        body = (await poor.post(document, headers=dry)).json()
        assert body["data"] is None
        assert "errors" not in body
        assert body["extensions"]["cost"]["requestedQueryCost"] == cost
        assert body["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] == 100
    assert await poor.code("{ nope }", headers=dry) == "GRAPHQL_VALIDATION_FAILED"
    assert await poor.code("{ cheap }", headers={"x-channelhub-dry-run": "all"}) == "BAD_REQUEST"
    events = dry | {"accept": "text/event-stream"}
    assert await poor.code("{ cheap }", path="/graphql/stream", headers=events) == "BAD_REQUEST"
    assert ran == []


async def test_what_is_refused_for_its_variables_costs_nothing(poor: Client) -> None:
    body = (await poor.post("query ($n: Int!) { cheap @skip(if: false) again: cheap __typename }", variables={})).json()
    assert body["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    body = (await poor.post("query ($x: Boolean!) { dear @skip(if: $x) }", variables={"x": "no"})).json()
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert body["extensions"]["cost"]["actualQueryCost"] == 0
    assert body["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] == 100


QUICK = everybody(points=60, per_second=50_000, largest=60)
COUNT = "subscription { count(to: 8) { number } }"


@pytest.fixture
async def quick(store: Store) -> AsyncIterator[Client]:
    async with web(store, strawberry.Schema(Query, Mutation, Subscription), cost=QUICK) as client:
        yield client


async def test_events_wait_for_their_points_and_none_is_lost_on_a_socket(quick: Client) -> None:
    async with quick.socket() as socket:
        await socket.subscribe(COUNT)
        messages = [await socket.next() for _ in range(8)]
        assert [message["payload"]["data"]["count"]["number"] for message in messages] == [*range(8)]
        assert {message["payload"]["extensions"]["cost"]["actualQueryCost"] for message in messages} == {50}
        assert (await socket.next())["type"] == "complete"


async def test_events_wait_for_their_points_and_none_is_lost_in_a_stream(quick: Client) -> None:
    response = await quick.post(COUNT, path="/graphql/stream", headers={"accept": "text/event-stream"})
    told = [orjson.loads(line[6:]) for line in response.text.splitlines() if line.startswith("data: ")]
    assert [one["data"]["count"]["number"] for one in told] == [*range(8)]


async def test_nobody_follows_with_nothing_left(poor: Client) -> None:
    await poor.data("{ dear }")
    async with poor.socket() as socket:
        await socket.subscribe(COUNT)
        message = await socket.next()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == "THROTTLED"


# -- with the whole schema


@pytest.fixture
async def client(store: Store) -> AsyncIterator[Client]:
    async with web(store, build_schema(), role="analyst") as client:
        yield client


async def test_what_did_not_come_back_is_given_back(rows: Rows, client: Client) -> None:
    partner = await rows.partner(code="west")
    for number in range(3):
        await rows.order(key=f"O{number}", partner_id=partner if number else None, lines=2)
    document = """query ($n: Int!) { orders(first: $n) { totalCount nodes { number partner { code }
        lines(first: 10) { edges { cursor node { lineNumber } } } } } }"""
    body = (await client.post(document, variables={"n": 50})).json()
    cost = body["extensions"]["cost"]
    assert cost["requestedQueryCost"] == 2 + 5 + 50 * (1 + 1 + 2 + 10)
    lines = [len(order["lines"]["edges"]) for order in body["data"]["orders"]["nodes"]]
    assert cost["actualQueryCost"] == 2 + 5 + 3 + 2 + 3 * 2 + sum(lines)
    assert cost["throttleStatus"]["currentlyAvailable"] >= 10_000 - cost["actualQueryCost"]


async def test_the_viewer_is_told_what_is_left(client: Client) -> None:
    body = (await client.post("{ viewer { cost { maximumAvailable currentlyAvailable restoreRate } } }")).json()
    told = body["data"]["viewer"]["cost"]
    assert (told["maximumAvailable"], told["restoreRate"]) == (10_000, 500)
    assert 9_998 <= told["currentlyAvailable"] < 9_999


async def test_a_page_too_large_is_told_before_any_statement(client: Client) -> None:
    document = "{ orders(first: 100) { nodes { lines(first: 100) { nodes { id } } } } }"
    body: Any = (await client.post(document)).json()
    assert body["errors"][0]["extensions"]["code"] == "COST_LIMIT"
    assert "execution" not in body["extensions"]


async def test_a_file_is_not_said_to_be_absent_when_points_are_used_up(store: Store) -> None:
    least = everybody(points=1, per_second=1, largest=1)
    async with web(store, build_schema(), cost=least) as client:
        headers = {"authorization": f"Bearer {client.token}"}
        address = f"/attachments/{global_id('CaseAttachment', 1)}"
        first, second = [await client.http.get(address, headers=headers) for _ in range(2)]
    assert (first.status_code, second.status_code) == (404, 429)
    assert second.headers["retry-after"] == "1"
    assert second.json()["errors"][0]["extensions"]["code"] == "THROTTLED"
