"""How often people agreed with a rule, and which of its thresholds their reasons speak for raising.

A suggestion is a figure with its reckoning. Nobody's threshold changes before a person publishes a policy that says so.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import Struct

from hub.conflicts.engine import failures
from hub.conflicts.policy import Policies, decimal
from hub.conflicts.registry import all_rules
from hub.conflicts.rule import Rule, Text
from hub.store.database import Connection
from hub.store.statements import read_statements

PERIOD = timedelta(days=365)
# In the order threshold, present, suggested, cases left out, reason, cases kept.
SENTENCES = Text(
    en="Raising %s from %s to %s would have left out %s cases dismissed as %s and kept all %s confirmed ones.",
    zh="将 %s 由 %s 提高到 %s,可排除 %s 个以 %s 为由驳回的案件,并保留全部 %s 个已确认案件。",
)


class Suggestion(Struct, frozen=True, kw_only=True):
    """A threshold, and the value that leaves out what was dismissed for a reason and keeps what was confirmed."""

    threshold: str
    reason: str
    present: Decimal
    suggested: Decimal
    left_out: int
    kept: int
    explanation: str


class Measured(Struct, frozen=True, kw_only=True):
    """A rule with its thresholds today and what became of its cases in the last 365 days.

    `precision` is confirmed ÷ closed with six decimals, None when none was closed. `failure` says why it could not be heard.
    """

    rule: str
    title: str
    version: int
    thresholds: Mapping[str, Decimal]
    confirmed: int
    dismissed: int
    precision: Decimal | None
    dismissals: Mapping[str, int]
    suggestions: tuple[Suggestion, ...]
    failure: str | None


async def measure(connection: Connection, policies: Policies, at: datetime) -> list[Measured]:
    """Return every rule by name, as people judged it up to an instant."""
    body = policies.at(policies.today).body
    rows = {row["rule"]: row for row in await connection.fetch(PRECISION["judged"].sql, at - PERIOD)}
    silent = await failures(connection)
    found = []
    for name, pair in sorted(all_rules().items()):
        values = {"rule": name, "levers": levers_of(pair.rule), "since": at - PERIOD, "today": policies.today}
        one = PRECISION["suggestions"]
        raised = await connection.fetch(one.sql, *one.arguments(values)) if pair.rule.levers else []
        suggestions = tuple(suggestion(row) for row in raised)
        found.append(measured(pair.rule, body, rows.get(name, NONE), suggestions, silent.get(name)))
    return found


def measured(
    rule: Rule, body: Mapping[str, Any], row: Mapping[str, Any], raised: tuple[Suggestion, ...], failure: str | None
) -> Measured:
    """Return one rule with its figures."""
    said = body.get("thresholds", {}).get(rule.name, {})
    return Measured(
        rule=rule.name,
        title=rule.title_en,
        version=rule.version,
        thresholds={name: decimal(said.get(name, usual)) for name, usual in rule.thresholds.items()},
        confirmed=row["confirmed"],
        dismissed=row["dismissed"],
        precision=row["precision"],
        dismissals=row["dismissals"],
        suggestions=raised,
        failure=failure,
    )


def suggestion(row: Mapping[str, Any]) -> Suggestion:
    """Return a row as a suggestion with its sentence."""
    words = tuple(row[name] for name in ("threshold", "present", "suggested", "left_out", "reason", "kept"))
    return Suggestion(**dict(row), explanation=SENTENCES.en % words)


def levers_of(rule: Rule) -> list[dict[str, object]]:
    """Return the levers of a rule as the database reads them."""
    return [
        {"reason": reason, "threshold": one.threshold, "field": one.field, "usual": str(rule.thresholds[one.threshold])}
        for reason, one in sorted(rule.levers.items())
    ]


NONE: Mapping[str, Any] = {"confirmed": 0, "dismissed": 0, "precision": None, "dismissals": {}}
PRECISION = read_statements(Path(__file__).with_name("precision.sql"))
