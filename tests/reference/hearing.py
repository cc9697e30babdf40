"""A world as it stands at one instant: the policies, the day, rates and priced lines and offers that all rules read."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from tests.reference.policies import Policies
from tests.reference.trade import Line, Observation, counted, observed
from tests.reference.world import Partner, Product, Region, World


class Hearing:
    def __init__(self, world: World, at: datetime) -> None:
        self.world = world
        self.at = at
        self.policies = Policies(world.versions)
        present = self.policies.on(at.astimezone(UTC).date())
        self.timezone = ZoneInfo(present.timezone)
        self.base_currency = present.base_currency
        self.today = self.day(at)

    def day(self, instant: datetime) -> date:
        """Return the business day of an instant."""
        return instant.astimezone(self.timezone).date()

    def rate(self, currency: str, day: date) -> Fraction | None:
        """Return the worth of one unit on a day: the latest rate until then."""
        if currency == self.base_currency:
            return Fraction(1)
        known = [rate for rate in self.world.rates if rate.currency == currency and rate.day <= day]
        return max(known, key=lambda rate: rate.day).rate if known else None

    def threshold(self, rule: str, name: str, day: date, region: Region | None, group: str) -> Fraction:
        return self.policies.threshold(rule, name, day, region, group, self.world.regions)

    def profile(self, day: date, region: Region | None, partner: Partner | None = None) -> Mapping[str, Any]:
        """Return the switches for a finding: those of its region, else of the partner's seat."""
        return self.policies.profile(day, region or (partner.home if partner else None))

    @cached_property
    def lines(self) -> list[Line]:
        """All order lines that count, of every kind."""
        return counted(self)

    @cached_property
    def sales(self) -> list[Line]:
        return [line for line in self.lines if line.kind == "sell_out" and line.net_units > 0]

    @cached_property
    def offers(self) -> list[Observation]:
        return observed(self)

    @cached_property
    def packs(self) -> Mapping[Product, set[Fraction]]:
        """The pack sizes of every base article."""
        found: dict[Product, set[Fraction]] = defaultdict(set)
        for product in self.world.products:
            if product.live:
                found[product.base].add(product.pack)
        return found
