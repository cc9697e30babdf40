"""A Vendure in memory, behind a real server: how it keeps, filters, orders, pages and refuses.

A stamp is set by `now`, cut to whole seconds as the real system's store does, and stands still until a test moves it.
"""

import re
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiohttp import web

from hub.errors import HubError, SourceContradicts, SourceDown

Row = dict[str, Any]
PASSWORD = "sandbox-password"  # noqa: S105 - opens nothing but the sample
LIST = re.compile(r"(productVariants|customers|orders)\(")
MOST = 1_000


class VendureModel:
    """The lists of one shop, its administrator, and what it is told to do wrong.

    `answers` are sent, one a request, before anything else is. One that `forgets` keeps no session. `stuck` sends the first
    page for ever.
    """

    def __init__(self, now: datetime, *, username: str, password: str) -> None:
        self.now = now
        self.username = username
        self.password = password
        self.lists: dict[str, dict[int, Row]] = {"productVariants": {}, "customers": {}, "orders": {}}
        self.sessions: set[str] = set()
        self.opened = 0
        self.answers: deque[web.Response] = deque()
        self.forgets = False
        self.stuck = False
        self.refused: set[str] = set()

    def create(self, name: str, /, **values: object) -> str:
        """Add an item with the stamp of now and return its id."""
        items = self.lists[name]
        number = max(items, default=0) + 1
        items[number] = {"id": str(number), "updatedAt": self.second(), "createdAt": self.second(), **values}
        return str(number)

    def write(self, name: str, id: str, /, **values: object) -> None:
        """Change an item and its stamp."""
        self.lists[name][int(id)].update(values, updatedAt=self.second())

    def pay(self, order: str) -> None:
        """Settle an order: it is placed now, and its stamp stays where it was."""
        self.lists["orders"][int(order)].update(state="PaymentSettled", active=False, orderPlacedAt=instant(self.now))

    def delete(self, name: str, id: str) -> None:
        """Remove an item without a trace."""
        del self.lists[name][int(id)]

    def second(self) -> str:
        return instant(self.now.replace(microsecond=0))

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Serve on loopback and yield the address to put in the settings."""
        app = web.Application()
        app.router.add_post("/admin-api", self.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/admin-api"
        finally:
            await runner.cleanup()

    def settings(self, address: str) -> dict[str, str]:
        """Return the settings that reach this shop on a server at `address`."""
        return {"url": f"{address}/admin-api", "username": self.username, "password": self.password}

    def refusals(self) -> dict[type[HubError], web.Response]:
        """Return the errors Vendure sends inside HTTP 200, by what they have to become."""
        return {
            SourceContradicts: refused("USER_INPUT_ERROR", f"Cannot take more than {MOST} results from a list query"),
            SourceDown: refused("INTERNAL_SERVER_ERROR", "The database is locked"),
        }

    async def answer(self, request: web.Request) -> web.Response:
        body = msgspec.json.decode(await request.read())
        query, variables = body["query"], body.get("variables") or {}
        if self.answers:
            return self.answers.popleft()
        if "login(" in query:
            return self.login(variables)
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.sessions:
            return refused("FORBIDDEN", "You are not currently authorized to perform this action")
        (name,) = LIST.findall(query)
        if name in self.refused:
            return refused("FORBIDDEN", "You are not currently authorized to perform this action")
        options = variables.get("o") or {"take": 1}
        if options["take"] > MOST:
            return refused("USER_INPUT_ERROR", f"Cannot take more than {MOST} results from a list query")
        items = self.found(name, options.get("filter") or {})
        skip = 0 if self.stuck else options.get("skip", 0)
        return data({name: {"totalItems": len(items), "items": items[skip : skip + options["take"]]}})

    def login(self, variables: Mapping[str, str]) -> web.Response:
        if (variables.get("u"), variables.get("p")) != (self.username, self.password):
            return data({"login": {"__typename": "InvalidCredentialsError"}})
        self.opened += 1
        token = f"token-{self.opened}"
        if not self.forgets:
            self.sessions.add(token)
        return data({"login": {"__typename": "CurrentUser"}}, {"vendure-auth-token": token})

    def found(self, name: str, chosen: Mapping[str, Mapping[str, Any]]) -> list[Row]:
        """Return the items of a filter in order of id. Times are compared exclusively; null is never after anything."""
        return [
            row
            for _, row in sorted(self.lists[name].items())
            if all(holds(row.get(field), conditions) for field, conditions in chosen.items())
        ]


def holds(value: Any, conditions: Mapping[str, Any]) -> bool:
    for operator, wanted in conditions.items():
        if operator == "after":
            if value is None or not datetime.fromisoformat(value) > datetime.fromisoformat(wanted):
                return False
        elif operator == "in" and value not in wanted:
            return False
    return True


def data(value: object, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=msgspec.json.encode({"data": value}), content_type="application/json", headers=headers)


def refused(code: str, message: str) -> web.Response:
    fault = {"message": message, "extensions": {"code": code}}
    return web.Response(body=msgspec.json.encode({"data": None, "errors": [fault]}), content_type="application/json")


def instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sample() -> VendureModel:
    """Return a small shop for the conformance kit: in every list a few items more than one page holds."""
    made = VendureModel(datetime(2026, 3, 2, 8, 28, 13, tzinfo=UTC), username="hub", password=PASSWORD)
    place = {"id": "1", "name": "Default Stock Location"}
    for number in range(1, 106):
        sku = f"SKU-{number}"
        level = {"updatedAt": made.second(), "stockOnHand": number, "stockAllocated": 0, "stockLocation": place}
        made.create("productVariants", sku=sku, name=f"Product {number}", stockLevels=[level])
        buyer = made.create("customers", firstName="Ann", lastName="Tester", emailAddress="", groups=[], addresses=[])
        line = {"id": "1", "quantity": 1, "orderPlacedQuantity": 1, "taxRate": 20, "proratedLinePrice": 1999}
        order = made.create(
            "orders", code=f"ORDER-{number}", state="ArrangingPayment", active=True, orderPlacedAt=None, currencyCode="USD",
            customer={"id": buyer}, shippingAddress=None, lines=[{**line, "productVariant": {"sku": sku}}],
        )  # fmt: skip
        made.pay(order)
    return made
