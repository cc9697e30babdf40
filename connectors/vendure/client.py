"""How to ask Vendure.

Its filters by time are exclusive and its stamps may have whole seconds, so a window is read from one second before. A payment
moves `orderPlacedAt` and leaves `updatedAt` where it was, and later steps may move neither: orders are read by both stamps,
and those that can still change are read again. Stock moves without its variant, so it is read whole each time.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from connectors import Catalog, Checkpoint, CheckResult, Context, Message, Record, Reject, State, Stream, SyncMode, Window
from connectors.vendure.api import Api
from connectors.vendure.config import VendureConfig
from connectors.vendure.mapping import MAPPINGS
from hub.errors import PermissionMissing, SourceContradicts
from hub.records import CanonicalRecord

PAGE = 100  # Vendure refuses more than 1,000 at once; a hundred orders with lines are about 100 KB
MOST_BETWEEN = 1_000
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
        "id code state active orderPlacedAt createdAt updatedAt currencyCode customer{id} "
        f"shippingAddress{{{ADDRESS}}} lines{{id quantity orderPlacedQuantity taxRate proratedLinePrice "
        "productVariant{sku}}",
    ),
}  # fmt: skip


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
                await api.ask(query.counting)
            except PermissionMissing as error:
                missing.append(f"{query.list}: {error}")
        return CheckResult(account=f"{ctx.config.username} at {ctx.http.shown(ctx.config.url)}", missing=tuple(missing))

    async def discover(self, ctx: Context[VendureConfig]) -> Catalog:
        """Return the streams with how many items each list holds."""
        api = Api(ctx.http, ctx.config)
        counts = {name: int((await api.ask(q.counting))[q.list]["totalItems"]) for name, q in QUERIES.items()}
        return Catalog(streams=tuple(QUERIES), counts=counts)

    async def read(self, ctx: Context[VendureConfig], stream: Stream, state: State, window: Window) -> AsyncIterator[Message]:
        """Yield what changed in the window; stock, and everything in mode reconcile, is read whole."""
        api = Api(ctx.http, ctx.config)
        if stream.name == "inventory":
            found = stock(api)
        elif window.mode is SyncMode.RECONCILE or window.lower is None:
            found = listed(api, QUERIES[stream.name], [{}])
        else:
            found = listed(api, QUERIES[stream.name], due(stream, window))
        async for message in found:
            yield message
        yield Checkpoint(state={}, watermark=window.upper, complete=True)

    def normalise(self, config: VendureConfig, stream: Stream, raw: bytes) -> Iterable[CanonicalRecord]:
        """Map one item. A cart or a draft yields nothing."""
        return MAPPINGS[stream.name](config, raw)


def due(stream: Stream, window: Window) -> list[Mapping[str, object]]:
    """Return the filters that together find whatever may have changed in the window."""
    assert window.lower is not None
    since = {"after": instant(window.lower - A_SECOND)}
    if stream.name != "orders":
        return [{"updatedAt": since}]
    recent = {"after": instant(window.upper - STILL_CHANGING)}
    return [
        {"updatedAt": since},
        {"orderPlacedAt": since},
        {"state": {"in": list(OPEN_STATES)}, "orderPlacedAt": recent},
    ]


async def listed(api: Api, query: Query, filters: Sequence[Mapping[str, object]]) -> AsyncIterator[Message]:
    """Yield the items each filter finds, with a checkpoint after every page."""
    for one in filters:
        async for items, done, total in pages(api, query, one):
            for item in items:
                key = item.get("id")
                if isinstance(key, str) and key:
                    yield Record(key=(key,), raw=encode(item), cursor=item.get("updatedAt"))
                else:
                    yield unkeyed(item, "An item of Vendure came without its id.", "$.id")
            yield Checkpoint(state={}, done=done, expected=total)


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
                one["parts"].append({"id": item["id"], **{k: v for k, v in level.items() if k != "stockLocation"}})
    for done, (key, level) in enumerate(levels.items(), 1):
        yield Record(key=key, raw=encode(level))
        if done % MOST_BETWEEN == 0:
            yield Checkpoint(state={}, done=done, expected=len(levels))


async def pages(api: Api, query: Query, chosen: Mapping[str, object]) -> AsyncIterator[tuple[list[dict[str, Any]], int, int]]:
    """Yield page after page in order of id, with how many came and how many there are.

    Only an empty page is the end. Raises SourceContradicts when a page comes twice or the source gave less than it counted.
    """
    skip, last, total = 0, None, 0
    while True:
        options = {"take": PAGE, "skip": skip, "sort": {"id": "ASC"}, "filter": chosen}
        page = (await api.ask(query.document, o=options))[query.list]
        items, total = page["items"], page["totalItems"]
        if not items:
            break
        if items == last:
            raise SourceContradicts(f"Vendure sent the same page of {query.list} twice; nothing after it was read.")
        last = items
        skip += len(items)
        yield items, skip, total
    if skip < total:
        raise SourceContradicts(f"Vendure counted {total} {query.list} and gave {skip}; the next run reads them again.")


def unkeyed(item: Mapping[str, Any], message: str, field: str) -> Reject:
    return Reject(raw=encode(item), code="missing_key", message=message, field=field)


def instant(moment: datetime) -> str:
    """Return an instant as Vendure's filters take it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


encode = msgspec.json.encode
