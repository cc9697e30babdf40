"""How to ask Vendure.

Its filters by time are exclusive and its stamps may have whole seconds, so a window is read from one second before. A payment
moves `orderPlacedAt` and leaves `updatedAt` where it was, and shipping and delivery move neither: orders are read by both
stamps, and those that are open, or were at the last read, are read again. Stock moves without its variant, so it is read whole
each time.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from connectors import Catalog, Checkpoint, CheckResult, Context, Message, Record, Reject, State, Stream, SyncMode, Window
from connectors.vendure.api import Api
from connectors.vendure.config import VendureConfig
from connectors.vendure.mapping import MAPPINGS
from hub.errors import PermissionMissing, SourceContradicts
from hub.records import CanonicalRecord

PAGE = 100  # a hundred orders with lines are about 100 KB
MOST = 1_000  # Vendure refuses to give more at once
A_SECOND = timedelta(seconds=1)
# Orders placed longer ago hardly change; the nightly scan sees those that do.
STILL_CHANGING = timedelta(days=90)
OPEN_STATES = (
    "PaymentAuthorized", "PaymentSettled", "PartiallyShipped", "Shipped", "PartiallyDelivered", "Modifying",
    "ArrangingAdditionalPayment",
)  # fmt: skip
ADDRESS = "countryCode province"


@dataclass(frozen=True)
class Query:
    """One list of the Admin API and what is asked of each of its items."""

    list: str
    options: str
    fields: str
    take: int = PAGE

    @property
    def document(self) -> str:
        """Return the operation that reads a page."""
        return f"query($o:{self.options}){{{self.list}(options:$o){{totalItems items{{{self.fields}}}}}}}"

    @property
    def counting(self) -> str:
        """Return the operation that counts."""
        return f"{{{self.list}(options:{{take:1}}){{totalItems}}}}"


VARIANTS = "productVariants", "ProductVariantListOptions"
QUERIES: Mapping[str, Query] = {
    "products": Query(*VARIANTS, "id sku name enabled updatedAt"),
    "customers": Query(
        "customers", "CustomerListOptions",
        "id firstName lastName emailAddress phoneNumber updatedAt groups{name} addresses{province country{code}}",
    ),
    "inventory": Query(
        *VARIANTS, "id sku stockLevels{updatedAt stockOnHand stockAllocated stockLocation{id name}}"
    ),
    "orders": Query(
        "orders", "OrderListOptions",
        "id code type state active orderPlacedAt createdAt updatedAt currencyCode customer{id} "
        f"shippingAddress{{{ADDRESS}}} lines{{id quantity orderPlacedQuantity taxRate proratedLinePrice "
        "productVariant{sku}}",
    ),
}  # fmt: skip


OPEN_ORDERS = Query("orders", "OrderListOptions", "id", take=MOST)


class Followed(Struct, frozen=True):
    """The state of the orders: those that were open when the last read began."""

    open: list[str] = []


class Page(Struct, frozen=True, rename="camel"):
    """Part of a list, with how many items the whole of it has."""

    total_items: int
    items: list[dict[str, Any]] = []


class VendureConnector:
    """Variants, customers, stock and orders of one shop."""

    config = VendureConfig

    async def check(self, ctx: Context[VendureConfig]) -> CheckResult:
        """Log in and count each list; one that may not be read is named as missing."""
        api = Api(ctx.http, ctx.config)
        await api.login()
        missing = []
        for query in QUERIES.values():
            try:
                await api.ask(query.list, query.counting)
            except PermissionMissing as error:
                missing.append(f"{query.list}: {error}")
        return CheckResult(account=f"{ctx.config.username} at {ctx.http.shown(ctx.config.url)}", missing=tuple(missing))

    async def discover(self, ctx: Context[VendureConfig]) -> Catalog:
        """Return the streams with how many items each list holds."""
        api = Api(ctx.http, ctx.config)
        counts = {name: (await page(api, query, query.counting)).total_items for name, query in QUERIES.items()}
        return Catalog(streams=tuple(QUERIES), counts=counts)

    async def read(self, ctx: Context[VendureConfig], stream: Stream, state: State, window: Window) -> AsyncIterator[Message]:
        """Yield what changed in the window; stock, and everything in mode reconcile, is read whole."""
        api = Api(ctx.http, ctx.config)
        since = None if window.mode is SyncMode.RECONCILE else window.lower
        end: State = {}
        if stream.name == "inventory":
            found = stock(api)
        else:
            followed = set(msgspec.convert(state, Followed).open)
            if stream.name == "orders":
                open_now = await open_orders(api, window.upper)
                end = {"open": [*open_now]}
                followed.update(open_now)
            filters = due(stream, since, followed)
            found = listed(api, QUERIES[stream.name], filters, state)
        async for message in found:
            yield message
        yield Checkpoint(state=end, watermark=window.upper, complete=True)

    def normalise(self, config: VendureConfig, stream: Stream, raw: bytes) -> Iterable[CanonicalRecord]:
        """Map one item. A cart or a draft yields nothing."""
        return MAPPINGS[stream.name](config, raw)


async def open_orders(api: Api, at: datetime) -> list[str]:
    """Return the ids of the orders that can still change without a stamp that tells."""
    recent = {"after": instant(at - STILL_CHANGING)}
    chosen = {"state": {"in": list(OPEN_STATES)}, "orderPlacedAt": recent}
    return [item["id"] async for items, _, _ in pages(api, OPEN_ORDERS, chosen) for item in items]


def due(stream: Stream, since: datetime | None, followed: Iterable[str]) -> list[Mapping[str, object]]:
    """Return the filters that together find whatever may have changed since; from the beginning on that is everything."""
    if since is None:
        return [{}]
    after = {"after": instant(since - A_SECOND)}
    if stream.name != "orders":
        return [{"updatedAt": after}]
    ids = sorted(followed)
    parts = (ids[start : start + PAGE] for start in range(0, len(ids), PAGE))
    return [{"updatedAt": after}, {"orderPlacedAt": after}, *({"id": {"in": part}} for part in parts)]


async def listed(api: Api, query: Query, filters: Sequence[Mapping[str, object]], state: State) -> AsyncIterator[Message]:
    """Yield the items each filter finds, with a checkpoint after every page that leaves the state as it was."""
    for one in filters:
        async for items, done, total in pages(api, query, one):
            for item in items:
                key = item.get("id")
                if isinstance(key, str) and key:
                    yield Record(key=(key,), raw=encode(item), cursor=item.get("updatedAt"))
                else:
                    yield unkeyed(item, "An item of Vendure came without its id.", "$.id")
            yield Checkpoint(state=state, done=done, expected=total)


async def stock(api: Api) -> AsyncIterator[Message]:
    """Yield what each place holds of each SKU. Vendure lets several variants share one SKU: their stock is one stock."""
    levels: dict[tuple[str, str], dict[str, Any]] = {}
    async for items, _, _ in pages(api, QUERIES["inventory"], {}):
        for item in items:
            for level in item.get("stockLevels") or ():
                place, sku = level.get("stockLocation") or {}, item.get("sku")
                if not place.get("id") or not sku:
                    yield unkeyed({**item, "stockLevels": [level]}, "A stock level came without its place or SKU.", "$.sku")
                    continue
                entry = {"sku": sku, "stockLocation": place, "parts": []}
                one = levels.setdefault((place["id"], sku), entry)
                one["parts"].append({"id": item.get("id"), **{k: v for k, v in level.items() if k != "stockLocation"}})
    for done, (key, level) in enumerate(levels.items(), 1):
        yield Record(key=key, raw=encode(level))
        if done % MOST == 0:
            yield Checkpoint(state={}, done=done, expected=len(levels))


async def pages(api: Api, query: Query, chosen: Mapping[str, object]) -> AsyncIterator[tuple[list[dict[str, Any]], int, int]]:
    """Yield page after page in order of id, with how many came and how many there are.

    Only an empty page is the end. Raises SourceContradicts when a page comes twice or the source gave less than it counted.
    """
    skip, last, total = 0, None, 0
    while True:
        options = {"take": query.take, "skip": skip, "sort": {"id": "ASC"}, "filter": chosen}
        found = await page(api, query, query.document, o=options)
        gone, total = total - found.total_items, found.total_items
        if skip and gone > 0:
            # What was read has shrunk, and as much of what was not read has moved up into its place.
            skip = max(0, skip - gone)
            continue
        if not found.items:
            break
        if found.items == last:
            raise SourceContradicts(f"Vendure sent the same page of {query.list} twice; nothing after it was read.")
        last = found.items
        skip += len(found.items)
        yield found.items, skip, total
    if skip < total:
        raise SourceContradicts(f"Vendure counted {total} {query.list} and gave {skip}; the next run reads them again.")


async def page(api: Api, query: Query, document: str, **variables: object) -> Page:
    """Ask for one page, or for the count alone."""
    try:
        return msgspec.convert(await api.ask(query.list, document, **variables), Page)
    except msgspec.ValidationError as error:
        raise SourceContradicts(f"Vendure's list of {query.list} is not what its API describes: {error}.") from error


def unkeyed(item: Mapping[str, Any], message: str, field: str) -> Reject:
    return Reject(raw=encode(item), code="missing_key", message=message, field=field)


def instant(moment: datetime) -> str:
    """Return an instant as Vendure's filters take it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


encode = msgspec.json.encode
