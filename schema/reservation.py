"""Reservation (预留): a commitment against stock."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.compiler.catalog import Sort, column, one, part, table
from schema.node import CHANNEL, GLOBAL_ID, Node, Quantity, goods

if TYPE_CHECKING:
    from schema.inventory import InventoryLevel
    from schema.order import Order

# Committed and neither delivered, cancelled nor over.
OPEN = "{status} = 'open' AND ({expires_at} IS NULL OR {expires_at} > {now})"
AGAINST = "{location_id} = {up.location_id} AND {product_id} = {up.product_id}"


@table(
    "reservation",
    live="{deleted_at} IS NULL",
    sorts={"RESERVED_AT": Sort("reserved_at", "timestamptz")},
    models=("inventory",),
)
@strawberry.type(description="A commitment of stock by one channel.")
class Reservation(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    inventory_level: Annotated["InventoryLevel", strawberry.lazy("schema.inventory")] | None = one(
        f"{AGAINST} AND {{is_latest}}",
        "Stock it draws on, as last counted; null when nobody counted it.",
        order="{source_id} = {up.source_id} DESC, {as_of} DESC, {id}",
    )
    order: Annotated["Order", strawberry.lazy("schema.order")] | None = one(
        "{source_id} = {up.source_id} AND {key} = {up.order_ref}",
        "Order it serves; null when the channel reserves without one or when hidden from the caller.",
    )
    channel: str = column("channel", CHANNEL)
    quantity: Quantity = part(goods("{qty}"), "How much.")
    reserved_at: datetime = column("reserved_at", "When it was made.")
    expires_at: datetime | None = column("expires_at", "When it lapses; null = does not.")
