"""PricePolicy (价格政策): a price the brand states."""

from datetime import datetime
from decimal import Decimal
from enum import Enum

import strawberry

from schema.compiler.catalog import Figure, column, declared, money, one, pages, table
from schema.node import CHANNEL, GLOBAL_ID, ChannelClass, Effective, Money, Node, channel_class
from schema.paging import Connection
from schema.product import Product, ProductFilter
from schema.region import Region
from schema.territory import BY_START, HOLDS, HOLDS_AT
from schema.where import Choice, IDFilter, RegionFilter, related, where


@strawberry.enum(description="What a price policy states.")
class PricePolicyKind(Enum):
    MINIMUM_ADVERTISED = strawberry.enum_value(
        "map", description="Lowest advertised price. Off by default where the law does not allow it."
    )
    RECOMMENDED_RETAIL = strawberry.enum_value("msrp", description="Recommended retail price.")
    RETAIL = strawberry.enum_value("retail", description="Price in the brand's own shops.")
    WHOLESALE = strawberry.enum_value("wholesale", description="Price to retailers.")
    FACTORY = strawberry.enum_value("factory", description="Price to first-tier partners.")


NEXT_BAND = (
    "{source_id} = {up.source_id} AND {product_id} = {up.product_id} AND {kind} = {up.kind} AND {currency} = {up.currency} "
    "AND {region_id} IS NOT DISTINCT FROM {up.region_id} AND {channel} IS NOT DISTINCT FROM {up.channel} "
    "AND {min_units} > {up.min_units} AND hub_holds({valid_from}, {valid_to}, {up.valid_from})"
)


@table("price_policy", live="{deleted_at} IS NULL", sorts=BY_START)
@strawberry.type(description="A price the brand states.")
class PricePolicy(Node, Effective):
    id: strawberry.ID = column("id", GLOBAL_ID)
    kind: PricePolicyKind = column("kind", "What the price is.")
    product: Product = one("product_id", "Base product.")
    region: Region | None = one("region_id", "Region, with all below it; null = everywhere.")
    channel: str | None = column("channel", f"{CHANNEL} Null = all.")
    channel_class: ChannelClass | None = column(
        f"CASE WHEN {{channel}} IS NOT NULL THEN {channel_class('{valid_from}')} END",
        "Class of the channel on the first day.",
    )
    quantity_from: Decimal = column("min_units", "Smallest quantity it holds for, in base units, included.")
    quantity_to: Decimal | None = declared(
        "Quantity from which another price of the same kind, product, region and channel holds on its first day, in base "
        "units; null = none.",
        Figure("PricePolicy", NEXT_BAND, "min({min_units})"),
    )
    net_unit_price: Money = money("unit_price", "currency", "Price of one base unit without tax.")
    version: int = column("revision", "Number that grows with every change.")


@strawberry.input(description="Conditions on PricePolicyKind.")
class PricePolicyKindFilter(Choice[PricePolicyKind]):
    pass


@strawberry.input(description="Which price policies.")
class PricePolicyFilter:
    kind: PricePolicyKindFilter | None = where("kind", "Kind.")
    product: IDFilter | None = where("product_id", "Base product.", to="Product")
    region: RegionFilter | None = where("region_id", "Region.")
    product_is: ProductFilter | None = related("Product", "product_id", "`product` is such.")
    valid_at: datetime | None = where(HOLDS, HOLDS_AT, cast="timestamptz")


@strawberry.type
class PricePolicyQuery:
    price_policies: Connection[PricePolicy] | None = pages(
        "Price policies. Default order: newest `validFrom` first.",
        [("VALID_FROM", True)],
        filter=PricePolicyFilter | None,
    )
