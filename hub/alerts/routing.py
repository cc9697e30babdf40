"""Who hears of what, and when a case is worth telling.

A case is told once when it opens and once for each higher band it rises into. The receivers are the routes of the
settings and, where we can send mail, the manager of the partner concerned; never a partner. Findings that may only be
observed tell nobody.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from hub.alerts.outbox import Letter, put
from hub.clock import now
from hub.conflicts.cases import CaseChange
from hub.conflicts.policy import CASE_MIN_SCORE, decimal, read_policies
from hub.conflicts.registry import all_rules
from hub.errors import SettingsError
from hub.settings import RouteSettings, Settings, secret
from hub.store.database import Connection
from hub.store.statements import statement

IMMEDIATE_SCORE = 70
BANDS = ("info", "low", "medium", "high", "critical")
MANAGER = "manager"
CHANNELS = {
    "mailto": "email",
    "mailtos": "email",
    "slack": "slack",
    "workflow": "teams",
    "workflows": "teams",
    "msteams": "teams",
    "dingtalk": "dingtalk",
    "wecombot": "wecom",
    "feishu": "feishu",
    "lark": "feishu",
}


class Limits(Struct, frozen=True, kw_only=True):
    """When a case is worth telling: from `least` on with enough events of its rule, from one `immediate` finding on at once.

    One delivery into another partner's region may be a mistake; a second within `days` is worth a message.
    """

    least: Decimal
    immediate: Decimal
    events: Mapping[str, int]
    days: Mapping[str, int]


class Raised(Struct, frozen=True, kw_only=True):
    """An alert that was written just now, with what routes ask about."""

    id: int
    rule: str
    severity: str
    region_id: int | None
    manager: str | None


async def raise_alerts(connection: Connection, settings: Settings, changes: Sequence[CaseChange]) -> int:
    """Write the alerts that the changed cases call for and their deliveries; return how many alerts are new.

    Cases that nobody was told of are looked at too: a second order may make one worth telling without changing its band.
    """
    policies = await read_policies(connection, now())
    limits = limits_of(policies.at(policies.today).body)
    values = {
        "case_ids": [change.case_id for change in changes],
        "rules": list(limits.days),
        "days": list(limits.days.values()),
    }
    cases = await connection.fetch(CANDIDATES.sql, *CANDIDATES.arguments(values))
    changed = {change.case_id for change in changes if change.reason == "evidence_changed"}
    wanted = {case["id"]: reason for case in cases if (reason := why(case, limits, case["id"] in changed)) is not None}
    raised = await write(connection, [case for case in cases if case["id"] in wanted], wanted)
    if raised:
        await put(connection, await letters(connection, settings, raised))
    return len(raised)


def limits_of(body: Mapping[str, Any]) -> Limits:
    """Return the limits of a policy, else those built in."""
    said, alerts = body.get("thresholds", {}), body.get("alerts", {})

    def each(name: str, usual: int) -> dict[str, int]:
        return {
            rule: int(said.get(rule, {}).get(name, pair.rule.thresholds.get(name, usual))) for rule, pair in all_rules().items()
        }

    return Limits(
        least=decimal(alerts.get("case_min_score", CASE_MIN_SCORE)),
        immediate=decimal(alerts.get("immediate_score", IMMEDIATE_SCORE)),
        events=each("alert_min_events", 1),
        days=each("alert_window_days", 1),
    )


def why(case: Mapping[str, Any], limits: Limits, evidence_changed: bool) -> str | None:
    """Return the reason to tell of a case now, or None."""
    enough = case["events"] >= limits.events.get(case["rule"], 1)
    if case["strongest"] < limits.immediate and not (case["score"] >= limits.least and enough):
        return None
    if "opened" not in case["reasons"]:
        return "opened"
    if BANDS.index(case["band"]) > max(BANDS.index(band) for band in case["bands"]):
        return "band_up"
    return "evidence_changed" if evidence_changed else None


async def write(connection: Connection, cases: Sequence[Mapping[str, Any]], reasons: Mapping[int, str]) -> list[Raised]:
    """Write one alert for each case, unless the same was told before."""
    values = {
        "case_ids": [case["id"] for case in cases],
        "reasons": [reasons[case["id"]] for case in cases],
        "severities": [case["band"] for case in cases],
        "dedupes": [dedupe(case["id"], reasons[case["id"]], case["band"]) for case in cases],
    }
    made = {row["case_id"]: row["id"] for row in await connection.fetch(RAISE.sql, *RAISE.arguments(values))}
    return [
        Raised(
            id=made[case["id"]],
            rule=case["rule"],
            severity=case["band"],
            region_id=case["region_id"],
            manager=case["manager"],
        )
        for case in cases
        if case["id"] in made
    ]


def dedupe(case_id: int, reason: str, band: str) -> str:
    """Return what keeps a second alert out: one per case and reason, and one per band risen into."""
    return f"{case_id}:{reason}:{band}" if reason == "band_up" else f"{case_id}:{reason}"


async def letters(connection: Connection, settings: Settings, raised: Sequence[Raised]) -> list[Letter]:
    """Return what is to be sent: each target and each address once per alert, by the first route that names it."""
    covers = await covered(connection, settings.route, raised)
    found: dict[tuple[int, str], Letter] = {}
    for alert in raised:
        for route in settings.route:
            if not fits(route, alert, covers):
                continue
            for address in route.to:
                keep(found, Letter(alert_id=alert.id, route=route.name, channel="email", recipient=address.lower()))
            if route.target is not None:
                channel = channel_of(route.target)
                keep(found, Letter(alert_id=alert.id, route=route.name, channel=channel, recipient=route.target))
        if settings.smtp is not None and alert.manager is not None and "@" in alert.manager:
            keep(found, Letter(alert_id=alert.id, route=MANAGER, channel="email", recipient=alert.manager.lower()))
    emails = sorted({letter.recipient for letter in found.values()})
    users = {row["email"]: row["id"] for row in await connection.fetch(READERS.sql, emails)}
    return [letter_to(letter, users) for letter in found.values()]


def keep(found: dict[tuple[int, str], Letter], letter: Letter) -> None:
    """Keep the first letter of an alert to a recipient."""
    found.setdefault((letter.alert_id, letter.recipient), letter)


def letter_to(letter: Letter, users: Mapping[str, int]) -> Letter:
    """Return the letter with the user it is for, where the address is a user's."""
    return Letter(
        alert_id=letter.alert_id,
        route=letter.route,
        channel=letter.channel,
        recipient=letter.recipient,
        user_id=users.get(letter.recipient),
    )


def fits(route: RouteSettings, alert: Raised, covers: Collection[tuple[str, int | None]]) -> bool:
    """Say whether a route wants an alert. What a route leaves out is any; a case without a region fits no named region."""
    return (
        (not route.rules or alert.rule in route.rules)
        and BANDS.index(alert.severity) >= BANDS.index(route.severity)
        and (not route.regions or any((code, alert.region_id) in covers for code in route.regions))
    )


async def covered(
    connection: Connection, routes: Sequence[RouteSettings], raised: Sequence[Raised]
) -> set[tuple[str, int | None]]:
    """Return the pairs of a region code that routes name and a region of an alert that lies in it."""
    values = {
        "codes": sorted({code for route in routes for code in route.regions}),
        "region_ids": sorted({alert.region_id for alert in raised if alert.region_id is not None}),
    }
    return {(row["code"], row["covered_id"]) for row in await connection.fetch(COVERS.sql, *COVERS.arguments(values))}


def channel_of(reference: str) -> str:
    """Return the kind of target a reference stands for. One that cannot be read yet is a webhook until it is sent to."""
    try:
        scheme = secret(reference).partition("://")[0].lower()
    except SettingsError:
        return "webhook"
    return CHANNELS.get(scheme, "webhook")


CANDIDATES = statement("alert", "candidates")
RAISE = statement("alert", "raise")
COVERS = statement("alert", "covers")
READERS = statement("alert", "readers")
