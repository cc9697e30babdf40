"""Offer: a price seen, not a price set."""

from datetime import datetime
from enum import Enum

import strawberry

from schema.compiler.catalog import Sort, column, money, one, pages, table
from schema.node import CHANNEL, GLOBAL_ID, ChannelClass, Money, Node, channel_class
from schema.order import ChannelClassFilter
from schema.paging import Connection
from schema.partner import Partner
from schema.product import Product
from schema.region import Region
from schema.source import ExternalRef, Synced, own_reference
from schema.where import DateTimeFilter, IDFilter, RegionFilter, SortKey, StringFilter, asked, where

SELLER = "hub_seller({partner_id}, {seller_key}, {channel})"
CLASS = channel_class("({observed_at} AT TIME ZONE 'UTC')::date")
PACK_PRICE = "round({price} / coalesce(nullif({min_qty}, 0), 1), 6)"
NET_UNIT_PRICE = (
    "round({price} / nullif({min_qty} * hub_units_per_pack({product_id}), 0) "
    "/ CASE WHEN {tax_included} THEN 1 + {tax_rate} ELSE 1 END, 6)"
)


@table(
    "offer",
    live="{deleted_at} IS NULL",
    sorts={
        "SEEN_AT": Sort("observed_at", "timestamptz"),
        "NET_UNIT_PRICE": Sort(NET_UNIT_PRICE, "numeric", nullable=True),
    },
    models=("offer",),
)
@strawberry.type(description="A price somebody asks, as listed or observed.")
class Offer(Node, Synced):
    id: strawberry.ID = column("id", GLOBAL_ID)
    product: Product | None = one("product_id", "Product; null when it could not be matched.")
    listing_id: str = column("listing_id", "Name of the listing at the place it was seen.")
    seller_name: str = column("seller", "Seller's name as shown there.")
    partner: Partner | None = one(
        f"{{id}} = {SELLER.replace('{', '{up.')}",
        "Seller; null when it matches no known partner or when hidden from the caller.",
    )
    channel: str = column("channel", CHANNEL)
    channel_class: ChannelClass = column(CLASS, "Class of the channel on the day.", always=True)
    region: Region | None = one("region_id", "Region in which it is offered.")
    price: Money = money(PACK_PRICE, "currency", "Price of one pack as shown.")
    tax_included: bool | None = column("tax_included", "Whether `price` includes tax; null when not known.")
    net_unit_price: Money | None = money(
        NET_UNIT_PRICE,
        "currency",
        "Price of one base unit without tax; null when pack size or tax is not known.",
        optional=True,
    )
    url: str | None = column("url", "Page of the offer.")
    seen_at: datetime = column("observed_at", "When it was seen.")
    capture_hash: str | None = column(
        "evidence_hash", "SHA-256 of the stored page or picture, 64 hexadecimal digits; null when none is stored."
    )
    external_refs: list[ExternalRef] = own_reference()


@strawberry.input(description="Which offers.")
class OfferFilter:
    product: IDFilter | None = where("product_id", "Product.", to="Product")
    partner: IDFilter | None = where(SELLER, "Seller.", to="Partner")
    channel: StringFilter | None = where("channel", "Channel.")
    channel_class: ChannelClassFilter | None = where(CLASS, "Class of the channel.")
    region: RegionFilter | None = where("region_id", "Region.")
    seen_at: DateTimeFilter | None = where("observed_at", "Time of seeing.", cast="timestamptz")
    and_: list["OfferFilter"] | None = asked("All of these hold, at most 20.", "and")
    or_: list["OfferFilter"] | None = asked("At least one of these holds, at most 20.", "or")
    not_: "OfferFilter | None" = asked("This does not hold.", "not")


@strawberry.enum(
    description="What offers can be sorted by. The id is always added as the last key, so that the order is total."
)
class OfferSortField(Enum):
    SEEN_AT = strawberry.enum_value("seen_at", description="Time of seeing.")
    NET_UNIT_PRICE = strawberry.enum_value(
        "net_unit_price", description="Amount of `netUnitPrice`, without regard to currency."
    )


@strawberry.input(description="One sort key of offers. At most 3 keys.")
class OfferSort(SortKey[OfferSortField]):
    pass


@strawberry.type
class OfferQuery:
    offers: Connection[Offer] | None = pages(
        "Listed and observed prices. Default order: last seen first.",
        [("SEEN_AT", True)],
        filter=OfferFilter | None,
        order=list[OfferSort] | None,
    )
