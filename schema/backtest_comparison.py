"""BacktestComparison (回测对比): two drafts of the policy, tried on the past, side by side."""

from datetime import date

import strawberry

from schema.backtest import Backtest, BacktestRule
from schema.compiler.catalog import (
    Arguments,
    Given,
    One,
    Sort,
    argument,
    column,
    declared,
    figure,
    one,
    pages,
    part,
    table,
    taking,
    values,
)
from schema.directives import Cost
from schema.paging import Connection
from schema.partner import Partner
from schema.scalars import ConflictClass, RuleId

# A finding that differs in both backtests stands in this list as a difference of the one.
IN_ONE = "{backtest_id} = {up.id}"
IN_OTHER = (
    "{backtest_id} = {up.up.other} AND NOT EXISTS (SELECT 1 FROM backtest_difference AS first "
    "WHERE first.backtest_id = {up.id} AND first.finding_key = {finding_key})"
)


def end(backtest: str, up: str) -> str:
    """Return how a finding ends under the draft of a backtest, as a row of class and score."""
    return f"hub_backtest_end({{{up}.{backtest}}}, {{finding_key}}, {{class_before}}, {{score_before}})"


ENDS_ELSEWHERE = f"{end('id', 'up')} IS DISTINCT FROM {end('up.other', 'up')}"


@table("backtest_difference", sorts={"RULE": Sort("rule", "text"), "FINDING_KEY": Sort("finding_key", "text")})
@strawberry.type(description="One finding on which two drafts end differently.")
class ComparedFinding:
    finding_key: str = column("finding_key", "Deterministic key of the finding.")
    rule_id: RuleId = column("rule", "Rule.")
    partner: Partner | None = one("partner_id", "Partner the records point at; null when none.")
    event_day: date = column("event_day", "Business day it is about.")
    class_one: ConflictClass | None = column(f"({end('id', 'up')}).class", "Class under the one draft; null = no finding.")
    class_other: ConflictClass | None = column(
        f"({end('up.other', 'up')}).class", "Class under the other draft; null = no finding."
    )
    score_one: float | None = column(f"({end('id', 'up')}).score", "Score under the one draft, 0..100 points.")
    score_other: float | None = column(f"({end('up.other', 'up')}).score", "Score under the other draft, 0..100 points.")


@strawberry.type(description="One rule in two backtests.")
class ComparedRule:
    rule_id: RuleId = column("id", "Rule.", always=True)
    one: BacktestRule | None = part(
        {"id": "id", "report": "one"}, "In the one backtest; null when it did not run it.", when="{one} IS NOT NULL"
    )
    other: BacktestRule | None = part(
        {"id": "id", "report": "other"}, "In the other backtest; null when it did not run it.", when="{other} IS NOT NULL"
    )


@table("backtest")
@strawberry.type(description="Two answered backtests side by side.")
class BacktestComparison:
    one: Backtest | None = declared("The one backtest.", One("{id} = {up.id}"))
    other: Backtest | None = declared("The other backtest.", One("{id} = {up.up.other}"))
    same_ground: bool = figure(
        "Backtest",
        "{id} IN ({up.id}, {up.up.other})",
        "count(DISTINCT ({from_day}, {to_day}, {rule_names}, {ground})) = 1",
        "Whether days, rules and what the present policy found are the same in both. If not, not every difference comes from "
        "the drafts.",
        always=True,
    )
    by_rule: list[ComparedRule] = values(
        "hub_backtest_rules({up.id}, {up.up.other}) AS {row}", "Rule by rule, by name.", order="{id}"
    )
    differences: Connection[ComparedFinding] = pages(
        "Findings on which the two drafts end differently, by rule and key.",
        [("RULE", False), ("FINDING_KEY", False)],
        join=f"({IN_ONE} OR {IN_OTHER}) AND {ENDS_ELSEWHERE}",
    )


@strawberry.type
class BacktestComparisonQuery:
    backtest_comparison: BacktestComparison | None = taking(
        declared(
            "Two backtests side by side. Null when one of them has no answer, does not exist or is not for the caller. ADMIN, "
            "ANALYST, SERVICE.",
            Arguments(
                {"one": Given("one", to="Backtest"), "other": Given("other", to="Backtest")},
                join="{id} = {up.one} AND {state} = 'done' AND EXISTS (SELECT 1 FROM backtest AS beside "
                "WHERE beside.id = {up.other} AND beside.state = 'done')",
            ),
            directives=[Cost(weight="10")],
        ),
        argument("one", strawberry.ID, "The one backtest."),
        argument("other", strawberry.ID, "The other backtest."),
    )
