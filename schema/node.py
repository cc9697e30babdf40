"""What nouns have in common: an id, amounts of money and goods, and who acted."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum

import strawberry

from schema.compiler.catalog import column, table
from schema.context import Role
from schema.scalars import CurrencyCode, UnitCode

GLOBAL_ID = "Opaque global id. Stable for the life of the record. Do not parse it."


@strawberry.interface(description="Anything that can be fetched again by its global id.")
class Node:
    id: strawberry.ID = column("id", GLOBAL_ID)


@strawberry.interface(
    description="A policy row that holds for a time: on the days from `validFrom` up to, not including, `validTo`."
)
class Effective:
    valid_from: date = column("valid_from", "First day on which the row holds.")
    valid_to: date | None = column("valid_to", "First day on which it no longer holds; null = open-ended.")
    recorded_at: datetime = column("fetched_at", "When the row was recorded in the hub.")


@strawberry.type(description="An amount of money.")
class Money:
    amount: Decimal = column(
        "amount",
        "Amount in major units of the currency: `12.50` is twelve and a half. Scale as stored, not rounded for display.",
        always=True,
    )
    currency: CurrencyCode = column("currency", "Currency of the amount.", always=True)


@strawberry.type(description="An amount of goods.")
class Quantity:
    value: Decimal = column("value", "Number of `unit`s.", always=True)
    unit: UnitCode = column("unit", "Unit of `value`, as the source counted.", always=True)
    base_units: Decimal | None = column(
        "base_units",
        "The same amount in base units of the product (`value` x units per pack); null when the pack size is not known.",
    )


def goods(amount: str, product: str = "{product_id}") -> dict[str, str]:
    """Return the columns of a Quantity counted in packs of a product."""
    return {"value": amount, "unit": "'EA'::text", "base_units": f"({amount}) * hub_units_per_pack({product})"}


@table("hub_user")
@strawberry.type(description="A person or service that acted.")
class Actor:
    id: strawberry.ID = column("hub_global_id('Actor', {id})", "Stable id of the account or token.", always=True)
    display_name: str = column("name", "Name to show.")
    role: Role = column("coalesce({roles}[1], 'service')", "Role at the time.", always=True)


@strawberry.enum(description="Class of a sales channel, as the policies say.")
class ChannelClass(Enum):
    TRADE = strawberry.enum_value("trade", description="Between businesses: to partners, wholesalers, companies.")
    CONSUMER = strawberry.enum_value("consumer", description="To whoever uses the goods.")


CHANNEL = "Code of the sales channel: `tmall`, `trade`."


def channel_class(day: str) -> str:
    """Return the class of a row's channel on a day."""
    return f"CASE WHEN hub_channel_class({{channel}}, {day}) = 'trade' THEN 'trade' ELSE 'consumer' END"
