"""What an affected partner learns: that there is a matter, where, when, and how far it is; never whose it is.

These are types of their own, so that no path leads from them to anybody else's records.
"""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.compiler.catalog import Sort, column, one, pages, table
from schema.conflict import CaseState, ConflictStatus
from schema.node import GLOBAL_ID, Node
from schema.paging import Connection
from schema.scalars import RuleId

if TYPE_CHECKING:
    from schema.region import Region

EVENT_MONTH = "date_trunc('month', {event_day})::date"
GROUP = "nullif({product_group}, '-')"


@table("conflict_case", sorts={"MONTH": Sort("month", "date")}, only="{affected_id} IS NOT NULL")
@strawberry.type(description="A case that touches a partner's rights, as that partner may know of it.")
class AffectedCase(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    rule_id: RuleId = column("rule", "Rule of its findings.")
    region: Annotated["Region", strawberry.lazy("schema.region")] | None = one("region_id", "Region it is about.")
    product_group: str | None = column(GROUP, "Product group; null when it is about none.")
    month: date = column("month", "First day of the month it is about.")
    state: CaseState = column("state", "Step of the procedure.")
    other_side: str | None = column(
        "CASE WHEN {disclosed_to_affected} THEN (hub_golden('partner', {partner_id})).name END",
        "Name of the partner the records point at; null until two persons agreed to disclose it.",
    )


# How many lines a matter is about is the other side's. The first of a rule, place, group, month and state stands for all.
ONE_OF_A_KIND = """{affected_id} IS NOT NULL AND {is_full} AND {mode} = 'case' AND NOT EXISTS (
    SELECT 1 FROM conflict AS same
     WHERE same.rule = {rule} AND same.affected_id = {affected_id} AND same.is_full AND same.mode = 'case' AND same.id < {id}
       AND (same.state, same.product_group, same.region) = ({state}, {product_group}, {region})
       AND same.event_day >= date_trunc('month', {event_day}::timestamp)::date
       AND same.event_day < (date_trunc('month', {event_day}::timestamp) + interval '1 month')::date)"""


@table(
    "conflict",
    sorts={"MONTH": Sort(EVENT_MONTH, "date")},
    only=ONE_OF_A_KIND,
)
@strawberry.type(
    description="What was found that touches a partner's rights, as that partner may know of it: one for all lines it is about."
)
class AffectedFinding(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    rule_id: RuleId = column("rule", "Rule that found it.")
    region: Annotated["Region", strawberry.lazy("schema.region")] | None = one("region_id", "Region it is about.")
    product_group: str | None = column(GROUP, "Product group; null when it is about none.")
    month: date = column(EVENT_MONTH, "First day of the month it is about.")
    status: ConflictStatus = column("state", "State.")


@strawberry.type
class AffectedQuery:
    affected_cases: Connection[AffectedCase] | None = pages(
        "Cases that touch the caller's rights. Default order: latest month first.", [("MONTH", True)]
    )
    affected_findings: Connection[AffectedFinding] | None = pages(
        "Findings that touch the caller's rights. Default order: latest month first.", [("MONTH", True)]
    )
