"""Typed changes of the policy: tried on the past, and published."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.settings import Settings
from hub.store.database import Store
from hub.store.user import Person, add_user
from jobs import queue
from jobs.backtest import answer_waiting
from jobs.queue import open_queue
from jobs.replay import replay
from schema.root import build_schema
from tests.trading import example_world
from tests.web import Client, Deferred, token, web

ERRORS = "userErrors { code message path ... on ValidationFailed { rule } ... on StaleVersion { currentVersion } }"
RUN = f"mutation ($i: RunBacktestInput!) {{ runBacktest(input: $i) {{ backtest {{ id }} {ERRORS} }} }}"
READ = """query ($id: ID!) { node(id: $id) { ... on Backtest { state error presentVersion draftVersion
    differences(first: 10) { nodes { partner { code } change classBefore classAfter } } } } }"""
RULE = "cross_region_sale"


def threshold(value: str = "1000", name: str = "min_units", **more: Any) -> dict[str, Any]:
    return {"threshold": {"ruleId": RULE, "name": name, "value": value} | more}


async def run(client: Client, who: str | None = None, language: str = "en", **more: Any) -> Any:
    asked = {"changes": [threshold()], "fromDay": "2026-03-01", "toDay": "2026-03-28", "idempotencyKey": "k"} | more
    answer = await client.data(RUN, variables={"i": asked}, token=who, headers={"accept-language": language})
    return answer["runBacktest"]


async def sold(store: Store) -> None:
    world = await example_world(store)
    await world.order("O2", "SH-A", "CN-SH", [("P1", "100", "9000")])
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")], invoice="INV1")
    await world.detect()


@pytest.mark.parametrize("place", [{}, {"region": "CN-SH"}, {"region": "CN"}])
async def test_a_threshold_is_tried_on_the_past(store: Store, place: dict[str, str]) -> None:
    await sold(store)
    jobs = Deferred()
    changes = [threshold(**place), threshold("2", name="min_share", **place)]
    async with web(store, build_schema(), jobs=jobs) as client:
        payload = await run(client, await token(store, "analyst"), changes=changes, rules=[RULE])
        assert payload["userErrors"] == []
        assert jobs.told == ["backtest"]
        assert await answer_waiting(store) == 1
        found = (await client.data(READ, variables={"id": payload["backtest"]["id"]}))["node"]
    assert (found["state"], found["error"], found["presentVersion"], found["draftVersion"]) == ("DONE", None, 1, 2)
    assert found["differences"]["nodes"] == [
        {"partner": {"code": "GD-B"}, "change": "CLASS", "classBefore": "suspected", "classAfter": "minor"}
    ]


async def test_a_change_is_asked_for_once_and_by_those_who_may(store: Store) -> None:
    await sold(store)
    async with web(store, build_schema()) as client:
        first = await run(client)
        assert await run(client) == first
        (error,) = (await run(client, changes=[threshold("7")]))["userErrors"]
        assert error["code"] == "IDEMPOTENCY_CONFLICT"
        asked = {"changes": [threshold()], "fromDay": "2026-03-01", "toDay": "2026-03-28", "idempotencyKey": "m"}
        for role in ("channel_manager", "direct_sales", "service"):
            assert await client.code(RUN, token=await token(store, role), variables={"i": asked}) == "FORBIDDEN"
        assert await client.code(RUN, variables={"i": asked | {"changes": [{}]}}) == "BAD_USER_INPUT"


PUBLISH = f"""mutation ($i: PublishPolicyInput!) {{ publishPolicy(input: $i) {{
    policyVersion {{ id number state effectiveFrom note changes {{ path before after }} }} {ERRORS} }} }}"""


@dataclass
class Office:
    """A served hub with a policy, and the users who decide about it."""

    store: Store
    client: Client
    settings: Settings
    first: str
    second: str
    asked: int = 0

    async def publish(self, who: str, language: str = "en", **more: Any) -> Any:
        self.asked += 1
        made = {"changes": [threshold("20")], "effectiveFrom": "2026-04-01", "expectedVersion": 1}
        values = {"idempotencyKey": f"k{self.asked}"} | (made if "policyVersionId" not in more else {}) | more
        answer = await self.client.data(PUBLISH, variables={"i": values}, token=who, headers={"accept-language": language})
        return answer["publishPolicy"]

    async def figure(self, sql: str) -> Any:
        async with self.store.connection() as connection:
            return await connection.fetchval(sql)

    async def number(self) -> Any:
        return await self.figure("SELECT max(version) FROM policy_version")


@pytest.fixture
async def office(store: Store, tmp_path: Path) -> AsyncIterator[Office]:
    await queue.migrate(store)
    await sold(store)
    tokens = []
    async with store.transaction() as connection:
        for name in ("a@example.com", "b@example.com"):
            user_id = await add_user(connection, Person(email=name, name=name, roles=("admin",), partner_ids=()))
            tokens.append(user_id)
    first, second = [await token(store, user_id=user_id) for user_id in tokens]
    async with open_queue(store, Settings(home=tmp_path)) as opened, web(store, build_schema(), jobs=opened) as client:
        yield Office(store, client, opened.settings, first, second)


async def test_changes_are_published_by_two_people_and_hold(office: Office) -> None:
    waits = await office.publish(office.first, note="Agreed.")
    assert waits["userErrors"] == []
    version = waits["policyVersion"]
    assert (version["number"], version["state"], version["effectiveFrom"]) == (2, "PROPOSED", "2026-04-01")
    changes = {one["path"]: (one["before"], one["after"]) for one in version["changes"]}
    assert changes["thresholds.cross_region_sale.min_units"] == (None, "20")
    assert changes["effective_from"] == ("2026-01-01", "2026-04-01")
    (error,) = (await office.publish(office.first, policyVersionId=version["id"]))["userErrors"]
    assert error["code"] == "POLICY_DENIED"
    # Its payload is a policy.toml: mapped again it says the same.
    await replay(office.store, office.settings, "entered")
    assert await office.figure("SELECT count(*) FROM reject") == 0
    held = await office.publish(office.second, policyVersionId=version["id"])
    assert (held["policyVersion"]["state"], held["policyVersion"]["note"]) == ("PUBLISHED", "Agreed.")
    stale = await office.publish(office.first)
    assert (stale["policyVersion"], stale["userErrors"][0]["code"], stale["userErrors"][0]["currentVersion"]) == (
        None, "STALE_VERSION", 2,
    )  # fmt: skip
    assert await office.number() == 2


async def test_one_key_makes_one_version(office: Office) -> None:
    first = await office.publish(office.first, idempotencyKey="same")
    assert await office.publish(office.first, idempotencyKey="same") == first
    assert await office.number() == 2
    (error,) = (await office.publish(office.first, idempotencyKey="same", changes=[threshold("21")]))["userErrors"]
    assert error["code"] == "IDEMPOTENCY_CONFLICT"
    again = await office.publish(office.first)
    assert (again["policyVersion"]["number"], await office.number()) == (3, 3)


async def test_who_may_not_publish_lands_nothing(office: Office) -> None:
    async with office.store.transaction() as connection:
        person = Person(email="li@example.com", name="Li", roles=("channel_manager",), partner_ids=())
        manager = await add_user(connection, person)
    for who in (await token(office.store, "channel_manager", user_id=manager), office.client.token):
        (error,) = (await office.publish(who))["userErrors"]
        assert error["code"] == "POLICY_DENIED"
    assert await office.number() == 1


async def test_a_version_that_cannot_be_made_is_refused_in_the_callers_language(office: Office) -> None:
    for more, rule, field in (
        ({"effectiveFrom": None}, "version_or_changes", "changes"),
        ({"expectedVersion": None}, "version_or_changes", "changes"),
        ({"changes": []}, "number", "changes"),
    ):
        (english,) = (await office.publish(office.first, **more))["userErrors"]
        (chinese,) = (await office.publish(office.first, "zh-CN", **more))["userErrors"]
        assert (english["rule"], english["path"]) == (chinese["rule"], chinese["path"]) == (rule, ["input", field])
        assert english["message"].isascii()
        assert not chinese["message"].isascii()
    assert await office.number() == 1


async def test_a_version_does_not_begin_before_the_one_it_is_built_on(office: Office) -> None:
    version = (await office.publish(office.first))["policyVersion"]["id"]
    await office.publish(office.second, policyVersionId=version)
    (error,) = (await office.publish(office.first, effectiveFrom="2026-03-31", expectedVersion=2))["userErrors"]
    assert (error["rule"], error["path"]) == ("before_base", ["input", "effectiveFrom"])
    (error,) = (await office.publish(office.first, "zh-CN", expectedVersion=1))["userErrors"]
    assert not error["message"].isascii()


REFUSED = [
    ([], "number", []),
    ([threshold(), threshold(name="nothing")], "bad_enum", ["1"]),
    ([threshold("-1")], "out_of_range", ["0"]),
    ([threshold(region="XX")], "unknown_region", ["0", "threshold", "region"]),
    ([threshold(productGroup=" ")], "not_a_code", ["0", "threshold", "productGroup"]),
]


@pytest.mark.parametrize(("changes", "rule", "below"), REFUSED)
async def test_a_change_that_cannot_be_is_refused_in_the_callers_language(
    store: Store, changes: list[Any], rule: str, below: list[str]
) -> None:
    await sold(store)
    async with web(store, build_schema()) as client:
        (english,) = (await run(client, changes=changes))["userErrors"]
        (chinese,) = (await run(client, language="zh-CN", changes=changes))["userErrors"]
    assert (english["rule"], english["path"]) == (chinese["rule"], chinese["path"]) == (rule, ["input", "changes", *below])
    assert english["message"].isascii()
    assert not chinese["message"].isascii()


async def test_a_draft_is_files_or_changes_to_a_policy_there_is(store: Store) -> None:
    async with web(store, build_schema()) as client:
        file = {"name": "policy.toml", "text": "version = 2"}
        for more, rule in (
            ({}, "no_policy"),
            ({"files": [file]}, "files_or_changes"),
            ({"changes": None}, "files_or_changes"),
        ):
            (error,) = (await run(client, **more))["userErrors"]
            assert (error["rule"], error["path"]) == (rule, ["input", "changes"])
