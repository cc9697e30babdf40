"""Business days over weekends, holidays and time zones."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.conflicts.calendar import after, due
from hub.conflicts.policy import Policies, Version


def policies(timezone: str = "Asia/Shanghai", **sla: Any) -> Policies:
    version = Version(
        number=1, valid_from=date.min, valid_to=date.max, base_currency="CNY", timezone=timezone, body={"sla": sla}
    )
    return Policies(versions=(version,), timezone=timezone, base_currency="CNY", today=date(2026, 4, 3))


FRIDAY = datetime(2026, 4, 3, 9, tzinfo=UTC)


def test_a_weekend_and_a_holiday_are_no_business_days() -> None:
    assert after(FRIDAY, 2, policies(holidays=["2026-04-06"])) == datetime(2026, 4, 8, 9, tzinfo=UTC)


def test_a_day_is_that_of_the_policy_s_time_zone() -> None:
    # Sunday evening in London is Monday morning in Shanghai.
    sunday = datetime(2026, 4, 5, 20, tzinfo=UTC)
    assert after(sunday, 1, policies("Asia/Shanghai")) == datetime(2026, 4, 6, 20, tzinfo=UTC)
    assert after(sunday, 1, policies("Europe/London")) == datetime(2026, 4, 6, 20, tzinfo=UTC)
    friday = datetime(2026, 4, 3, 20, tzinfo=UTC)
    assert after(friday, 1, policies("Asia/Shanghai")) == datetime(2026, 4, 5, 20, tzinfo=UTC)
    assert after(friday, 1, policies("Europe/London")) == datetime(2026, 4, 6, 20, tzinfo=UTC)


def test_the_time_of_day_stays_when_clocks_change() -> None:
    # Summer time begins on 29 March 2026.
    local = after(datetime(2026, 3, 27, 9, tzinfo=ZoneInfo("Europe/Berlin")), 1, policies("Europe/Berlin"))
    assert local.astimezone(UTC) == datetime(2026, 3, 30, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "days"),
    [
        ("detected", 2),
        ("triaged", 3),
        ("reported", 2),
        ("investigating", 10),
        ("negotiating", 15),
        ("mediation", 20),
        ("arbitration", 30),
    ],
)
def test_each_step_has_its_days(state: str, days: int) -> None:
    assert due(FRIDAY, state, policies()) == after(FRIDAY, days, policies())
    assert due(FRIDAY, "closed", policies()) is None


def test_a_policy_gives_other_days() -> None:
    assert due(FRIDAY, "triaged", policies(triaged=1)) == datetime(2026, 4, 6, 9, tzinfo=UTC)
    assert due(FRIDAY, "triaged", policies(triaged=0)) == FRIDAY


@settings(max_examples=50)
@given(
    start=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),
    days=st.integers(1, 40),
    zone=st.sampled_from(["Asia/Shanghai", "UTC", "America/New_York", "Pacific/Auckland"]),
    holidays=st.sets(st.dates(date(2026, 1, 1), date(2027, 3, 1)), max_size=10),
)
def test_exactly_so_many_business_days_pass(start: datetime, days: int, zone: str, holidays: set[date]) -> None:
    begun = start.replace(tzinfo=UTC)
    end = after(begun, days, policies(zone, holidays=[day.isoformat() for day in holidays]))
    first, last = begun.astimezone(ZoneInfo(zone)).date(), end.astimezone(ZoneInfo(zone)).date()
    passed = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    counted = [day for day in passed if day.weekday() < 5 and day not in holidays]
    assert len(counted) == days
    assert counted[-1] == last
