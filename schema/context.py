"""Who asks, and what one request carries.

A Viewer is the whole scope of a read: two viewers that are equal see the same rows, so it is part of every cache key.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Protocol

import strawberry

from hub.conflicts.threshold import Threshold
from hub.records import PolicyVersion
from hub.settings import Settings, SourceSettings
from hub.store.database import Store
from schema.feed import Feed

if TYPE_CHECKING:
    from schema.compiler.door import Reader


@strawberry.enum(description="What a caller is. Rows and fields follow from it.")
class Role(Enum):
    ADMIN = strawberry.enum_value("admin", description="Everything, including sources, policies and tokens.")
    ANALYST = strawberry.enum_value("analyst", description="All rows, read only, plus backtests.")
    CHANNEL_MANAGER = strawberry.enum_value(
        "channel_manager", description="Conflicts, cases, alerts and policies of the partners assigned to the user."
    )
    DIRECT_SALES = strawberry.enum_value(
        "direct_sales",
        description="The brand's own sales. Own orders and customers; partners only as aggregates over enough partners.",
    )
    PARTNER = strawberry.enum_value("partner", description="Own rows only.")
    SERVICE = strawberry.enum_value("service", description="Machine access: sync, replay, trusted documents.")


@strawberry.enum(description="Languages of texts.")
class Locale(Enum):
    EN = strawberry.enum_value("en", description="English (`en`).")
    ZH_CN = strawberry.enum_value("zh-CN", description="Simplified Chinese (`zh-CN`).")


@dataclass(frozen=True)
class Viewer:
    """The scope of a caller. `partner_ids`, `region_ids` and `product_groups` are what is assigned to a channel manager.

    Nothing assigned means nothing seen. `token_id` names the token of ours, if it is one, and is no part of the scope.
    """

    role: Role
    user_id: int | None = None
    partner_id: int | None = None
    partner_ids: frozenset[int] = frozenset()
    region_ids: frozenset[int] = frozenset()
    product_groups: frozenset[str] = frozenset()
    locale: Locale = Locale.EN
    token_id: int | None = field(default=None, compare=False)
    name: str = field(default="", compare=False)


@dataclass(frozen=True)
class Points:
    """What a caller has to spend: when nothing is spent, now, and what is given back in a second."""

    most: float
    left: float
    per_second: float


NO_POINTS = Points(0, 0, 0)


class Jobs(Protocol):
    """What a mutation may ask the workers to do; `schema/app.py` hands over who does it."""

    async def defer_sync(self, run_ids: Sequence[int]) -> None: ...

    async def defer_detect(self, *, full: bool = False) -> None: ...

    async def defer_backtest(self) -> None: ...

    async def sheet_source(self, name: str) -> int: ...
    async def defer_check(self) -> None: ...


class Desk(Protocol):
    """What is done at once with what this room does not reach for: connectors, clocks, mail."""

    async def keep_source(
        self, wanted: SourceSettings, *, paused: bool | None, expected_version: int | None, user_id: int | None
    ) -> int: ...

    async def try_route(self, name: str) -> dict[str, str | None]: ...

    async def ailing(self) -> list[str]: ...

    def redrafted(self, version: PolicyVersion, thresholds: Sequence[Threshold]) -> tuple[PolicyVersion, str]: ...


@dataclass
class Execution:
    """How one root field was answered."""

    path: str
    mode: str
    statements: int


@dataclass
class RequestContext:
    """What one operation carries. What it learns on the way is for the response's `extensions`.

    `lasting` are the root fields that were answered from data alone, whatever the clock says.
    """

    viewer: Viewer
    store: Store
    settings: Settings
    jobs: Jobs | None = None
    desk: Desk | None = None
    feed: Feed | None = None
    request_id: str = ""
    points: Points = NO_POINTS
    executions: list[Execution] = field(default_factory=list)
    watermark: datetime | None = None
    stale: bool = False
    lasting: set[str] = field(default_factory=set)
    reader: "Reader | None" = field(default=None, repr=False)
