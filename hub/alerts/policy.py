"""What the policy says of alerts: `[alerts]` and the thresholds of when a rule is worth telling, as they hold today."""

from collections.abc import Mapping
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from msgspec import Struct

from hub.conflicts.policy import ALWAYS, CASE_MIN_SCORE, Policies, decimal, read_policies
from hub.conflicts.registry import all_rules
from hub.store.database import Connection

IMMEDIATE_SCORE = 70
DIGEST_AT = "08:30"
QUIET = "21:00-07:30"
ESCALATE_AFTER_HOURS = 24
MAX_PER_RECEIVER_DAY = 20
# A century. What a policy says beyond is as long, and can still be reckoned with.
MOST_DAYS = 36_500
MOST_EVENTS = 2**31 - 1


class AlertPolicy(Struct, frozen=True, kw_only=True):
    """When a case is worth telling, when receivers want to hear of it, and who hears of what nobody is answerable for.

    A case is told from `least` on once its rule has had enough `events` within so many `days`, and at once when one finding
    reaches `immediate`; one of the rules `always` told of whatever its score. One delivery into another partner's region may
    be a mistake; a second is worth a message.
    """

    least: Decimal
    immediate: Decimal
    events: Mapping[str, int]
    days: Mapping[str, int]
    always: frozenset[str]
    digest_at: time
    quiet: str
    escalate_after_hours: float
    most_a_day: int
    default: str | None
    time_zone: str
    policies: Policies

    @classmethod
    def of(cls, policies: Policies) -> "AlertPolicy":
        """Return what holds today, with what is built in where the policy says nothing."""
        body = policies.at(policies.today).body
        said: Mapping[str, Any] = body.get("alerts", {})
        hour, minute = str(said.get("digest_at", DIGEST_AT)).split(":")
        return cls(
            least=decimal(said.get("case_min_score", CASE_MIN_SCORE)),
            immediate=decimal(said.get("immediate_score", IMMEDIATE_SCORE)),
            events=each_rule(body, "alert_min_events", MOST_EVENTS),
            days=each_rule(body, "alert_window_days", MOST_DAYS),
            always=frozenset(said.get("always", ALWAYS)),
            digest_at=time(int(hour), int(minute)),
            quiet=str(said.get("quiet", QUIET)),
            escalate_after_hours=min(float(said.get("escalate_after_hours", ESCALATE_AFTER_HOURS)), MOST_DAYS * 24.0),
            most_a_day=int(said.get("max_per_receiver_day", MAX_PER_RECEIVER_DAY)),
            default=said.get("default"),
            time_zone=policies.timezone,
            policies=policies,
        )


async def alert_policy(connection: Connection, at: datetime) -> AlertPolicy:
    """Read what the policy of an instant says of alerts."""
    return AlertPolicy.of(await read_policies(connection, at))


def each_rule(body: Mapping[str, Any], name: str, most: int) -> dict[str, int]:
    """Return a number of every rule: the policy's, else the rule's own, else 1; never more than `most`."""
    said = body.get("thresholds", {})
    return {
        rule: int(min(said.get(rule, {}).get(name, pair.rule.thresholds.get(name, 1)), most))
        for rule, pair in all_rules().items()
    }
