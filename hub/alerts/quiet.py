"""The receiver's day: hours in which messages wait, and where on the clock of a time zone a moment lies.

Clock times are those on the wall. An hour that the clocks skip in spring begins when it would have; one that comes twice in
autumn is quiet both times, and a moment in it is the first.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from hub.errors import SettingsError

FORM = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class Quiet(Struct, frozen=True):
    """Hours in which messages wait: from `start` on, and no longer at `end`, which may be the next morning."""

    start: time
    end: time

    def covers(self, at: datetime, zone: ZoneInfo) -> bool:
        """Say whether an instant is quiet on the clocks of a zone."""
        clock = at.astimezone(zone).time()
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end

    def over(self, at: datetime, zone: ZoneInfo) -> datetime:
        """Return the first instant from this one on that is not quiet."""
        if not self.covers(at, zone):
            return at
        day = at.astimezone(zone).date()
        ends = (moment(day + timedelta(days=days), self.end, zone) for days in range(3))
        return next(end for end in ends if end > at and not self.covers(end, zone))


def read_quiet(text: str) -> Quiet | None:
    """Read hours such as `21:00-07:30`; None for no hours at all: an empty text, or an end that is the start.

    Raises SettingsError.
    """
    if not text.strip():
        return None
    match = FORM.fullmatch(text.strip())
    if match is None:
        raise SettingsError(f"{text!r} are no quiet hours; write them like 21:00-07:30, or leave them empty for none.")
    start_h, start_m, end_h, end_m = (int(part) for part in match.groups())
    start, end = time(start_h, start_m), time(end_h, end_m)
    return None if start == end else Quiet(start, end)


def moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return the instant, in UTC, at which the clocks of a zone show a time on a day."""
    return datetime.combine(day, clock, zone).astimezone(UTC)


def day_start(at: datetime, zone: ZoneInfo) -> datetime:
    """Return when the day of an instant began in a zone."""
    return moment(at.astimezone(zone).date(), time(), zone)
