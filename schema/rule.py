"""Rule: what a detection rule looks for, and how often people agreed."""

import strawberry

from schema.compiler.catalog import Values, column, declared, figure, text
from schema.directives import ListSize
from schema.scalars import RuleId

YEAR = "{rule} = {up.id} AND {state} = 'closed' AND {closed_at} > {now} - interval '365 days'"


@strawberry.type(description="A detection rule.")
class Rule:
    id: RuleId = column("id", "Name.", always=True)
    version: int = column("version", "Version of its SQL and meta-data; grows with every change of meaning.", always=True)
    title: str = text("{title} ->> {locale}", "Title in the caller's language.", always=True)
    grain: list[str] = column(
        "grain", "What one finding is about, as column names: `partner, product_group, region, month`.", always=True
    )
    confirmed_count: int = figure(
        "ConflictCase",
        YEAR,
        "count(*) FILTER (WHERE {outcome} = 'confirmed')",
        "Cases closed as confirmed in the last 365 days.",
        always=True,
    )
    dismissed_count: int = figure(
        "ConflictCase",
        YEAR,
        "count(*) FILTER (WHERE {outcome} = 'dismissed')",
        "Cases closed as dismissed in the last 365 days.",
        always=True,
    )
    precision: float | None = figure(
        "ConflictCase",
        f"{YEAR} AND {{outcome}} IN ('confirmed', 'dismissed')",
        "CASE WHEN count(*) >= 20 THEN (count(*) FILTER (WHERE {outcome} = 'confirmed'))::numeric / count(*) END",
        "confirmedCount / (confirmedCount + dismissedCount), 0..1; null below 20 closed cases.",
    )


@strawberry.type
class RuleQuery:
    rules: list[Rule] | None = declared(
        "Detection rules, by name. At most 200.",
        Values("jsonb_to_recordset({rules}) AS {row} (id text, version int, title jsonb, grain text[])", order="{id}"),
        directives=[ListSize(assumed_size=30)],
    )
