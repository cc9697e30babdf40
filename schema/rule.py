"""Rule: what a detection rule looks for, and how often people agreed."""

from decimal import Decimal

import strawberry

from hub.cases.precision import SENTENCES
from schema.compiler.catalog import Values, column, declared, figure, text, values
from schema.conflict import DismissalReason
from schema.context import Role
from schema.directives import ListSize
from schema.scalars import RuleId

SINCE = "{now} - interval '365 days'"
YEAR = f"{{rule}} = {{up.id}} AND {{state}} = 'closed' AND {{closed_at}} > {SINCE}"
JUDGED = f"{YEAR} AND {{outcome}} IN ('confirmed', 'dismissed')"


WORDS = "{threshold}, {present}, {suggested}, {left_out}, {reason}, {kept}"
SAID = f"CASE {{locale}} WHEN 'zh-CN' THEN format('{SENTENCES.zh}', {WORDS}) ELSE format('{SENTENCES.en}', {WORDS}) END"


@strawberry.type(description="How many cases were dismissed for one reason.")
class DismissalCount:
    reason: DismissalReason = column("reason", "Reason.", always=True)
    count: int = figure(
        "ConflictCase",
        f"{{rule}} = {{up.rule}} AND {{closed_at}} > {SINCE} AND {{dismissal_reason}} = {{up.reason}}",
        "count(*)",
        "How many.",
        always=True,
    )


@strawberry.type(description="A threshold that could be raised, by what people decided.")
class ThresholdSuggestion:
    threshold: str = column("threshold", "Name of the threshold: `border_units`.", always=True)
    reason: DismissalReason = column("reason", "Reason most dismissed cases of the rule had.", always=True)
    present: Decimal = column("present", "Its value today, where no region or product group has another.", always=True)
    suggested: Decimal = column("suggested", "Value that would have left those cases out.", always=True)
    left_out_count: int = column("left_out", "Dismissed cases that it would have left out.", always=True)
    kept_count: int = column("kept", "Confirmed cases, all of which it would have kept.", always=True)
    explanation: str = text(SAID, "The same in a sentence.", always=True)


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
    closed_count: int = figure(
        "ConflictCase",
        JUDGED,
        "count(*)",
        "How many cases `precision` rests on: confirmedCount + dismissedCount.",
        always=True,
    )
    precision: float | None = figure(
        "ConflictCase",
        JUDGED,
        "round((count(*) FILTER (WHERE {outcome} = 'confirmed'))::numeric / nullif(count(*), 0), 6)",
        "confirmedCount / closedCount, 0..1, of the cases the caller sees; null when none was closed.",
    )
    dismissals: list[DismissalCount] = values(
        "jsonb_to_recordset({up.reasons}) AS {row} (rule text, reason text)",
        "Dismissed cases by reason, of the last 365 days; reasons without any too.",
        order="{reason}",
    )
    suggestions: list[ThresholdSuggestion] | None = declared(
        "Thresholds that would have left out what was dismissed and kept what was confirmed in the last 365 days. Nothing is "
        "changed by itself. Null for all but ADMIN and ANALYST.",
        Values(f"hub_rule_suggestions({{up.id}}, {{up.levers}}, {SINCE}, ({{now}} AT TIME ZONE 'UTC')::date) AS {{row}}"),
        roles=[Role.ADMIN, Role.ANALYST],
    )


@strawberry.type
class RuleQuery:
    rules: list[Rule] | None = declared(
        "Detection rules, by name. At most 200.",
        Values(
            "jsonb_to_recordset({rules}) AS {row} "
            "(id text, version int, title jsonb, grain text[], levers jsonb, reasons jsonb)",
            order="{id}",
        ),
        directives=[ListSize(assumed_size=30)],
    )
