"""The cookbook is cooked: each block is asked of the demo, in the order of the page, and answers what the page says."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from graphql import OperationDefinitionNode, OperationType, parse

from hub.clock import now
from hub.store.database import Store
from hub.store.user import Person, add_user
from jobs.backtest import answer_waiting
from schema.context import Role
from tests.web import Client, token

PAGE = (Path(__file__).parents[2] / "docs" / "cookbook.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```graphql (\S+) ?(.*?)\n(.*?)^```$(?:\n```json\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
ROLES = {one.name for one in Role}


@dataclass
class Cook:
    """Asks one block after the other, and keeps what was answered."""

    client: Client
    store: Store
    token: str
    answers: dict[str, Any] = field(default_factory=dict)

    async def cook(self, name: str, words: set[str], document: str, variables: Any) -> None:
        """Ask a block. Its words are the role that asks, where it is not the administrator, and the code it is refused with."""
        key = self.token
        for role in words & ROLES:
            key = await token(self.store, role.lower())
        (operation,) = parse(document).definitions
        assert isinstance(operation, OperationDefinitionNode)
        if operation.operation is OperationType.SUBSCRIPTION:
            answer = await self.first_event(document, key, variables)
        else:
            answer = (await self.client.post(document, token=key, variables=variables)).json()
        found = self.answers[name] = answer.get("data")
        assert set(codes(answer)) == words - ROLES, f"{name}: {answer}"
        if not words - ROLES:
            assert list(empty(found)) == [], f"{name}: {answer}"
        await answer_waiting(self.store)

    async def first_event(self, document: str, key: str, variables: Any) -> Any:
        """Return the first event of a subscription."""
        headers = {"authorization": f"Bearer {key}", "accept": "text/event-stream"}
        body = {"query": document, "variables": variables}
        post = self.client.http.stream("POST", "/graphql/stream", json=body, headers=headers)
        async with asyncio.timeout(20), post as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data: "):
                    return orjson.loads(line.removeprefix("data: "))
        raise AssertionError("The stream ended without an event.")

    def filled(self, value: Any) -> Any:
        """Return variables with what they take from earlier answers."""
        if isinstance(value, dict):
            return {name: self.filled(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        return self.taken(value[1:]) if isinstance(value, str) and value.startswith("$") else value

    def taken(self, place: str) -> Any:
        """Return a day, or what stands at a place of an earlier answer."""
        days = {"today": 0, "earlier": 400}
        if place in days:
            return (now().date() - timedelta(days=days[place])).isoformat()
        name, *steps = place.split(".")
        found = self.answers[name]
        for step in steps:
            found = found[int(step) if step.isdecimal() else step]
        return found


async def named(store: Store) -> str:
    """Return the token of an administrator with a name."""
    async with store.transaction() as connection:
        user_id = await add_user(connection, Person(email="wang@example.com", name="Wang", roles=("admin",)))
    return await token(store, "admin", user_id=user_id)


def codes(answer: Any) -> Iterator[str]:
    """Yield the code of every error of an answer, of requests and of changes."""
    for error in answer.get("errors", ()):
        yield error["extensions"]["code"]
    for payload in (answer.get("data") or {}).values():
        if isinstance(payload, dict):
            yield from (error["code"] for error in payload.get("userErrors", ()))


def empty(data: Any) -> Iterator[str]:
    """Yield the name of every root field that brings nothing."""
    for name, value in data.items():
        if not value or (isinstance(value, dict) and not value.get("nodes", True)):
            yield name


async def test_every_block_of_the_page_answers_what_it_says(demo: Client, store: Store) -> None:
    cook, blocks = Cook(demo, store, await named(store)), BLOCK.findall(PAGE)
    assert len(blocks) == PAGE.count("```graphql") > 30
    for name, words, document, variables in blocks:
        await cook.cook(name, set(words.split()), document, cook.filled(orjson.loads(variables or "{}")))
    told = cook.answers
    assert len(told) == len(blocks)
    pages = [[one["id"] for one in told[name]["orders"]["nodes"]] for name in ("orders", "next-orders", "previous-orders")]
    assert pages[0] == pages[2]
    assert not set(pages[0]) & set(pages[1])
    assert any(one["place"] and one["place"]["line"] for one in told["evidence"]["node"]["evidence"])
    assert told["loose"]["conflicts"]["nodes"][0]["case"] is None
    assert told["assign"]["assignCase"]["case"]["assignee"] == {"displayName": "Li"}
    assert told["close"]["dismissCase"]["case"]["state"] == "CLOSED"
    assert int(told["resume"]["conflictEvents"]["eventId"]) == int(told["follow"]["conflictEvents"]["eventId"]) + 1
    assert {one["email"] for one in told["not-for-you"]["customers"]["nodes"]} == {None}
    assert told["policy-diff"]["policyDiff"]["territoryGrants"]["totalCount"] > 0
    assert told["backtest-answer"]["node"]["state"] == "DONE"
    assert told["backtest-answer"]["node"]["differences"]["nodes"]
