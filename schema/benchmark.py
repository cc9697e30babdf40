"""What partners of one kind and country sell in a month, as bands: never the figure of any of them."""

from datetime import date
from enum import Enum

import strawberry

from schema.compiler.catalog import Arguments, Given, argument, column, declared, money, taking, values
from schema.directives import Cost
from schema.node import Money
from schema.partner import PartnerKind
from schema.scalars import RegionCode

CELL = "hub_sales_cell({month}, {kind}, {market}, {now})"


@strawberry.enum(description="A place in a list that is ordered by size.")
class Quantile(Enum):
    P25 = strawberry.enum_value("p25", description="Lower quartile: a quarter sells that or less.")
    P50 = strawberry.enum_value("p50", description="Median: half sell that or less.")
    P75 = strawberry.enum_value("p75", description="Upper quartile: three quarters sell that or less.")


@strawberry.type(description="Between which figures of 1, 2, 5, 10, 20, 50 and so on a quantile lies.")
class SalesBand:
    quantile: Quantile = column("quantile", "Which quantile.", always=True)
    lower: Money = money("lower", "currency", "It is at least this, in the base currency.")
    upper: Money = money("upper", "currency", "It is less than this, in the base currency.")


@strawberry.type(
    description="What partners of one kind and country sold in a month that is over, as of the latest detection. Each partner "
    "is in one such group alone."
)
class SalesBenchmark:
    month: date = column("{month}", "A day of the month.", always=True)
    partner_kind: PartnerKind = column("{kind}", "Kind of the partners.", always=True)
    market: RegionCode = column("{market}", "Country they are at home in.", always=True)
    suppressed: bool = column(
        f"{CELL} IS NULL",
        "Whether nothing is told: the month is not over, fewer than `privacy.k_min` of the policy sold anything, or one of "
        "them has more than `privacy.dominance_max` of it all.",
        always=True,
    )
    partner_count: int | None = column(f"cardinality({CELL})", "How many partners sold anything; null when suppressed.")
    bands: list[SalesBand] = values(
        f"hub_sales_bands({CELL.replace('{', '{up.').replace('{up.now}', '{now}')}) AS {{row}}",
        "Lower quartile, median and upper quartile; empty when suppressed.",
        order="{quantile}",
    )


@strawberry.type
class BenchmarkQuery:
    sales_benchmark: SalesBenchmark | None = taking(
        declared(
            "What partners of one kind and country sell, for everybody: bands over so many partners that none is recognised.",
            Arguments(
                {"month": Given("month", "date"), "kind": Given("partnerKind", "text"), "market": Given("market", "text")}
            ),
            directives=[Cost(weight="10")],
        ),
        argument("month", date, "A day of the month."),
        argument("partner_kind", PartnerKind, "Kind of the partners; OWN_STORE has no partners."),
        argument("market", RegionCode, "Code of the country."),
    )
