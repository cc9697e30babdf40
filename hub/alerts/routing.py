"""When a case is worth telling, and that it is told once.

A case is told once when it opens, once for each higher band it rises into, once when a step of it is overdue, and once when the
records behind it changed. Whatever else happens waits for the digest. Findings that may only be observed tell nobody.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from hub.alerts.policy import AlertPolicy, alert_policy
from hub.alerts.post import post_alerts
from hub.clock import now
from hub.conflicts.calendar import after
from hub.conflicts.grouping import CaseChange
from hub.settings import Settings
from hub.store.database import Connection
from hub.store.statements import statement

BANDS = ("info", "low", "medium", "high", "critical")
# An overdue step that nobody acknowledges is an administrator's after so many business days.
SLA_DAYS = 2


async def raise_alerts(
    connection: Connection, settings: Settings, changes: Sequence[CaseChange], *, findings: Collection[int] = ()
) -> int:
    """Write the alerts that the changed cases call for and their deliveries; return how many alerts are new.

    Cases nobody was told of are looked at too where `findings`, those that something happened to, are of their rule and
    partners: a second order may make one worth telling without changing the case.
    """
    at = now()
    policy = await alert_policy(connection, at)
    reported: dict[int, set[str]] = {}
    for change in changes:
        reported.setdefault(change.case_id, set()).add(change.reason)
    cases = await candidates(connection, policy, reported, findings)
    wanted = [(case, reason) for case in cases for reason in reasons(case, policy, reported.get(case["id"], set()))]
    raised = await write(connection, policy, wanted, at)
    if raised:
        await post_alerts(connection, settings, policy, raised, at)
    return len(raised)


async def worth_alerting(connection: Connection, at: datetime) -> list[int]:
    """Return the open cases that are worth telling, by the policy of an instant, whether or not anybody was told."""
    policy = await alert_policy(connection, at)
    opened = [row["id"] for row in await connection.fetch(OPEN.sql)]
    return [case["id"] for case in await candidates(connection, policy, opened, ()) if worth_telling(case, policy)]


async def candidates(
    connection: Connection, policy: AlertPolicy, case_ids: Collection[int], findings: Collection[int]
) -> Sequence[Mapping[str, Any]]:
    """Return these cases, and those that wait for another event like these findings, with what decides whether they alert."""
    several = [rule for rule, events in policy.events.items() if events > 1]
    values = {
        "case_ids": list(case_ids),
        "finding_ids": list(findings),
        "rules": several,
        "days": [policy.days[rule] for rule in several],
    }
    found: Sequence[Mapping[str, Any]] = await connection.fetch(CANDIDATES.sql, *CANDIDATES.arguments(values))
    return found


def reasons(case: Mapping[str, Any], policy: AlertPolicy, reported: Collection[str]) -> list[str]:
    """Return the reasons to tell of a case now. An overdue step is told whatever the score: somebody answers for it."""
    found = []
    if worth_telling(case, policy):
        if "opened" not in case["reasons"]:
            found.append("opened")
        elif BANDS.index(case["band"]) > max(BANDS.index(band) for band in case["bands"]):
            found.append("band_up")
    if "sla" in reported:
        found.append("sla")
    # Its findings may have gone altogether; then the score is that of the last ones.
    if "evidence_changed" in reported and (case["score"] >= policy.least or case["rule"] in policy.always):
        found.append("evidence_changed")
    return found


def worth_telling(case: Mapping[str, Any], policy: AlertPolicy) -> bool:
    """Say whether the findings that stand make a case worth telling."""
    if case["strongest"] is None:
        return False
    if case["rule"] in policy.always or case["strongest"] >= policy.immediate:
        return True
    enough: bool = case["events"] >= policy.events.get(case["rule"], 1)
    return enough and case["score"] >= policy.least


async def write(
    connection: Connection, policy: AlertPolicy, wanted: Sequence[tuple[Mapping[str, Any], str]], at: datetime
) -> list[int]:
    """Write one alert for each case and reason, unless the same was told before; return the ids of the new ones."""
    values = {
        "case_ids": [case["id"] for case, _ in wanted],
        "reasons": [reason for _, reason in wanted],
        "severities": [case["band"] for case, _ in wanted],
        "dedupes": [dedupe(case["id"], reason, case["band"]) for case, reason in wanted],
        "escalates": [escalates(reason, case["band"], policy, at) for case, reason in wanted],
        "at": at,
    }
    return [row["id"] for row in await connection.fetch(RAISE.sql, *RAISE.arguments(values))]


def escalates(reason: str, band: str, policy: AlertPolicy, at: datetime) -> datetime | None:
    """Return when an alert that nobody acknowledges is passed on; None for never."""
    if reason == "sla":
        return after(at, SLA_DAYS, policy.policies)
    return at + timedelta(hours=policy.escalate_after_hours) if band in ("high", "critical") else None


def dedupe(case_id: int, reason: str, band: str) -> str:
    """Return what keeps a second alert out: one per case and reason, and one per band risen into."""
    return f"{case_id}:{reason}:{band}" if reason == "band_up" else f"{case_id}:{reason}"


OPEN = statement("alert", "open_cases")
CANDIDATES = statement("alert", "candidates")
RAISE = statement("alert", "raise")
