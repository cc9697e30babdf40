"""Customer (终端客户): who buys in the end."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.compiler.catalog import Figure, Sort, column, declared, one, pages, table, text, values
from schema.context import Role
from schema.node import GLOBAL_ID, Node
from schema.paging import Connection
from schema.partner import Partner, PartnerFilter
from schema.region import Region
from schema.source import Synced
from schema.where import DateTimeFilter, IDFilter, RegionFilter, SortKey, StringFilter, asked, related, where

if TYPE_CHECKING:
    from schema.order import OrderConnection, OrderFilter, OrdersFilter, OrderSort

CLOSE = (Role.ADMIN, Role.CHANNEL_MANAGER, Role.DIRECT_SALES, Role.PARTNER)

FIRST_ORDER = Figure("Order", "{customer_id} = {up.id}", "min({placed_at})")
LAST_ORDER = Figure("Order", "{customer_id} = {up.id}", "max({placed_at})")
# One row without a tag for who has none.
TAGGED = "(SELECT) AS always LEFT JOIN unnest({up.tags}) AS {row} (code) ON true"


@strawberry.type(description="A label derived by a rule or set by a person.")
class Tag:
    code: str = column("code", "Code of the label: `vip`, `at_risk`.", always=True)
    label: str = text("replace({code}, '_', ' ')", "Label in the caller's language.", always=True)
    reason: str = column("'Stated by the source.'::text", "Why it was set.", always=True)
    expires_at: datetime | None = column("NULL::timestamptz", "When it stops holding; null = until removed.")


@table(
    "customer",
    live="{deleted_at} IS NULL",
    sorts={
        "NAME": Sort("name", "text"),
        "LAST_ORDER_AT": Sort(LAST_ORDER, "timestamptz", nullable=True),
    },
    models=("customer",),
)
@strawberry.type(description="Who buys in the end: a company, a shop or a person.")
class Customer(Node, Synced):
    id: strawberry.ID = column("id", GLOBAL_ID)
    name: str = column("name", "Name to show; a pseudonym where the policy demands one.")
    is_company: bool = column("{kind} <> 'consumer'", "Whether it is a company.")
    email: str | None = column("email", "E-mail address.", roles=CLOSE)
    phone: str | None = column("phone", "Telephone number, E.164.", roles=CLOSE)
    tax_id: str | None = column("tax_id", "Tax or registration number, normalised.", roles=CLOSE)
    region: Region | None = one("region_id", "Region of the main address.")
    partner: Partner | None = one(
        "partner_id", "Partner the customer is itself; null when it is none or when hidden from the caller."
    )
    tags: list[Tag] = values("unnest({up.tags}) AS {row} (code)", "Tags with their reason, by name.", order="{code}")
    first_order_at: datetime | None = declared("Instant of its first order; null when it has none.", FIRST_ORDER)
    last_order_at: datetime | None = declared("Instant of its latest order; null when it has none.", LAST_ORDER)
    orders: Annotated["OrderConnection", strawberry.lazy("schema.order")] = pages(
        "Its orders, newest first.",
        [("PLACED_AT", True)],
        join="{customer_id} = {up.id}",
        filter=Annotated["OrderFilter", strawberry.lazy("schema.order")] | None,
        order=list[Annotated["OrderSort", strawberry.lazy("schema.order")]] | None,
    )


@strawberry.input(description="Which customers.")
class CustomerFilter:
    name: StringFilter | None = where("name", "Name.")
    email: StringFilter | None = where("email", "E-mail address. Refused for roles that may not read it.", roles=CLOSE)
    region: RegionFilter | None = where("region_id", "Region.")
    partner: IDFilter | None = where("partner_id", "Partner the customer is itself.", to="Partner")
    last_order_at: DateTimeFilter | None = where(LAST_ORDER, "Latest order.", cast="timestamptz")
    tag: StringFilter | None = where("code", "Code of any of its tags; `isNull: true` = it has none.", unfolded=TAGGED)
    partner_is: PartnerFilter | None = related("Partner", "partner_id", "`partner` is such.")
    orders: Annotated["OrdersFilter", strawberry.lazy("schema.order")] | None = related(
        "Order", "{customer_id} = {up.id}", "Its orders.", several=True
    )
    and_: list["CustomerFilter"] | None = asked("All of these hold, at most 20.", "and")
    or_: list["CustomerFilter"] | None = asked("At least one of these holds, at most 20.", "or")
    not_: "CustomerFilter | None" = asked("This does not hold.", "not")


@strawberry.enum(
    description="What customers can be sorted by. The id is always added as the last key, so that the order is total."
)
class CustomerSortField(Enum):
    NAME = strawberry.enum_value("name", description="Name, by code point.")
    LAST_ORDER_AT = strawberry.enum_value("last_order_at", description="Latest order.")


@strawberry.input(description="One sort key of customers. At most 3 keys.")
class CustomerSort(SortKey[CustomerSortField]):
    pass


@strawberry.type
class CustomerQuery:
    customers: Connection[Customer] | None = pages(
        "Customers. Default order: name.",
        [("NAME", False)],
        filter=CustomerFilter | None,
        order=list[CustomerSort] | None,
    )
