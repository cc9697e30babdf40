"""Offer: a price seen, not a price set."""

from datetime import datetime
from enum import Enum

import strawberry

from schema.compiler.catalog import Figure, Sort, column, declared, money, one, pages, table
from schema.node import CHANNEL, GLOBAL_ID, ChannelClass, Money, Node, channel_class
from schema.order import ChannelClassFilter
from schema.paging import Connection
from schema.partner import Partner, PartnerFilter
from schema.product import Product, ProductFilter
from schema.region import Region
from schema.source import ExternalRef, Synced, own_reference
from schema.where import DateTimeFilter, IDFilter, RegionFilter, Several, SortKey, StringFilter, asked, related, where

SELLER = "hub_seller({partner_id}, {seller_key}, {channel})"
SOLD_BY = f"{{id}} = {SELLER.replace('{', '{up.')}"
# What is seen of a listing holds until the same seller's is seen again.
AGAIN = (
    "{source_id} = {up.source_id} AND {listing_id} = {up.listing_id} AND {seller_key} = {up.seller_key} "
    "AND {observed_at} > {up.observed_at}"
)
NEXT = Figure("Offer", AGAIN, "min({observed_at})")
CLASS = channel_class("({observed_at} AT TIME ZONE 'UTC')::date")
PACK_PRICE = "round({price} / coalesce(nullif({min_qty}, 0), 1), 6)"
NET_UNIT_PRICE = (
    "round({price} / nullif({min_qty} * hub_units_per_pack({product_id}), 0) "
    "/ CASE WHEN {tax_included} THEN 1 + {tax_rate} ELSE 1 END, 6)"
)


VALID_AT = (
    "{observed_at} <= {value} AND NOT EXISTS (SELECT 1 FROM offer AS again WHERE again.listing_id = {listing_id} "
    "AND again.source_id = {source_id} AND again.seller_key = {seller_key} AND again.deleted_at IS NULL "
    "AND again.observed_at > {observed_at} AND again.observed_at <= {value})"
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
        SOLD_BY,
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
    valid_from: datetime = column("observed_at", "When it was seen so.")
    valid_to: datetime | None = declared(
        "When the listing was next seen, and so no longer known to be so; null = not since.", NEXT
    )
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
    valid_at: datetime | None = where(
        VALID_AT, "Valid at this instant: the latest seen of its listing by then.", cast="timestamptz"
    )
    seen_at: DateTimeFilter | None = where("observed_at", "Time of seeing.", cast="timestamptz")
    product_is: ProductFilter | None = related("Product", "product_id", "`product` is such.")
    partner_is: PartnerFilter | None = related("Partner", SOLD_BY, "`partner` is such.")
    and_: list["OfferFilter"] | None = asked("All of these hold, at most 20.", "and")
    or_: list["OfferFilter"] | None = asked("At least one of these holds, at most 20.", "or")
    not_: "OfferFilter | None" = asked("This does not hold.", "not")


@strawberry.input(description="Conditions on offers of something.")
class OffersFilter(Several[OfferFilter]):
    pass


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
