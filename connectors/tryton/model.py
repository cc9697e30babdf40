"""A Tryton in memory, behind a real server: how it keeps, filters, orders, wraps and refuses.

A stamp is set by `now`, which stands still until a test moves it, so that what is made in between shares one stamp.
"""

from base64 import b64decode
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import msgspec
from aiohttp import web

from hub.errors import HubError, PermissionMissing, SettingsError, SourceDown

Row = dict[str, Any]
PASSWORD = "sandbox-password"  # noqa: S105 - opens nothing but the sample
PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
RELATIONS: Mapping[str, Mapping[str, str]] = {
    "product.product": {"template": "product.template", "identifiers": "product.identifier", "default_uom": "product.uom"},
    "party.party": {
        "addresses": "party.address",
        "contact_mechanisms": "party.contact_mechanism",
        "identifiers": "party.identifier",
        "tax_identifier": "party.identifier",
    },
    "party.address": {"country": "country.country", "subdivision": "country.subdivision"},
    "stock.location": {"address": "party.address"},
    "sale.sale": {
        "party": "party.party",
        "currency": "currency.currency",
        "warehouse": "stock.location",
        "shipment_address": "party.address",
        "lines": "sale.line",
    },
    "sale.line": {"product": "product.product", "unit": "product.uom"},
}


class TrytonModel:
    """The tables of one database, its user, and what it is told to do wrong.

    `most` caps a page below what was asked for. `answers` are sent, one a request, before anything else is. `refused`
    models may not be read. One that `forgets` keeps no session.
    """

    def __init__(self, now: datetime, *, database: str, username: str, password: str) -> None:
        self.now = now
        self.database = database
        self.username = username
        self.password = password
        self.tables: dict[str, dict[int, Row]] = {}
        self.stock: dict[tuple[int, int], float] = {}
        self.sessions: set[str] = set()
        self.opened = 0
        self.most = 1_000_000
        self.answers: deque[web.Response] = deque()
        self.refused: set[str] = set()
        self.forgets = False

    def create(self, model: str, /, **values: object) -> int:
        """Add a record with the stamp of now and return its id."""
        table = self.tables.setdefault(model, {})
        number = max(table, default=0) + 1
        table[number] = {"active": True, **values, "id": number, "create_date": self.now, "write_date": None}
        return number

    def write(self, model: str, number: int, /, **values: object) -> None:
        """Change a record; those it belongs to keep their stamps."""
        self.tables[model][number].update(values, write_date=self.now)

    def delete(self, model: str, number: int) -> None:
        """Remove a record without a trace."""
        del self.tables[model][number]

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Serve on loopback and yield the address to put in the settings."""
        app = web.Application()
        app.router.add_post(f"/{self.database}/rpc/", self.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    def settings(self, address: str) -> dict[str, str]:
        """Return the settings that reach this database on a server at `address`."""
        return {"url": address, "database": self.database, "username": self.username, "password": self.password}

    def refusals(self) -> dict[type[HubError], web.Response]:
        """Return the errors Tryton sends inside HTTP 200, by what they have to become."""
        return {
            PermissionMissing: failed("UserError", ["You are not allowed.", "", None]),
            SettingsError: failed("'shipment_state'", ""),
            SourceDown: failed("database is locked", ""),
        }

    async def answer(self, request: web.Request) -> web.Response:
        body = msgspec.json.decode(await request.read())
        method, params = body["method"], body["params"]
        if self.answers:
            return self.answers.popleft()
        if method == "common.db.login":
            return self.login(*params)
        if session(request) not in self.sessions:
            return web.Response(status=401)
        if method == "model.res.user.get_preferences":
            return result({"company": 1, "language": "en"})
        model, _, name = method.removeprefix("model.").rpartition(".")
        if model in self.refused:
            return failed("UserError", [f'You are not allowed to access "{model}".', "Within groups: ", None])
        if model not in self.tables:
            return failed(f"'{model}'", "")
        *arguments, context = params
        rows = self.search(model, arguments[0], context)
        if name == "search_count":
            return result(len(rows))
        _, _, limit, order, fields = arguments
        assert order == [["id", "ASC"]], "The model orders by id alone."
        return result([self.shown(model, row, fields, context) for row in rows[: min(limit, self.most)]])

    def login(self, username: str, parameters: Mapping[str, str]) -> web.Response:
        if (username, parameters.get("password")) != (self.username, self.password):
            return web.Response(status=401, text="<!doctype html><title>401 Unauthorized</title>", content_type="text/html")
        self.opened += 1
        if not self.forgets:
            self.sessions.add(f"{username}:1:token-{self.opened}")
        return result([1, f"token-{self.opened}", None])

    def search(self, model: str, domain: list[Any], context: Row) -> list[Row]:
        """Return the rows of a domain in order of id; archived ones only where the context says so."""
        rows = [row for _, row in sorted(self.tables[model].items()) if self.matches(model, row, domain)]
        return rows if context.get("active_test") is False else [row for row in rows if row["active"]]

    def matches(self, model: str, row: Row, domain: list[Any]) -> bool:
        """Say whether a row is in a domain: a list of clauses that all hold, or one after OR that does."""
        if domain[:1] == ["OR"]:
            return any(self.holds(model, row, clause) for clause in domain[1:])
        return all(self.holds(model, row, clause) for clause in domain)

    def holds(self, model: str, row: Row, clause: list[Any]) -> bool:
        if not clause or isinstance(clause[0], list) or clause[0] == "OR":
            return self.matches(model, row, clause)
        name, operator, wanted = clause
        if operator == "where":
            target = RELATIONS[model][name]
            return any(self.matches(target, related, wanted) for related in self.related(target, row[name]))
        found, wanted = row[name], unwrapped(wanted)
        if found is None or wanted is None:
            return operator in ("=", "!=") and COMPARISONS[operator](found, wanted)
        return COMPARISONS[operator](found, wanted)

    def related(self, model: str, value: int | list[int] | None) -> list[Row]:
        numbers = value if isinstance(value, list) else [] if value is None else [value]
        return [self.tables[model][number] for number in numbers]

    def shown(self, model: str, row: Row, fields: Iterable[str], context: Row) -> Row:
        """Return a row as it is sent: a related name stands under its relation with a dot behind."""
        sent: Row = {"id": row["id"]}
        deeper: dict[str, list[str]] = {}
        for name in fields:
            head, _, rest = name.partition(".")
            if rest:
                deeper.setdefault(head, []).append(rest)
            elif name == "quantity" and model == "product.product":
                sent[name] = sum(self.stock.get((place, row["id"]), 0.0) for place in context["locations"])
            else:
                sent[name] = wrapped(row[name])
        for head, names in deeper.items():
            target = RELATIONS[model][head]
            rows = [self.shown(target, related, names, context) for related in self.related(target, row[head])]
            sent[f"{head}."] = rows if isinstance(row[head], list) else next(iter(rows), None)
        return sent


def session(request: web.Request) -> str | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return b64decode(token).decode() if kind == "Session" else None


def result(value: object) -> web.Response:
    return web.Response(body=msgspec.json.encode({"id": 1, "result": value}), content_type="application/json")


def failed(kind: str, detail: object) -> web.Response:
    return web.Response(body=msgspec.json.encode({"id": 1, "error": [kind, detail]}), content_type="application/json")


def wrapped(value: object) -> object:
    """Return a value as Tryton puts it on the wire; instants lose their zone there."""
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case datetime():
            return {"__class__": "datetime", **{part: getattr(value, part) for part in PARTS}}
        case date():
            return {"__class__": "date", **{part: getattr(value, part) for part in PARTS[:3]}}
        case _:
            return value


def unwrapped(value: object) -> object:
    if isinstance(value, dict) and value.get("__class__") == "datetime":
        return datetime(**{part: value[part] for part in PARTS}, tzinfo=UTC)
    return value


def sample() -> TrytonModel:
    """Return a small database for the conformance kit: a few records in every table, more than one page holds."""
    made = TrytonModel(datetime(2026, 3, 2, 8, 28, 13, 690369, UTC), database="erp", username="hub", password=PASSWORD)
    made.most = 2
    unit = made.create("product.uom", factor=1.0)
    country = made.create("country.country", code="US")
    address = made.create("party.address", country=country, subdivision=None)
    currency = made.create("currency.currency", code="USD")
    warehouse = made.create("stock.location", type="warehouse", code="WH", name="Warehouse", address=address)
    for number in range(1, 6):
        product = made.create(
            "product.product", code=f"SKU-{number}", name=f"Product {number}", type="goods", template=1, identifiers=[],
            default_uom=unit,
        )  # fmt: skip
        made.stock[warehouse, product] = 10.0 * number
        party = made.create(
            "party.party", name=f"Buyer {number}", email="", phone="", website="", tax_identifier=None, addresses=[address],
            contact_mechanisms=[], identifiers=[],
        )  # fmt: skip
        line = made.create("sale.line", quantity=1.0, amount=Decimal("47.00"), product=product, unit=unit)
        made.create(
            "sale.sale", number=str(number), state="processing", shipment_state="waiting", party=party, currency=currency,
            sale_date=date(2026, 3, 2), warehouse=warehouse, shipment_address=address, lines=[line],
        )  # fmt: skip
    return made
