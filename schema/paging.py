"""Connections: pages of a list, and the cursors that say where a page lies."""

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

import strawberry

from hub.store.database import Store
from schema.compiler.catalog import Column, column, declared, part
from schema.directives import Cost
from schema.errors import ErrorCode, HubGraphQLError, bad_input
from schema.scalars import Cursor

T = TypeVar("T")
VERSION = 1
LARGEST = 100
COUNTED = 10_000


@strawberry.type(description="Relay page information.")
class PageInfo:
    has_next_page: bool = column(
        "has_next",
        "Whether more items follow `endCursor`. Answered by reading one item more than asked, never by counting.",
        always=True,
    )
    has_previous_page: bool = column("has_previous", "Whether items precede `startCursor`.", always=True)
    start_cursor: Cursor | None = column("start_cursor", "Cursor of the first item of the page; null on an empty page.")
    end_cursor: Cursor | None = column("end_cursor", "Cursor of the last item of the page; null on an empty page.")


@strawberry.type(description="One item in a page.", directives=[Cost(weight="0")])
class Edge(Generic[T]):
    cursor: Cursor = column("cursor", "Position of the item in this order and filter.", always=True)
    node: T = part({}, "The item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = part({}, "The items with their cursors.")
    nodes: list[T] = part({}, "The items alone.")
    page_info: PageInfo = part({}, "Where the page lies.")
    total_count: int = declared(
        "How many items match and may be seen by the caller. Counted only when asked for. At most 10,000 unless "
        "`countIsExact`.",
        Column("{counted}", always=True),
        directives=[Cost(weight="5")],
    )
    count_is_exact: bool = column("is_exact", "Whether `totalCount` is the exact number; false = there are more.", always=True)


def page_size(value: Any) -> int:
    """Return a page size that is allowed. Raises BAD_USER_INPUT."""
    if not isinstance(value, int) or not 1 <= value <= LARGEST:
        raise bad_input(f"A page holds 1 to {LARGEST} items; ask for the rest with a cursor.")
    return value


def fingerprint(value: object) -> str:
    """Return a short hash of an order or of the values of a filter."""
    return hashlib.blake2b(repr(value).encode(), digest_size=6).hexdigest()


def read_cursor(cursor: str, key: bytes, order: str, filtered: str, keys: int) -> list[Any]:
    """Return the sort values and the id a cursor holds.

    Raises CURSOR_EXPIRED for one that was changed, or made for another order or filter.
    """
    try:
        sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        body, seal = sealed[:-8], sealed[-8:]
        if not hmac.compare_digest(hmac.digest(key, body, "sha256")[:8], seal):
            raise ValueError
        version, made_for, filtered_by, *values = json.loads(body)
        if [version, made_for, filtered_by, len(values)] != [VERSION, order, filtered, keys + 1]:
            raise ValueError
    except (ValueError, binascii.Error):
        raise HubGraphQLError(
            "The cursor was made for another order or filter; start again without it.", ErrorCode.CURSOR_EXPIRED
        ) from None
    held: list[Any] = values
    return held


KEYS: WeakKeyDictionary[Store, bytes] = WeakKeyDictionary()


async def cursor_key(store: Store) -> bytes:
    """Return the key of this database's cursors; read once per process."""
    if store not in KEYS:
        async with store.connection() as connection:
            KEYS[store] = await connection.fetchval("SELECT hub_cursor_key()")
    return KEYS[store]
