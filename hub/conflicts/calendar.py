"""Business days: Monday to Friday in the policy's time zone, less its holidays."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hub.conflicts.policy import Policies
from hub.conflicts.procedure import STEPS


def after(at: datetime, days: int, policies: Policies) -> datetime:
    """Return the same time of day so many business days later."""
    zone = ZoneInfo(policies.timezone)
    holidays = set(policies.at(policies.today).body.get("sla", {}).get("holidays", ()))
    local = at.astimezone(zone)
    while days > 0:
        local += timedelta(days=1)
        days -= local.weekday() < 5 and local.date().isoformat() not in holidays
    return local


def due(at: datetime, state: str, policies: Policies) -> datetime | None:
    """Return when a step begun at an instant is due; None for one without a limit. Zero days of the policy mean at once."""
    days = policies.at(policies.today).body.get("sla", {}).get(state, STEPS[state].days)
    return None if days is None else after(at, days, policies)
