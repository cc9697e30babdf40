"""Product (产品): a base product in one pack."""

from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.compiler.catalog import Sort, column, one, pages, table
from schema.node import GLOBAL_ID, Node
from schema.paging import Connection
from schema.scalars import UnitCode
from schema.source import Synced
from schema.where import SortKey, StringFilter, asked, related, where

if TYPE_CHECKING:
    from schema.inventory import InventoryLevelConnection, InventoryLevelsFilter
    from schema.offer import Offer, OfferFilter, OffersFilter

GROUP = "nullif({product_group}, '-')"


# What was deleted at its source is still what old orders were for: it stays, no longer active.
@table("product", sorts={"SKU": Sort("code", "text"), "NAME": Sort("name", "text")}, models=("product",))
@strawberry.type(description="Something that is sold: one base product in one pack.")
class Product(Node, Synced):
    id: strawberry.ID = column("id", GLOBAL_ID)
    sku: str = column("code", "Article number in this installation; unique.")
    name: str = column("name", "Name to show.")
    gtin: str | None = column("gtin", "GTIN-8, -12, -13 or -14. Evidence, not a key: one GTIN may cover several packs.")
    base_product: Annotated["Product", strawberry.lazy("schema.product")] = one(
        "base_id", "Product sold singly; equal to this product when it is the base."
    )
    units_per_pack: Decimal | None = column("units_per_pack", "Base units in one pack; null when not known.")
    base_unit: UnitCode = column("'EA'::text", "Unit in which the base product is counted.", always=True)
    product_group: str | None = column(GROUP, "Group used by grants and thresholds.")
    active: bool = column("{deleted_at} IS NULL", "Whether it is still sold.", always=True)
    inventory_levels: Annotated["InventoryLevelConnection", strawberry.lazy("schema.inventory")] = pages(
        "Stock by location.", [("COUNTED_AT", False)], join="{product_id} = {up.id}"
    )
    offers: Connection[Annotated["Offer", strawberry.lazy("schema.offer")]] = pages(
        "Observed and listed prices, newest first.",
        [("SEEN_AT", True)],
        join="{product_id} = {up.id}",
        filter=Annotated["OfferFilter", strawberry.lazy("schema.offer")] | None,
    )


@strawberry.input(description="Which products.")
class ProductFilter:
    sku: StringFilter | None = where("code", "Article number.")
    name: StringFilter | None = where("name", "Name.")
    gtin: StringFilter | None = where("gtin", "GTIN.")
    product_group: StringFilter | None = where(GROUP, "Product group.")
    active: bool | None = where("{deleted_at} IS NULL", "Whether it is still sold.", cast="boolean")
    base_product_is: "ProductFilter | None" = related("Product", "base_id", "`baseProduct` is such.")
    inventory_levels: Annotated["InventoryLevelsFilter", strawberry.lazy("schema.inventory")] | None = related(
        "InventoryLevel", "{product_id} = {up.id}", "Its stock.", several=True
    )
    offers: Annotated["OffersFilter", strawberry.lazy("schema.offer")] | None = related(
        "Offer", "{product_id} = {up.id}", "Its prices.", several=True
    )
    and_: list["ProductFilter"] | None = asked("All of these hold, at most 20.", "and")
    or_: list["ProductFilter"] | None = asked("At least one of these holds, at most 20.", "or")
    not_: "ProductFilter | None" = asked("This does not hold.", "not")


@strawberry.enum(
    description="What products can be sorted by. The id is always added as the last key, so that the order is total."
)
class ProductSortField(Enum):
    SKU = strawberry.enum_value("sku", description="Article number.")
    NAME = strawberry.enum_value("name", description="Name, by code point.")


@strawberry.input(description="One sort key of products. At most 3 keys.")
class ProductSort(SortKey[ProductSortField]):
    pass


@strawberry.type
class ProductQuery:
    products: Connection[Product] | None = pages(
        "Products. Default order: article number.",
        [("SKU", False)],
        filter=ProductFilter | None,
        order=list[ProductSort] | None,
    )
