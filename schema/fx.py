"""FxRate: what one unit of a currency was worth on a day."""

from datetime import date
from decimal import Decimal

import strawberry

from schema.compiler.catalog import Sort, column, figure, pages, table
from schema.node import GLOBAL_ID, Node
from schema.paging import Connection
from schema.scalars import CurrencyCode
from schema.where import DateFilter, StringFilter, where


@table("fx_rate", live="{deleted_at} IS NULL", sorts={"VALID_ON": Sort("day", "date")}, models=("custom",))
@strawberry.type(description="Exchange rate of one day. It holds until the next one of its currency.")
class FxRate(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    base: CurrencyCode = column("currency", "Currency converted from.")
    quote: CurrencyCode | None = figure(
        "PolicyVersion",
        "{id} = hub_policy_on({up.day})",
        "max({base_currency})",
        "Currency converted to: the base currency of the policy on that day; null when no policy says one or it is hidden "
        "from the caller.",
    )
    rate: Decimal = column("rate", "Units of `quote` for one unit of `base`.")
    valid_on: date = column("day", "Day it holds from.")
    publisher: str = figure(
        "Source", "{id} = {up.source_id}", "coalesce(max({title}), '')", "Title of the source that says so.", always=True
    )


@strawberry.input(description="Which exchange rates.")
class FxRateFilter:
    base: StringFilter | None = where("currency", "Currency converted from.")
    valid_on: DateFilter | None = where("day", "Day it holds from.", cast="date")


@strawberry.type
class FxRateQuery:
    fx_rates: Connection[FxRate] | None = pages(
        "Exchange rates. Default order: newest first.", [("VALID_ON", True)], filter=FxRateFilter | None
    )
