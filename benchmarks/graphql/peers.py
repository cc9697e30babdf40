"""Who is asked: how each takes a question, says where the next page begins, and writes an order."""

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Protocol

import orjson

from benchmarks.graphql.questions import ORDERS, PAGE, Q1, Q2, Question
from benchmarks.measure import WrongAnswer

Values = dict[str, Any]
# What differs from answer to answer of the hub.
REQUEST_ID = re.compile(rb',"extensions":.*\}$', re.DOTALL)
END = re.compile(rb'"endCursor": ?"([^"]*)"')


class Peer(Protocol):
    """One that can be asked."""

    port: int
    token: str | None
    # Of how often the question is asked in a round: who takes long is asked less often.
    share: float

    def request(self, question: Question, variables: Mapping[str, Any]) -> tuple[str, Values]:
        """Return the path and the body of a request."""

    def kept(self, answer: bytes) -> bytes:
        """Return what of an answer is always the same."""

    def following(self, answer: bytes) -> Values:
        """Return the variables of the next page."""

    def orders(self, answer: bytes) -> list[Values]:
        """Return the orders of what was kept of an answer, by the names of the hub."""


class Hub:
    """The hub, and whoever has its schema."""

    documents: ClassVar[Mapping[str, str]] = {}

    def __init__(self, port: int, token: str, share: float = 1) -> None:
        self.port, self.share = port, share
        self.token: str | None = token

    def request(self, question: Question, variables: Mapping[str, Any]) -> tuple[str, Values]:
        document = self.documents.get(question.name, question.document)
        return "/graphql", {"query": document, "variables": variables}

    def kept(self, answer: bytes) -> bytes:
        return REQUEST_ID.sub(b"}", answer)

    def following(self, answer: bytes) -> Values:
        found = END.search(answer)
        if found is None:
            raise WrongAnswer(f"The page does not say where it ends: {answer[:300]!r}.")
        return {"after": found[1].decode()}

    def orders(self, answer: bytes) -> list[Values]:
        return [plain(node) for page in data(answer).values() for node in page["nodes"]]


class Hand:
    """Hand-written SQL: it answers q1 and q2, and a page begins after the last order of the one before."""

    token: str | None = None
    share = 1.0

    def __init__(self, port: int) -> None:
        self.port = port

    def request(self, question: Question, variables: Mapping[str, Any]) -> tuple[str, Values]:
        return f"/hand/{question.name}", {"after": variables.get("after")}

    def kept(self, answer: bytes) -> bytes:
        return answer

    def following(self, answer: bytes) -> Values:
        last = orjson.loads(answer)["nodes"][-1]
        return {"after": [last["placedAt"], number_of(last["id"])]}

    def orders(self, answer: bytes) -> list[Values]:
        return [plain(node) for node in orjson.loads(answer)["nodes"]]


class PostGraphile(Hub):
    """PostGraphile: the same columns by its own names. An id is a number there, so it is not compared."""

    documents: ClassVar[Mapping[str, str]] = {
        Q1.name: f"""
            query q1 {{ allSalesOrders(first: {ORDERS}, orderBy: [PLACED_AT_DESC, ROW_ID_DESC]) {{ nodes {{
                id key state orderedOn placedAt total currency
                partnerByPartnerId {{ code name }} customerByCustomerId {{ name }}
                orderLinesByOrderId(first: 10, orderBy: [NUMBER_ASC]) {{ nodes {{ number sku taxIncluded amount }} }}
            }} }} }}""",
        Q2.name: f"""
            query q2($after: Cursor) {{
                allSalesOrders(first: {PAGE}, orderBy: [PLACED_AT_DESC, ROW_ID_DESC], after: $after) {{
                    nodes {{ id key kind state channel orderedOn placedAt initiated }} pageInfo {{ endCursor }}
            }} }}""",
    }

    def kept(self, answer: bytes) -> bytes:
        return answer

    def orders(self, answer: bytes) -> list[Values]:
        return [named(node) for node in data(answer)["allSalesOrders"]["nodes"]]


def data(answer: bytes) -> Values:
    """Return what was asked for. Raises WrongAnswer when not all of it is there."""
    body: Values = orjson.loads(answer)
    if body.get("errors"):
        raise WrongAnswer(f"An answer has errors: {body['errors'][:1]}.")
    found: Values = body["data"]
    return found


def plain(node: Values) -> Values:
    """Return an order with its instant as one: there are several ways to write it."""
    return node | {"placedAt": datetime.fromisoformat(node["placedAt"])}


def named(node: Values) -> Values:
    """Return an order of PostGraphile by the names of the hub."""
    found: Values = {"number": node["key"], "orderedOn": node["orderedOn"], "state": node["state"].upper()}
    if "orderLinesByOrderId" in node:
        lines = node["orderLinesByOrderId"]["nodes"]
        found |= {"partner": node["partnerByPartnerId"], "soldTo": node["customerByCustomerId"]}
        found["lines"] = {"nodes": [line(one, node["currency"]) for one in lines]}
    return plain(found | {"placedAt": node["placedAt"]})


def line(node: Values, currency: str) -> Values:
    """Return a line of PostGraphile by the names of the hub."""
    total = {"amount": f"{Decimal(node['amount']).normalize():f}", "currency": currency}
    return {"lineNumber": node["number"], "sourceSku": node["sku"], "taxIncluded": node["taxIncluded"], "lineTotal": total}


def number_of(id: str) -> int:
    """Return the number in an id."""
    return int(base64.urlsafe_b64decode(id + "=" * (-len(id) % 4)).partition(b":")[2])
