"""How an order becomes its two kinds of rows, and what of it follows from customers, places and lines."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from operator import attrgetter
from typing import Any

from hub.intake.batch import Landing
from hub.intake.shape import CUSTOMER, LOCATION, PARTNER, PRODUCT, REGION, Reference, Resolve
from hub.intake.units import recounted
from hub.records import Order, OrderLine
from hub.store.bulk import Row, Table, copy_new, ids, upsert_staged
from hub.store.database import Connection
from hub.store.dirty import Mark
from hub.store.statements import prepared
from hub.store.unit_mapping import units_of

REFS = {
    "partner_id": ("seller", PARTNER),
    "drop_ship_for_id": ("drop_ship_for", PARTNER),
    "customer_id": ("customer", CUSTOMER),
    "ship_to_location_id": ("ship_to_location", LOCATION),
    "bill_to_region_id": ("bill_to_region", REGION),
    "location_id": ("location", LOCATION),
}
# What the source leaves out is taken from the customer or the place, and follows them when they change.
FOLLOWING = {
    "buyer_partner_id": ("buyer_partner", PARTNER, "customer", "partner_id"),
    "ship_to_region_id": ("ship_to_region", REGION, "customer", "region_id"),
    "ship_from_region_id": ("ship_from_region", REGION, "location", "region_id"),
}
NAMED = {"deal_ref": "deal_registration", "promo_ref": "promotion"}
NAMES = (
    *REFS.values(),
    *((field, noun) for field, noun, _, _ in FOLLOWING.values()),
    *NAMED.items(),
)
PLAIN = ("kind", "source_status", "ordered_on", "channel", "invoice_ref", "initiated", "deal_ref", "promo_ref", "currency")

# An order that exists may have lines in other payloads: what follows from lines is then settled in the database.
SETTLED = ("state", "total", "net_total", "line_count")

ORDERS = Table(
    "sales_order",
    (
        "id", "source_id", "key", "raw_id", "fetched_at", *PLAIN, "placed_at", "placed_at_text", "source_updated_at",
        *REFS, *FOLLOWING, "given", *SETTLED,
    ),
    ("source_id", "key"),
    once=SETTLED,
)  # fmt: skip
LINE_PLAIN = (
    "number", "sku", "qty", "amount", "tax_included", "tax_rate", "status", "lot", "qty_shipped", "qty_delivered",
    "requested_on", "promised_on", "shipped_on", "delivered_on", "cost_amount", "cost_currency",
)  # fmt: skip
LINES = Table(
    "order_line",
    (
        "order_id", "source_id", "key", "raw_id", "fetched_at", "product_id", "return_of_order", "return_of_line", "serials",
        *LINE_PLAIN,
    ),
    ("order_id", "number"),
)  # fmt: skip
Header = tuple[Order, Sequence[OrderLine], int]  # with its lines and its payload
Line = tuple[Order, OrderLine, int]
# Read in one go: these run for every order and every line.
names_of = attrgetter(*(field for field, _ in NAMES))
refs_of = attrgetter(*(field for field, _ in REFS.values()))
plain_of = attrgetter(*PLAIN)
line_plain_of = attrgetter(*LINE_PLAIN)
SIX_PLACES = Decimal("0.000001")
ZERO = Decimal(0)


def references(order: Order) -> Iterator[tuple[str, Reference]]:
    """Yield each field that names another record, and what it names."""
    for (field, noun), key in zip(NAMES, names_of(order), strict=True):
        if key is not None:
            yield field, (noun, key)
    for line in order.lines:
        yield "sku", (PRODUCT, line.sku)


async def write_orders(
    connection: Connection, landing: Landing, orders: list[tuple[Order, int]], resolve: Resolve, *, staged: bool
) -> list[Mark]:
    """Write orders and lines. Orders that exist are settled from all their lines, also those of other payloads."""
    if not orders:
        return []
    origin, at = landing.origin, landing.claim.at
    units = await units_of(connection, origin.source_id)
    by_number: dict[str, list[tuple[Order, int]]] = {}
    for item in orders:
        by_number.setdefault(item[0].number, []).append(item)
    # Whom they follow before them: as a sync that changes customers or places does.
    follow = await leaders_of(connection, [one for one, _ in orders], resolve)
    known = await held(connection, "known_orders", source_id=origin.source_id, keys=list(by_number))
    have = {row["key"]: (row["id"], row["old"]) for row in known}
    new_numbers = [number for number in by_number if number not in have]
    order_ids = dict(zip(new_numbers, await ids(connection, len(new_numbers)), strict=True))
    order_ids.update({number: id for number, (id, _) in have.items()})
    # New and existing ones; rows are made while the database takes those before them.
    headers: tuple[list[Header], list[Header]] = ([], [])
    lines: tuple[list[Line], list[Line]] = ([], [])
    for number, items in by_number.items():
        old = number in have or staged
        last, raw_id = items[-1]
        all_lines = {line.number: (one, line, payload) for one, payload in items for line in one.lines}
        headers[old].append((last, [line for _, line, _ in all_lines.values()], raw_id))
        lines[old].extend(all_lines.values())

    def header(item: Header) -> Row:
        one, its_lines, raw_id = item
        head = (order_ids[one.number], origin.source_id, one.number, raw_id, at)
        return header_row(one, its_lines, head, resolve, follow)

    def line(item: Line) -> Row:
        one, of, raw_id = item
        row = line_row(one, of, order_ids[one.number], origin.source_id, raw_id, at, resolve)
        return recounted(LINES, row, units) if units else row

    if headers[0]:
        await copy_new(connection, ORDERS, map(header, headers[0]))
        await copy_new(connection, LINES, map(line, lines[0]))
    moved = {one.id for one in await upsert_staged(connection, ORDERS, map(header, headers[1]))}
    line_ids = [one.id for one in await upsert_staged(connection, LINES, map(line, lines[1]))]
    if line_ids:
        touched = await connection.fetch("SELECT DISTINCT order_id FROM order_line WHERE id = ANY($1::bigint[])", line_ids)
        moved |= {row["order_id"] for row in touched}
    settled = [order_ids[number] for number in by_number if number in have or staged]
    if settled:
        await connection.execute(*prepared("order", "settle_orders", ids=settled))
    before = dict(have.values())
    marks: list[Mark] = [("sales_order", order_ids[number], None) for number in new_numbers]
    return marks + [("sales_order", id, before[id]) for id in moved if id in before]


async def held(connection: Connection, choice: str, **values: object) -> list[Any]:
    """Lock the orders of a choice, in the order of ids, and return them as they are before they change.

    Two syncs that change the same orders then wait for each other in one direction, and none takes an old state for the last.
    """
    ids = [row["id"] for row in await connection.fetch(*prepared("order", choice, **values))]
    found: list[Any] = await connection.fetch(*prepared("order", "orders_before", ids=ids)) if ids else []
    return found


async def leaders_of(
    connection: Connection, orders: Sequence[Order], resolve: Resolve
) -> dict[tuple[str, int], dict[str, int | None]]:
    """Return the region and partner of every customer and place that orders follow."""
    customers = {resolve["customer", one.customer] for one in orders if one.customer is not None}
    locations = {resolve["location", one.location] for one in orders if one.location is not None}
    rows = await connection.fetch(*prepared("order", "leaders", customers=list(customers), locations=list(locations)))
    return {(row["noun"], row["id"]): {"region_id": row["region_id"], "partner_id": row["partner_id"]} for row in rows}


def header_row(
    order: Order, lines: Sequence[OrderLine], head: Row, resolve: Resolve, follow: dict[tuple[str, int], dict[str, int | None]]
) -> Row:
    """Return the order's row; `lines` are all its lines that are known, `follow` the columns of customers and places."""
    refs = [None if key is None else resolve[noun, key] for (_, noun), key in zip(REFS.values(), refs_of(order), strict=True)]
    following: list[int | None] = []
    given: list[str] = []
    for column, (field, noun, leader, lead_column) in FOLLOWING.items():
        key, lead = getattr(order, field), getattr(order, leader)
        if key is not None:
            following.append(resolve[noun, key])
            given.append(column)
        else:
            following.append(None if lead is None else follow[leader, resolve[leader, lead]][lead_column])
    placed_at = order.placed_at or datetime.combine(order.ordered_on, time(), UTC)
    return (
        *head,
        *plain_of(order),
        placed_at,
        order.placed_at_text,
        order.updated_at,
        *refs,
        *following,
        given,
        state(lines),
        sum([line.amount for line in lines if line.status != "cancelled"], ZERO),
        sum([net(line) for line in lines if line.status != "cancelled"], ZERO),
        len(lines),
    )


def line_row(order: Order, line: OrderLine, order_id: int, source_id: int, raw_id: int, at: datetime, resolve: Resolve) -> Row:
    """Return the row of one line."""
    back, back_line = line.return_of or (None, None)
    return (
        order_id, source_id, f"{order.number}|{line.number}", raw_id, at, resolve[PRODUCT, line.sku], back, back_line,
        line.serials, *line_plain_of(line),
    )  # fmt: skip


def net(line: OrderLine) -> Decimal:
    """Return a line's amount without tax, to six places."""
    if not line.tax_included or not line.tax_rate:
        return line.amount
    return (line.amount / (1 + line.tax_rate)).quantize(SIX_PLACES, ROUND_HALF_UP)


def state(lines: Sequence[OrderLine]) -> str:
    """Return an order's state, which follows from its lines; SQL says the same in `settle_orders`."""
    live = [line.status for line in lines if line.status != "cancelled"]
    if not live:
        return "cancelled" if lines else "open"
    done = sum(status in ("shipped", "delivered") for status in live)
    return "fulfilled" if done == len(live) else "partly_fulfilled" if done else "open"
