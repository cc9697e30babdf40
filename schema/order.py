"""Order and its lines. A return is an order of its own."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.compiler.catalog import (
    Figure,
    Groups,
    Owner,
    Sort,
    Sums,
    Totals,
    Whole,
    argument,
    column,
    declared,
    money,
    one,
    pages,
    part,
    table,
    taking,
)
from schema.customer import Customer, CustomerFilter
from schema.directives import Cost, ListSize
from schema.node import CHANNEL, GLOBAL_ID, ChannelClass, Money, Node, Quantity, channel_class, goods
from schema.paging import Connection
from schema.partner import Partner, PartnerFilter
from schema.product import Product, ProductFilter
from schema.region import Location, LocationFilter, Region
from schema.source import ExternalRef, Synced, own_reference
from schema.where import (
    Choice,
    DateTimeFilter,
    DecimalFilter,
    IDFilter,
    MoneyFilter,
    RegionFilter,
    Several,
    SortKey,
    StringFilter,
    asked,
    related,
    where,
)

if TYPE_CHECKING:
    from schema.conflict import ConflictConnection, ConflictFilter, ConflictsFilter


@strawberry.enum(description="What an order is.")
class OrderKind(Enum):
    SELL_IN = strawberry.enum_value("sell_in", description="Brand to partner, or partner to partner.")
    SELL_OUT = strawberry.enum_value("sell_out", description="Partner to its customer.")
    RETURN = strawberry.enum_value("return", description="Return of goods.")


@strawberry.enum(description="Normalised state of an order. The source's own word is in `sourceStatus`.")
class OrderState(Enum):
    DRAFT = strawberry.enum_value("draft", description="Not binding yet. Carts are never stored as orders.")
    OPEN = strawberry.enum_value("open", description="Confirmed.")
    PARTLY_FULFILLED = strawberry.enum_value("partly_fulfilled", description="Partly shipped.")
    FULFILLED = strawberry.enum_value("fulfilled", description="Shipped in full.")
    CANCELLED = strawberry.enum_value("cancelled", description="Cancelled.")
    UNKNOWN = strawberry.enum_value(
        "unknown", description="The source sent a status the connector does not know; see `sourceStatus`."
    )


@strawberry.enum(description="Who started a sale.")
class SaleInitiation(Enum):
    ACTIVE = strawberry.enum_value("active", description="The seller approached the buyer.")
    PASSIVE = strawberry.enum_value("passive", description="The buyer came unasked.")
    UNKNOWN = strawberry.enum_value("unknown", description="Not known.")


PARTY = "{id} = CASE WHEN {up.kind} = 'sell_in' THEN {up.buyer_partner_id} ELSE {up.partner_id} END"
RETURN_OF = (
    "{source_id} = {up.source_id} AND {up.kind} = 'return' AND {key} = (SELECT back.return_of_order "
    "FROM order_line AS back WHERE back.order_id = {up.id} AND back.return_of_order IS NOT NULL "
    "ORDER BY back.number LIMIT 1)"
)
LINES = "{order_id} = {up.id}"
CONFLICTS = "{order_ids} @> ARRAY[{up.id}]"
CLASS = channel_class("{ordered_on}")
NET = "CASE WHEN {tax_included} THEN {amount} / (1 + {tax_rate}) ELSE {amount} END"
BASE_UNITS = "nullif({qty} * hub_units_per_pack({product_id}), 0)"


CURRENCY = "{owner.currency}"
UNITS = (
    "CASE WHEN count(*) = count(hub_units_per_pack({product_id})) "
    "THEN coalesce(sum({qty} * hub_units_per_pack({product_id})), 0) END"
)


@table(
    "order_line",
    sorts={"LINE_NUMBER": Sort("number", "int", unique=True)},
    live="{deleted_at} IS NULL",
    models=("order",),
    owner=Owner("Order", "order_id"),
)
@strawberry.type(description="One line of an order.")
class OrderLine(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    order: Annotated["Order", strawberry.lazy("schema.order")] = one("order_id", "Order.")
    line_number: int = column("number", "Number of the line, from 1.")
    product: Product | None = one("product_id", "Product; null when the article could not be matched.")
    source_sku: str = column("sku", "Article number at the source.")
    quantity: Quantity = part(goods("{qty}"), "How much; positive on a return too.")
    unit_price: Money = money(
        "CASE WHEN {qty} = 0 THEN {amount} ELSE round({amount} / {qty}, 6) END",
        CURRENCY,
        "Price of one `quantity.unit` as the source states it.",
    )
    tax_included: bool | None = column("tax_included", "Whether `unitPrice` includes tax; null when the source does not say.")
    net_unit_price: Money | None = money(
        f"round({NET} / {BASE_UNITS}, 6)",
        CURRENCY,
        "Price of one base unit without tax; null when pack size or tax is not known.",
        optional=True,
    )
    line_total: Money = money("amount", CURRENCY, "Sum of the line as the source states it.")
    promotion_ref: str | None = column("{owner.promo_ref}", "Promotion the source names.")
    deal_ref: str | None = column("{owner.deal_ref}", "Deal registration the source names.")
    serials: list[str] = column("{serials}[1:100]", "Serial numbers, at most 100.")


@table(
    "sales_order",
    live="{deleted_at} IS NULL",
    only="{kind} <> 'transfer'",
    sorts={
        "PLACED_AT": Sort("placed_at", "timestamptz"),
        "UPDATED_AT": Sort("coalesce({source_updated_at}, {fetched_at})", "timestamptz"),
        "NUMBER": Sort("key", "text"),
        "TOTAL": Sort("total", "numeric"),
    },
    models=("order",),
)
@strawberry.type(description="An order, a sell-through report line group or a return.")
class Order(Node, Synced):
    id: strawberry.ID = column("id", GLOBAL_ID)
    number: str = column("key", "Number at the source.")
    kind: OrderKind = column("kind", "What it is.")
    state: OrderState = column("state", "Normalised state.")
    source_status: str | None = column("source_status", "State in the source's own word.")
    channel: str = column("channel", CHANNEL)
    channel_class: ChannelClass = column(CLASS, "Class of the channel on the day of the order.", always=True)
    partner: Partner | None = one(
        PARTY,
        "Partner that sold (SELL_OUT, RETURN) or bought (SELL_IN); null for direct sales or when hidden from the caller.",
    )
    sold_to: Customer | None = one("customer_id", "Who ordered.")
    ship_to_region: Region | None = one("ship_to_region_id", "Region the goods go to. Territory rules use this one.")
    ship_from: Location | None = one("location_id", "Place the goods leave.")
    initiated: SaleInitiation = column("initiated", "Who started the sale.")
    return_of: Annotated["Order", strawberry.lazy("schema.order")] | None = one(
        RETURN_OF,
        "Order of which this is the return; null otherwise.",
    )
    drop_ship_for: Partner | None = one("drop_ship_for_id", "Partner on whose behalf it was shipped; null otherwise.")
    invoice_ref: str | None = column("invoice_ref", "Invoice number.")
    ordered_on: date = column("ordered_on", "Business day of the order: the day for prices, grants and rates.")
    placed_at: datetime = column("placed_at", "When it was placed.")
    updated_at: datetime = column(
        "coalesce({source_updated_at}, {fetched_at})", "When the source last changed it.", always=True
    )
    total: Money = money("total", "currency", "Sum of the lines as the source states it.")
    net_total: Money | None = money("net_total", "currency", "Sum without tax.", optional=True)
    lines: Connection[OrderLine] = pages("Lines, by line number.", [("LINE_NUMBER", False)], join=LINES)
    conflicts: Annotated["ConflictConnection", strawberry.lazy("schema.conflict")] = pages(
        "Findings that use the order, or a line of it, as evidence.",
        [("SCORE", True)],
        join=CONFLICTS,
        filter=Annotated["ConflictFilter", strawberry.lazy("schema.conflict")] | None,
        unfiltered="{state} = 'open'",
    )
    external_refs: list[ExternalRef] = own_reference()


@strawberry.enum(description="What orders can be grouped by.")
class OrderDimension(Enum):
    PARTNER = strawberry.enum_value("partner", description="Partner code.")
    REGION = strawberry.enum_value("region", description="Code of the ship-to region.")
    CHANNEL = strawberry.enum_value("channel", description="Channel.")
    STATE = strawberry.enum_value("state", description="State.")
    DAY = strawberry.enum_value("day", description="Day of `placedAt`, UTC, as `2026-03-01`.")
    MONTH = strawberry.enum_value("month", description="Month of `placedAt`, UTC, as `2026-03`.")
    CURRENCY = strawberry.enum_value("currency", description="Currency.")


TOTALS = Sums("{currency}", {"amount": "sum({total})", "currency": "{currency}"}, "true")


@strawberry.type(description="One group of orders.")
class OrderGroup:
    key: list[str | None] = column("key", "Values of the dimensions in the order asked for; null = no value.", always=True)
    count: int | None = column("count(*)", "Number of orders; null when suppressed.")
    total: list[Money] | None = declared("Sum of `total`, one entry per currency; null when suppressed.", TOTALS)
    suppressed: bool = column(
        "(false)",
        "Whether the figures are hidden because the group has fewer partners than `minimumGroupSize`.",
        always=True,
    )


@strawberry.type(
    description="Figures over all orders that match the filter and that the caller may see. Page arguments do not matter."
)
class OrderAggregates:
    count: int = column("count(*)", "Number of orders. Exact.", always=True)
    total: list[Money] = declared("Sum of `total`, one entry per currency, by currency code.", TOTALS)
    net_total_base: Money | None = declared(
        "Sum of `netTotal` converted to the base currency at the rate of the day of each order; null when a rate or a net sum "
        "is missing, or nothing was judged yet.",
        Whole("{net_total} * hub_rate({currency}, {ordered_on}, hub_base_currency())", "hub_base_currency()"),
    )
    base_units: Decimal | None = declared(
        "Sum of all lines that were not cancelled in base units; null when a pack size is missing.",
        Whole(Figure("OrderLine", "{order_id} = {up.id} AND {status} <> 'cancelled'", UNITS)),
    )
    first_placed_at: datetime | None = column("min({placed_at})", "Earliest `placedAt`; null when there are none.")
    last_placed_at: datetime | None = column("max({placed_at})", "Latest `placedAt`; null when there are none.")
    group_by: list[OrderGroup] = taking(
        declared(
            "The same figures by group, largest count first.",
            Groups(
                {
                    "PARTNER": Figure("Partner", PARTY, "max({code})", live=False),
                    "REGION": Figure("Region", "{id} = {up.ship_to_region_id}", "max({code})", live=False),
                    "CHANNEL": "{channel}",
                    "STATE": "upper({state})",
                    "DAY": "to_char({placed_at} AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
                    "MONTH": "to_char({placed_at} AT TIME ZONE 'UTC', 'YYYY-MM')",
                    "CURRENCY": "{currency}",
                }
            ),
            directives=[
                Cost(weight="10"),
                ListSize(slicing_arguments=["first"], require_one_slicing_argument=False, assumed_size=20),
            ],
        ),
        argument("dimensions", list[OrderDimension], "Dimensions, 1..3."),
        argument("first", int | None, "How many groups, 1..100.", 20),
    )


@strawberry.type(description="A page of orders.")
class OrderConnection(Connection[Order]):
    aggregates: OrderAggregates = declared(
        "Figures over all orders that match, not only this page.", Totals(), directives=[Cost(weight="10")]
    )


@strawberry.input(description="Conditions on OrderKind.")
class OrderKindFilter(Choice[OrderKind]):
    pass


@strawberry.input(description="Conditions on OrderState.")
class OrderStateFilter(Choice[OrderState]):
    pass


@strawberry.input(description="Conditions on ChannelClass.")
class ChannelClassFilter(Choice[ChannelClass]):
    pass


@strawberry.input(description="Which lines of orders.")
class OrderLineFilter:
    product: IDFilter | None = where("product_id", "Product.", to="Product")
    product_is: ProductFilter | None = related("Product", "product_id", "The product is such.")
    source_sku: StringFilter | None = where("sku", "Article number at the source.")
    quantity: DecimalFilter | None = where("qty", "`quantity.value`.", cast="numeric")
    promotion_ref: StringFilter | None = where("{owner.promo_ref}", "Promotion the source names.")
    deal_ref: StringFilter | None = where("{owner.deal_ref}", "Deal registration the source names.")
    and_: list["OrderLineFilter"] | None = asked("All of these hold, at most 20.", "and")
    or_: list["OrderLineFilter"] | None = asked("At least one of these holds, at most 20.", "or")
    not_: "OrderLineFilter | None" = asked("This does not hold.", "not")


@strawberry.input(description="Conditions on lines of an order.")
class OrderLinesFilter(Several[OrderLineFilter]):
    pass


@strawberry.input(description="Which orders.")
class OrderFilter:
    number: StringFilter | None = where("key", "Number at the source.")
    kind: OrderKindFilter | None = where("kind", "Kind.")
    state: OrderStateFilter | None = where("state", "State.")
    channel: StringFilter | None = where("channel", "Channel.")
    channel_class: ChannelClassFilter | None = where(CLASS, "Class of the channel.")
    source: IDFilter | None = where("source_id", "Source.", to="Source")
    partner: IDFilter | None = where(("partner_id", "buyer_partner_id"), "Partner that sold or bought.", to="Partner")
    sold_to: IDFilter | None = where("customer_id", "Customer that ordered.", to="Customer")
    ship_to_region: RegionFilter | None = where("ship_to_region_id", "Ship-to region.")
    product: IDFilter | None = where("product_id", "Product on any line.", to="Product", through=("OrderLine", LINES))
    placed_at: DateTimeFilter | None = where("placed_at", "Time of placing.", cast="timestamptz")
    updated_at: DateTimeFilter | None = where(
        "coalesce({source_updated_at}, {fetched_at})", "Time of the latest change at the source.", cast="timestamptz"
    )
    total: MoneyFilter | None = where("total", "Sum to pay.", cast="numeric")
    partner_is: PartnerFilter | None = related("Partner", PARTY, "`partner` is such.")
    sold_to_is: CustomerFilter | None = related("Customer", "customer_id", "`soldTo` is such.")
    ship_from_is: LocationFilter | None = related("Location", "location_id", "`shipFrom` is such.")
    return_of_is: "OrderFilter | None" = related("Order", RETURN_OF, "`returnOf` is such.")
    drop_ship_for_is: PartnerFilter | None = related("Partner", "drop_ship_for_id", "`dropShipFor` is such.")
    lines: OrderLinesFilter | None = related("OrderLine", LINES, "Its lines.", several=True)
    conflicts: Annotated["ConflictsFilter", strawberry.lazy("schema.conflict")] | None = related(
        "Conflict", CONFLICTS, "Findings that use it as evidence.", several=True
    )
    and_: list["OrderFilter"] | None = asked("All of these hold, at most 20.", "and")
    or_: list["OrderFilter"] | None = asked("At least one of these holds, at most 20.", "or")
    not_: "OrderFilter | None" = asked("This does not hold.", "not")


@strawberry.input(description="Conditions on orders of something.")
class OrdersFilter(Several[OrderFilter]):
    pass


@strawberry.enum(
    description="What orders can be sorted by. The id is always added as the last key, so that the order is total."
)
class OrderSortField(Enum):
    PLACED_AT = strawberry.enum_value("placed_at", description="Time of placing.")
    UPDATED_AT = strawberry.enum_value("updated_at", description="Time of the latest change at the source.")
    NUMBER = strawberry.enum_value("number", description="Number at the source, by code point.")
    TOTAL = strawberry.enum_value(
        "total", description="Amount of `total`, without regard to currency; combine with a currency filter."
    )


@strawberry.input(description="One sort key of orders. At most 3 keys.")
class OrderSort(SortKey[OrderSortField]):
    pass


@strawberry.type
class OrderQuery:
    orders: OrderConnection | None = pages(
        "Orders. Default order: newest first.",
        [("PLACED_AT", True)],
        filter=OrderFilter | None,
        order=list[OrderSort] | None,
    )
