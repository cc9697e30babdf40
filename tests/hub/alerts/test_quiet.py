"""Quiet hours and days on the clocks of receivers, over midnight and where the clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.alerts.quiet import Quiet, day_start, moment, read_quiet
from hub.errors import SettingsError

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
NIGHT = Quiet(time(21), time(7, 30))

instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
# The two weekends on which the clocks of Berlin change.
changes = st.one_of(
    st.datetimes(datetime(2026, 3, 27), datetime(2026, 3, 31), timezones=st.just(UTC)),
    st.datetimes(datetime(2026, 10, 23), datetime(2026, 10, 27), timezones=st.just(UTC)),
)
zones = st.sampled_from([BERLIN, SHANGHAI])
clocks = st.builds(time, st.integers(0, 23), st.integers(0, 59))
hours = st.tuples(clocks, clocks).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: Quiet(*pair))


@pytest.mark.parametrize(
    ("at", "zone", "quiet"),
    [
        ("2026-03-28T20:00+00:00", BERLIN, True),  # 21:00 winter time
        ("2026-03-28T19:59+00:00", BERLIN, False),
        ("2026-03-29T05:29+00:00", BERLIN, True),  # 07:29 summer time, the night was an hour shorter
        ("2026-03-29T05:30+00:00", BERLIN, False),
        ("2026-10-25T06:29+00:00", BERLIN, True),  # 07:29 winter time, the night was an hour longer
        ("2026-10-25T06:30+00:00", BERLIN, False),
        ("2026-03-29T13:00+00:00", SHANGHAI, True),
        ("2026-03-29T23:30+00:00", SHANGHAI, False),
    ],
)
def test_a_night_follows_the_clocks_of_the_receiver(at: str, zone: ZoneInfo, quiet: bool) -> None:
    assert NIGHT.covers(datetime.fromisoformat(at), zone) is quiet


@settings(max_examples=60, deadline=None)
@given(quiet=hours, at=st.one_of(instants, changes), zone=zones)
def test_quiet_is_what_the_wall_clock_says(quiet: Quiet, at: datetime, zone: ZoneInfo) -> None:
    clock = at.astimezone(zone).time()
    between = (lambda a, b: a <= clock < b) if quiet.start < quiet.end else (lambda a, b: not b <= clock < a)
    assert quiet.covers(at, zone) is between(quiet.start, quiet.end)
    # The complement of the hours is quiet exactly when they are not.
    assert Quiet(quiet.end, quiet.start).covers(at, zone) is not quiet.covers(at, zone)


@settings(max_examples=60, deadline=None)
@given(quiet=hours, at=st.one_of(instants, changes), zone=zones)
def test_quiet_hours_end_within_a_day_and_no_later_than_they_must(quiet: Quiet, at: datetime, zone: ZoneInfo) -> None:
    free = quiet.over(at, zone)
    assert not quiet.covers(free, zone)
    assert timedelta(0) <= free - at <= timedelta(hours=26)
    if free > at:
        assert quiet.covers(free - timedelta(seconds=1), zone)


@settings(max_examples=60, deadline=None)
@given(at=st.one_of(instants, changes), zone=zones)
def test_a_day_begins_at_its_midnight_and_holds_the_instant(at: datetime, zone: ZoneInfo) -> None:
    start = day_start(at, zone)
    assert start <= at < start + timedelta(hours=25)
    assert start.astimezone(zone).date() == at.astimezone(zone).date()
    assert start.astimezone(zone).time() == time()


@settings(max_examples=60, deadline=None)
@given(first=st.dates(date(2026, 1, 1), date(2026, 12, 30)), clock=clocks, zone=zones)
def test_an_hour_of_the_clock_comes_once_a_day_and_in_order(first: date, clock: time, zone: ZoneInfo) -> None:
    gap = moment(first + timedelta(days=1), clock, zone) - moment(first, clock, zone)
    assert timedelta(hours=23) <= gap <= timedelta(hours=25)


def test_hours_are_read_and_nonsense_is_refused() -> None:
    assert read_quiet("21:00-07:30") == NIGHT
    assert read_quiet("") is None
    assert read_quiet("08:00-08:00") is None
    for text in ("9-5", "24:00-07:00", "21:00", "21:00 - 07:30"):
        with pytest.raises(SettingsError, match="quiet hours"):
            read_quiet(text)
