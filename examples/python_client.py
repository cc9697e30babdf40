"""A client of Channelhub in plain Python: pages through orders, then follows findings, and loses nothing on the way.

    CHANNELHUB_TOKEN=… python examples/python_client.py http://127.0.0.1:8480 --partner GD-HENGTONG --events 5

Needs nothing but Python. `--after` takes up the events after the last one that was seen; 0 begins with the oldest that is kept.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

# The hub gives a sign of life every 12 seconds; what is silent for longer than this is gone.
SILENCE_S = 30.0
PAUSE_S = 1.0

ORDERS = """
query Orders($partner: String!, $after: Cursor) {
  partners(filter: { code: { eq: $partner } }) {
    nodes {
      orders(first: 50, after: $after, orderBy: [{ field: PLACED_AT }]) {
        nodes { number placedAt total { amount currency } soldTo { name email } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}"""
FOLLOW = """
subscription Follow($after: BigInt) {
  conflictEvents(after: $after) { eventId kind conflict { findingKey ruleId score status } }
}"""


class Refused(Exception):
    """The hub did not do what was asked; `code` says what to do about it, see docs/graphql.md."""

    def __init__(self, error: dict[str, Any]) -> None:
        self.code = error.get("extensions", {}).get("code", "INTERNAL_SERVER_ERROR")
        super().__init__(f"{self.code}: {error['message']}")


class Hub:
    """Speaks to one hub with one token."""

    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self.token = token
        self.left_out: set[str] = set()

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """Return what a query or a mutation answers. Raises Refused, and OSError when the hub is not to be reached."""
        with self.post("/graphql", "application/graphql-response+json", document, variables) as answer:
            return self.data(json.load(answer))

    def follow(self, document: str, after: str) -> Iterator[dict[str, Any]]:
        """Yield each event of a subscription; a connection that breaks is taken up after the last event that came."""
        while True:
            try:
                for event in self.events(document, after):
                    after = event["eventId"]
                    yield event
            except (OSError, HTTPException) as error:
                print(f"Connecting again after event {after}: {error}", file=sys.stderr)
            time.sleep(PAUSE_S)

    def events(self, document: str, after: str) -> Iterator[dict[str, Any]]:
        """Yield the events of one connection until the hub closes it."""
        with self.post("/graphql/stream", "text/event-stream", document, {"after": after}) as stream:
            for line in stream:
                name, _, text = line.decode().rstrip("\n").partition(": ")
                if name == "data" and text:
                    yield from self.data(json.loads(text)).values()

    def post(self, path: str, accept: str, document: str, variables: dict[str, Any]) -> HTTPResponse:
        """Send an operation. Raises Refused when the hub turned the request away."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "Accept": accept}
        body = json.dumps({"query": document, "variables": variables}).encode()
        try:
            answer: HTTPResponse = urlopen(Request(self.address + path, body, headers), timeout=SILENCE_S)
        except HTTPError as error:
            raise refusal(error) from error
        return answer

    def data(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return the data of an answer; fields that are not for this role are null, and noted."""
        for error in answer.get("errors", ()):
            refused = Refused(error)
            if refused.code != "FORBIDDEN" or "field" not in error["extensions"]:
                raise refused
            self.left_out.add(error["extensions"]["field"])
        data: dict[str, Any] = answer["data"]
        return data


def refusal(error: HTTPError) -> Exception:
    """Return what a status other than 200 means; one that did not come from the hub stays what it is."""
    try:
        return Refused(json.load(error)["errors"][0])
    except (ValueError, KeyError):
        return error


def orders(hub: Hub, partner: str) -> Iterator[dict[str, Any]]:
    """Yield every order of a partner, the oldest first."""
    after = None
    while True:
        found = hub.ask(ORDERS, partner=partner, after=after)["partners"]["nodes"]
        if not found:
            raise SystemExit(f"There is no partner {partner}, or it is not for you.")
        page = found[0]["orders"]
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def main() -> None:
    """Print the orders of a partner and the next findings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", help="where the hub is, like http://127.0.0.1:8480")
    parser.add_argument("--partner", required=True, help="the code of a partner")
    parser.add_argument("--events", type=int, default=3, help="how many events to follow")
    parser.add_argument("--after", default="0", help="the number of the last event that was seen")
    given = parser.parse_args()
    hub = Hub(given.address, os.environ.get("CHANNELHUB_TOKEN", ""))
    try:
        for order in orders(hub, given.partner):
            total, buyer = order["total"], order["soldTo"] or {"name": "-", "email": None}
            print("order", order["number"], order["placedAt"], total["amount"], total["currency"], buyer["name"])
        for _, event in zip(range(given.events), hub.follow(FOLLOW, given.after), strict=False):
            finding = event["conflict"]
            print("event", event["eventId"], event["kind"], finding["ruleId"], finding["score"], finding["status"], flush=True)
    except Refused as refused:
        raise SystemExit(str(refused)) from refused
    for field in sorted(hub.left_out):
        print(f"Left out, not for your role: {field}", file=sys.stderr)


if __name__ == "__main__":
    main()
