"""Who hears of what: the routes that fit and the one person answerable, each once, never a partner.

A receiver is an address or a target. What comes in the receiver's quiet hours, and what would be more than a receiver gets in
a day, is held for the digest of that receiver, the most serious last.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from hub.alerts.policy import AlertPolicy
from hub.alerts.quiet import Quiet, day_start, read_quiet
from hub.alerts.route import laid, routes_of
from hub.settings import Settings
from hub.store.database import Connection
from hub.store.statements import statement

# Two that count what a receiver got today take turns, or both would send the last one.
TURN = 7_310_005
# What ways to a person are called; with their blanks they are no names of routes.
AFFECTED = "the manager of the other"
ADMINISTRATORS = "the administrators"


class Receiver(Struct, frozen=True, kw_only=True):
    """Somebody who is told, with the clock and the quiet hours that hold there."""

    recipient: str
    time_zone: str
    quiet_hours: str

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def quiet(self) -> Quiet | None:
        return read_quiet(self.quiet_hours)

    def hushed(self, at: datetime) -> bool:
        """Say whether an instant lies in the quiet hours."""
        return self.quiet is not None and self.quiet.covers(at, self.zone)

    def free(self, at: datetime) -> datetime:
        """Return the first instant from this one on outside the quiet hours."""
        return at if self.quiet is None else self.quiet.over(at, self.zone)


async def post_alerts(
    connection: Connection, settings: Settings, policy: AlertPolicy, alert_ids: Sequence[int], at: datetime
) -> int:
    """Write the deliveries of new alerts; return how many."""
    await take_turn(connection)
    await run(connection, "of_alerts", {"alert_ids": list(alert_ids)})
    await address(connection, settings, policy)
    return await put(connection, policy, at)


async def post_escalations(connection: Connection, policy: AlertPolicy, alert_ids: Sequence[int], at: datetime) -> int:
    """Write the deliveries of alerts that nobody acknowledged, to every administrator; return how many."""
    await take_turn(connection)
    await run(connection, "of_alerts", {"alert_ids": list(alert_ids)})
    await run(connection, "administrators", {"route": ADMINISTRATORS, "zone": policy.time_zone, "quiet": policy.quiet})
    return await put(connection, policy, at)


async def take_turn(connection: Connection) -> None:
    """Wait for whoever else writes deliveries, until the transaction ends, and clear the desk."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", TURN)
    await connection.execute(statement("post", "desk").sql)


async def address(connection: Connection, settings: Settings, policy: AlertPolicy) -> None:
    """Find who hears of what lies on the desk. Without a mail server nobody is written to in person."""
    routes = await routes_of(connection, settings)
    values = {
        "routes": laid(routes),
        "default": policy.default,
        "affected": AFFECTED,
        "mail": settings.smtp is not None,
        "zone": policy.time_zone,
        "quiet": policy.quiet,
    }
    await run(connection, "address", values)


async def receivers(connection: Connection) -> list[Receiver]:
    """Return everybody who hears of something on the desk."""
    return [Receiver(**dict(row)) for row in await connection.fetch(statement("post", "receivers").sql)]


async def put(connection: Connection, policy: AlertPolicy, at: datetime) -> int:
    """Write a delivery for each address of each alert on the desk, held where the receiver shall not hear of it now."""
    known = await receivers(connection)
    values = {
        "recipients": [one.recipient for one in known],
        "hushed": [one.hushed(at) for one in known],
        "days": [day_start(at, one.zone) for one in known],
        "most": policy.most_a_day,
        "at": at,
    }
    one = statement("post", "put")
    written: int = await connection.fetchval(one.sql, *one.arguments(values))
    return written


async def run(connection: Connection, name: str, values: Mapping[str, object]) -> None:
    """Run one statement of the post."""
    one = statement("post", name)
    await connection.execute(one.sql, *one.arguments(values))
