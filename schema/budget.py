"""What callers may spend: a bucket of points for each token, which fills again by itself.

The buckets are this process's own, so that no request waits for another process; where several serve, each lets a token spend
as much.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from prometheus_client import Counter

from hub.settings import Allowance, CostSettings
from schema.compiler.cache import Recent
from schema.context import Points, Viewer
from schema.errors import ErrorCode, HubGraphQLError

# One that is forgotten is full again, as it would be by itself after some seconds.
BUCKETS = 10_000


@dataclass
class Bucket:
    """The points of one token."""

    allowance: Allowance
    clock: Callable[[], float]
    left: float
    at: float

    def fill(self) -> None:
        """Give back what the time since the last look is worth."""
        now = self.clock()
        self.left = min(self.allowance.points, self.left + (now - self.at) * self.allowance.per_second)
        self.at = now

    def missing(self, points: int) -> float:
        """Return how many seconds from now so many points will be there."""
        self.fill()
        return max(0.0, (points - self.left) / self.allowance.per_second)

    def take(self, points: int) -> float:
        """Take points; when they are not there take none, and return how many seconds it will be until they are."""
        missing = self.missing(points)
        if not missing:
            self.left -= points
        return missing

    def give(self, points: int) -> None:
        """Give points back."""
        self.fill()
        self.left = min(self.allowance.points, self.left + points)

    async def pay(self, points: int) -> None:
        """Take points, also those still to come, and wait until they have come. Whoever is first is served first."""
        missing = self.missing(points)
        self.left -= points
        if missing:
            await asyncio.sleep(missing)

    def points(self) -> Points:
        """Return what there is to spend."""
        self.fill()
        return Points(self.allowance.points, max(0.0, round(self.left, 2)), self.allowance.per_second)


@dataclass
class Budgets:
    """The buckets of this process."""

    settings: CostSettings
    throttled: Counter
    clock: Callable[[], float] = monotonic
    buckets: Recent[Bucket] = field(default_factory=lambda: Recent(BUCKETS))

    def of(self, viewer: Viewer) -> Bucket:
        """Return the bucket of a caller's token; whoever comes by way of an identity provider has one as a user."""
        allowance = self.settings.of(str(viewer.role.value))
        caller = (viewer.token_id, viewer.user_id)
        return self.buckets.get(caller, lambda: Bucket(allowance, self.clock, allowance.points, self.clock()))

    def admit(self, bucket: Bucket, points: int, *, taking: bool = True) -> HubGraphQLError | None:
        """Take what an operation may cost, or only look whether it is there; return why it may not run."""
        largest = bucket.allowance.largest
        if points > largest:
            self.throttled.labels(ErrorCode.COST_LIMIT.value).inc()
            message = f"The operation costs {points} points, more than the {largest} that one may; ask for less."
            return HubGraphQLError(message, ErrorCode.COST_LIMIT, limit="cost", cost=points, most=largest)
        missing = bucket.take(points) if taking else bucket.missing(points)
        if not missing:
            return None
        self.throttled.labels(ErrorCode.THROTTLED.value).inc()
        message = "The points of this token are used up; try again a little later, or ask for less."
        return HubGraphQLError(message, ErrorCode.THROTTLED, retryAfterSeconds=round(missing, 3))


def told(requested: int, actual: int, points: Points) -> dict[str, Any]:
    """Return what a response says of its cost."""
    status = {"maximumAvailable": points.most, "currentlyAvailable": points.left, "restoreRate": points.per_second}
    return {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}
