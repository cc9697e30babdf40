"""Promotion (促销): a time in which lower prices are agreed."""

from datetime import datetime

import strawberry

from schema.compiler.catalog import column, many, money, one, pages, table
from schema.node import CHANNEL, GLOBAL_ID, ChannelClass, Effective, Money, Node, channel_class
from schema.paging import Connection
from schema.partner import Partner, PartnerFilter
from schema.product import Product
from schema.region import Region
from schema.territory import BY_START, HOLDS, HOLDS_AT
from schema.where import IDFilter, RegionFilter, related, where

COVERS = "{id} = {up.product_id} OR {up.product_id} IS NULL AND {product_group} = {up.product_group}"


@table("promotion", live="{deleted_at} IS NULL", sorts=BY_START)
@strawberry.type(description="A time-limited exception from price policies. Rules look for one before they report.")
class Promotion(Node, Effective):
    id: strawberry.ID = column("id", GLOBAL_ID)
    name: str = column("name", "Name to show.")
    products: list[Product] = many(COVERS, "{code}", "Products it covers; empty when it covers all. At most 100 are listed.")
    product_group: str | None = column("product_group", "Product group it covers; null = any.")
    region: Region | None = one("region_id", "Region, with all below it; null = everywhere.")
    partner: Partner | None = one("partner_id", "Partner it is for; null = all, or hidden from the caller.")
    channel: str | None = column("channel", f"{CHANNEL} Null = all.")
    channel_class: ChannelClass | None = column(
        f"CASE WHEN {{channel}} IS NOT NULL THEN {channel_class('{valid_from}')} END",
        "Class of the channel on the first day.",
    )
    floor_net_unit_price: Money | None = money(
        "floor_price",
        "currency",
        "Lowest price of one base unit without tax that it allows; null = no limit.",
        optional=True,
    )
    version: int = column("revision", "Number that grows with every change.")


@strawberry.input(description="Which promotions.")
class PromotionFilter:
    product: IDFilter | None = where("product_id", "Product.", to="Product")
    region: RegionFilter | None = where("region_id", "Region.")
    partner: IDFilter | None = where("partner_id", "Partner.", to="Partner")
    partner_is: PartnerFilter | None = related("Partner", "partner_id", "`partner` is such.")
    valid_at: datetime | None = where(HOLDS, HOLDS_AT, cast="timestamptz")


@strawberry.type
class PromotionQuery:
    promotions: Connection[Promotion] | None = pages(
        "Promotions. Default order: newest `validFrom` first.",
        [("VALID_FROM", True)],
        filter=PromotionFilter | None,
    )
