"""How to ask Tryton.

A record that was never changed has no write date, so what is new is found by its creation. Thousands of records may carry
one stamp to the microsecond: pages follow the id inside a window that stays as it was when the read began. A line, an
address or a template can change and leave the stamps of its record alone, so their stamps are asked for too.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from connectors import Catalog, Checkpoint, CheckResult, Context, Message, Record, Reject, State, Stream, SyncMode, Window
from connectors.tryton.config import TrytonConfig
from connectors.tryton.mapping import MAPPINGS
from connectors.tryton.rows import Stamp
from connectors.tryton.rpc import Domain, Row, Rpc, wrapped
from hub.errors import PermissionMissing, SettingsError, SourceContradicts
from hub.records import CanonicalRecord

ADDRESS = ("country.code", "subdivision.code")
STAMPS = ("create_date", "write_date")


@dataclass(frozen=True)
class Query:
    """What a stream asks for. `parts` are relations whose own change leaves the stamps of the record alone."""

    model: str
    fields: tuple[str, ...]
    parts: tuple[str, ...] = ()
    domain: tuple[Domain, ...] = ()


def under(relation: str, fields: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{relation}.{name}" for name in fields)


STOCK = Query("product.product", ("code", "quantity"), domain=(["type", "!=", "service"],))
WAREHOUSES = Query("stock.location", ("code", "name", *under("address", ADDRESS)), domain=(["type", "=", "warehouse"],))
QUERIES: Mapping[str, Query] = {
    "products": Query(
        "product.product", ("code", "name", "identifiers.type", "identifiers.code", *STAMPS), ("template", "identifiers")
    ),
    "customers": Query(
        "party.party",
        (
            "name", "email", "phone", "website", "tax_identifier.code", "addresses.active",
            *under("addresses", ADDRESS), *STAMPS,
        ),
        ("addresses", "contact_mechanisms", "identifiers"),
    ),
    "inventory": STOCK,
    "orders": Query(
        "sale.sale",
        (
            "number", "state", "shipment_state", "party", "sale_date", "currency.code", "warehouse.code",
            *under("shipment_address", ADDRESS), "lines.quantity", "lines.unit.factor", "lines.amount",
            "lines.product.code", "lines.product.default_uom.factor", *STAMPS,
        ),
        ("lines",),
    ),
}  # fmt: skip


class Slice(Struct, frozen=True):
    """A window with how far it was read. This is the state of a stream between two checkpoints of one read."""

    lower: datetime | None
    upper: datetime
    after: int = 0

    def state(self, after: int) -> State:
        """Return the bookmark of having read every id up to `after`."""
        state: State = msgspec.to_builtins(msgspec.structs.replace(self, after=after))
        return state


class TrytonConnector:
    """Products, parties, stock and sales of one database."""

    config = TrytonConfig

    async def check(self, ctx: Context[TrytonConfig]) -> CheckResult:
        """Log in and count each model; a model that may not be read is named as missing."""
        rpc = Rpc(ctx.http, ctx.config)
        await rpc.login()
        missing = []
        for model in dict.fromkeys([*(query.model for query in QUERIES.values()), WAREHOUSES.model]):
            try:
                await rpc.count(model, [])
            except (PermissionMissing, SettingsError) as error:
                missing.append(str(error))
        return CheckResult(account=f"{ctx.config.username} on {ctx.config.database}", missing=tuple(missing))

    async def discover(self, ctx: Context[TrytonConfig]) -> Catalog:
        """Return the streams with the records each holds; stock is counted once per warehouse."""
        rpc = Rpc(ctx.http, ctx.config)
        counts = {name: await rpc.count(query.model, list(query.domain)) for name, query in QUERIES.items()}
        places = await rpc.count(WAREHOUSES.model, list(WAREHOUSES.domain))
        return Catalog(streams=tuple(QUERIES), counts={**counts, "inventory": places * (counts["inventory"] + 1)})

    async def read(self, ctx: Context[TrytonConfig], stream: Stream, state: State, window: Window) -> AsyncIterator[Message]:
        """Yield what changed in the window; stock, and everything in mode reconcile, is read whole and from its start."""
        rpc = Rpc(ctx.http, ctx.config)
        if stream.name == "inventory":
            messages = stock(rpc, ctx)
        elif window.mode is SyncMode.RECONCILE:
            messages = whole(rpc, QUERIES[stream.name])
        else:
            messages = changes(rpc, QUERIES[stream.name], slices(state, window, stream.lookback))
        async for message in messages:
            yield message
        yield Checkpoint(state={}, watermark=window.upper, complete=True)

    def normalise(self, config: TrytonConfig, stream: Stream, raw: bytes) -> Iterable[CanonicalRecord]:
        """Map one row. A draft or a quotation yields nothing."""
        return MAPPINGS[stream.name](config, raw)


def slices(state: State, window: Window, lookback: timedelta) -> list[Slice]:
    """Return what to read, one after the other.

    A read that broke off is finished in the bounds it began with, for what changed meanwhile may stand on pages already
    read; then follows the time since. A bookmark that begins later than the window asks for is of no use.
    """
    anew = Slice(window.lower, window.upper)
    if not state:
        return [anew]
    kept = msgspec.convert(state, Slice)
    if kept.lower is not None and (window.lower is None or window.lower < kept.lower):
        return [anew]
    rest = [Slice(kept.upper - lookback, window.upper)] if kept.upper < window.upper else []
    return [kept, *rest]


async def changes(rpc: Rpc, query: Query, asked: list[Slice]) -> AsyncIterator[Message]:
    """Yield what changed in each slice, with a bookmark after every page."""
    for one in asked:
        async for rows, after in pages(rpc, query, changed(query, one), one.after):
            for row in rows:
                yield message(row)
            yield Checkpoint(state=one.state(after))


async def whole(rpc: Rpc, query: Query) -> AsyncIterator[Message]:
    """Yield every record. A broken scan counts for nothing, so it leaves no bookmark."""
    async for rows, _ in pages(rpc, query, []):
        for row in rows:
            yield message(row)
        yield Checkpoint(state={})


async def stock(rpc: Rpc, ctx: Context[TrytonConfig]) -> AsyncIterator[Message]:
    """Yield every warehouse, then what it holds of every product.

    A count or a move changes no field of the product, so nothing but asking again shows it.
    """
    warehouses = [row async for rows, _ in pages(rpc, WAREHOUSES, []) for row in rows if keyed(row)]
    for place in warehouses:
        yield Record(key=(str(place["id"]), "warehouse"), raw=encode({**place, "kind": "warehouse"}))
    yield Checkpoint(state={})
    for place in warehouses:
        async for rows, _ in pages(rpc, STOCK, [], locations=[place["id"]], with_childs=True):
            at = ctx.now()
            for row in rows:
                yield level(row, place, at)
            yield Checkpoint(state={})


async def pages(
    rpc: Rpc, query: Query, domain: Domain, after: int = 0, **context: object
) -> AsyncIterator[tuple[list[Row], int]]:
    """Yield page after page in order of id, with the greatest id so far. Only an empty page is the end."""
    while rows := await rpc.page(query.model, [*query.domain, *domain, ["id", ">", after]], query.fields, **context):
        ids = [row["id"] for row in rows if keyed(row)]
        if not ids or min(ids) <= after:
            raise SourceContradicts(f"Tryton sent a page of {query.model} that was asked for after id {after} and is not.")
        after = max(ids)
        yield rows, after


def changed(query: Query, one: Slice) -> Domain:
    """Return the domain of what changed in a slice. From the beginning on, the parts come with their records."""
    bounds = stamped(one)
    if one.lower is None:
        return [bounds]
    return [["OR", bounds, *([relation, "where", [bounds]] for relation in query.parts)]]


def stamped(one: Slice) -> Domain:
    """Return the domain of a last stamp within the slice: the write date, or the creation while that is null."""
    since = [] if one.lower is None else [(">=", wrapped(one.lower))]
    new, old = ([[name, *bound] for bound in (*since, ("<", wrapped(one.upper)))] for name in STAMPS)
    return ["OR", [["write_date", "=", None], *new], old]


def message(row: Row) -> Message:
    """Return a row as a record, its last stamp being the cursor."""
    if not keyed(row):
        return unkeyed(row)
    return Record(key=(str(row["id"]),), raw=encode(row), cursor=cursor(row))


def level(row: Row, place: Row, at: datetime) -> Message:
    """Return the stock of a product at a place and an instant."""
    if not keyed(row):
        return unkeyed(row)
    where = {"id": place["id"], "code": place["code"]}
    raw = encode({**row, "kind": "level", "warehouse.": where, "read_at": at})
    return Record(key=(str(place["id"]), str(row["id"])), raw=raw)


def keyed(row: Row) -> bool:
    return isinstance(row.get("id"), int)


def unkeyed(row: Row) -> Reject:
    return Reject(raw=encode(row), code="missing_key", message="A row of Tryton came without its id.", field="$.id")


def cursor(row: Row) -> str | None:
    """Return a row's last stamp as text; one that cannot be read is left to the mapping, which sets the row aside."""
    try:
        stamp = msgspec.convert(row.get("write_date") or row.get("create_date"), Stamp)
    except msgspec.ValidationError:
        return None
    return stamp.instant().isoformat(timespec="microseconds")


encode = msgspec.json.encode
