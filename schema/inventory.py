"""InventoryLevel (库存): stock of one product at one place, as last counted."""

from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum

import strawberry

from schema.compiler.catalog import Figure, Sort, Totals, column, declared, one, pages, part, table
from schema.directives import Cost
from schema.node import GLOBAL_ID, Node, Quantity, goods
from schema.paging import Connection
from schema.product import Product, ProductFilter
from schema.region import Location, LocationFilter
from schema.reservation import AGAINST, OPEN, Reservation
from schema.source import ExternalRef, Synced, own_reference
from schema.where import DateTimeFilter, DecimalFilter, IDFilter, RegionFilter, Several, SortKey, asked, related, where

AVAILABLE = "({on_hand} - coalesce({reserved}, 0) - {safety_stock})"
AVAILABLE_UNITS = f"{AVAILABLE} * hub_units_per_pack({{product_id}})"


@table(
    "inventory_level",
    live="{deleted_at} IS NULL AND {is_latest}",
    sorts={
        "COUNTED_AT": Sort("as_of", "timestamptz"),
        "AVAILABLE": Sort(AVAILABLE_UNITS, "numeric", nullable=True),
    },
    models=("inventory",),
)
@strawberry.type(description="Stock of one product at one location, as last counted by the source.")
class InventoryLevel(Node, Synced):
    id: strawberry.ID = column("id", GLOBAL_ID)
    product: Product = one("product_id", "Product.")
    location: Location = one("location_id", "Location.")
    on_hand: Quantity = part(goods("{on_hand}"), "Goods present.")
    reserved: Quantity | None = part(
        goods("{reserved}"),
        "Goods present and promised, as the source counts them; null when it does not say.",
        when="{reserved} IS NOT NULL",
    )
    available: Quantity = part(goods(AVAILABLE), "`onHand` minus `reserved` minus `safetyStock`.")
    incoming: Quantity | None = part(goods("{in_transit}"), "Goods on the way in; null when the source does not say.")
    safety_stock: Quantity | None = part(goods("{safety_stock}"), "Goods not to be sold.")
    counted_at: datetime = column("as_of", "When the source counted.")
    age: timedelta = column("date_part('epoch', {now} - {as_of})::numeric", "Now minus `countedAt`.", always=True)
    reservations: Connection[Reservation] = pages(
        "Open commitments of all channels against this stock, oldest first.",
        [("RESERVED_AT", False)],
        join=f"{AGAINST} AND {OPEN}",
    )
    external_refs: list[ExternalRef] = own_reference()


@strawberry.type(description="Figures over all stock levels that match the filter and that the caller may see.")
class InventoryAggregates:
    count: int = column("count(*)", "Number of stock levels. Exact.", always=True)
    on_hand_base_units: Decimal | None = column(
        "CASE WHEN bool_and(hub_units_per_pack({product_id}) IS NOT NULL) "
        "THEN sum({on_hand} * hub_units_per_pack({product_id})) END",
        "Sum of `onHand` in base units; null when a pack size is missing.",
    )
    available_base_units: Decimal | None = column(
        f"CASE WHEN bool_and(hub_units_per_pack({{product_id}}) IS NOT NULL) THEN sum({AVAILABLE_UNITS}) END",
        "Sum of `available` in base units; null when a pack size is missing.",
    )
    oldest_counted_at: datetime | None = column("min({as_of})", "Oldest `countedAt`; null when there are none.")


@strawberry.type(description="A page of stock levels.")
class InventoryLevelConnection(Connection[InventoryLevel]):
    aggregates: InventoryAggregates = declared(
        "Figures over all stock levels that match, not only this page.", Totals(), directives=[Cost(weight="10")]
    )


def of_location(column: str) -> Figure:
    """Return a column of the location a stock level is shown with."""
    return Figure("Location", "{id} = {up.location_id}", f"max({{{column}}})", live=False)


@strawberry.input(description="Which stock levels.")
class InventoryLevelFilter:
    product: IDFilter | None = where("product_id", "Product.", to="Product")
    location: IDFilter | None = where("location_id", "Location.", to="Location")
    partner: IDFilter | None = where(of_location("partner_id"), "Partner that runs the location.", to="Partner")
    region: RegionFilter | None = where(of_location("region_id"), "Region of the location.")
    available: DecimalFilter | None = where(AVAILABLE_UNITS, "Available goods in base units.", cast="numeric")
    counted_at: DateTimeFilter | None = where("as_of", "Time of counting.", cast="timestamptz")
    product_is: ProductFilter | None = related("Product", "product_id", "`product` is such.")
    location_is: LocationFilter | None = related("Location", "location_id", "`location` is such.")
    and_: list["InventoryLevelFilter"] | None = asked("All of these hold, at most 20.", "and")
    or_: list["InventoryLevelFilter"] | None = asked("At least one of these holds, at most 20.", "or")
    not_: "InventoryLevelFilter | None" = asked("This does not hold.", "not")


@strawberry.input(description="Conditions on stock levels of something.")
class InventoryLevelsFilter(Several[InventoryLevelFilter]):
    pass


@strawberry.enum(
    description="What stock levels can be sorted by. The id is always added as the last key, so that the order is total."
)
class InventoryLevelSortField(Enum):
    COUNTED_AT = strawberry.enum_value("counted_at", description="Time of counting.")
    AVAILABLE = strawberry.enum_value("available", description="Available goods in base units.")


@strawberry.input(description="One sort key of stock levels. At most 3 keys.")
class InventoryLevelSort(SortKey[InventoryLevelSortField]):
    pass


@strawberry.type
class InventoryQuery:
    inventory_levels: InventoryLevelConnection | None = pages(
        "Stock levels. Default order: oldest counting first.",
        [("COUNTED_AT", False)],
        filter=InventoryLevelFilter | None,
        order=list[InventoryLevelSort] | None,
    )
