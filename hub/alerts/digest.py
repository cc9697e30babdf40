"""The daily digest: one message for each receiver with whatever was not told at once.

A time zone is told of a day in one round, written as soon as its clocks show the digest's hour: of all that happened before
that hour and was not told the day before. The rounds are rows, so that several processes, or one that starts again after a
crash, write each digest once. A hub that was away for days tells all of it in the next round.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from hub.alerts.message import Digest, Item
from hub.alerts.policy import AlertPolicy, alert_policy
from hub.alerts.post import Receiver, address, run, take_turn
from hub.alerts.quiet import moment
from hub.settings import Settings
from hub.store.database import Connection
from hub.store.statements import statement

# So many items are named; the rest is counted.
SHOWN = 20


class Round(Struct, frozen=True, kw_only=True):
    """The digests of one time zone for one day, of what happened before an instant."""

    time_zone: str
    day: date
    until: datetime


async def rounds_due(connection: Connection, at: datetime) -> list[Round]:
    """Return the rounds whose hour has come and that nobody has written yet, of the zones that receivers live in."""
    policy = await alert_policy(connection, at)
    rows = await connection.fetch(ZONES.sql, *ZONES.arguments({"usual": policy.time_zone}))
    found = [today(row["time_zone"], policy, at) for row in rows]
    written = {(row["time_zone"], day) for row in rows for day in row["days"]}
    return [one for one in found if one.until <= at and (one.time_zone, one.day) not in written]


def today(time_zone: str, policy: AlertPolicy, at: datetime) -> Round:
    """Return the round of a zone for the day that its clocks show."""
    zone = ZoneInfo(time_zone)
    day = at.astimezone(zone).date()
    return Round(time_zone=time_zone, day=day, until=moment(day, policy.digest_at, zone))


async def write_round(connection: Connection, settings: Settings, one: Round, at: datetime) -> int:
    """Write the digests of a round and their deliveries; return how many. A round that is written already writes none."""
    policy = await alert_policy(connection, at)
    values: dict[str, Any] = {
        "time_zone": one.time_zone,
        "day": one.day,
        "until": one.until,
        "at": at,
        "usual": policy.time_zone,
        "usual_quiet": policy.quiet,
        "shown": SHOWN,
    }
    begun = await connection.fetchrow(BEGIN.sql, *BEGIN.arguments(values))
    if begun is None:
        return 0
    await take_turn(connection)
    await run(connection, "of_findings", {"since": begun["since"], "until": one.until})
    await address(connection, settings, policy)
    await run(connection, "leave_out", values)
    known = [Receiver(**dict(row)) for row in await connection.fetch(RECEIVERS.sql, *RECEIVERS.arguments(values))]
    values |= {"recipients": [one.recipient for one in known], "times": [one.free(at) for one in known]}
    written: int = await connection.fetchval(DIGESTS.sql, *DIGESTS.arguments(values))
    return written


def digest_of(row: Mapping[str, Any]) -> Digest:
    """Return what a digest says, as it was written down."""
    body = row["body"]
    return Digest(
        day=row["day"],
        alerts=row["alert_count"],
        findings=row["finding_count"],
        many=body["many"],
        items=[Item(**{**item, "score": Decimal(str(item["score"]))}) for item in body["items"]],
        rules=body["rules"],
    )


ZONES = statement("post", "zones")
BEGIN = statement("post", "begin_round")
RECEIVERS = statement("post", "digest_receivers")
DIGESTS = statement("post", "digests")
