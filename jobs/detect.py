"""From changed records to findings, cases and what is told of them: a batch at a time, each in one transaction."""

from collections import Counter
from datetime import datetime

import structlog
from msgspec import Struct

from hub.alerts.routing import raise_alerts
from hub.clock import now
from hub.conflicts.engine import Examined, examine, not_run
from hub.conflicts.registry import all_rules
from hub.settings import Settings
from hub.store import dirty
from hub.store.conflict import FINDINGS_LOCK
from hub.store.database import Connection, Store
from hub.store.event import publish
from hub.store.statements import statement

log = structlog.get_logger(__name__)

BATCH = 10_000
# Below so many changed orders judging them one scope at a time is quick enough, whatever share of all they are.
FEW = 2_000


class RuleCount(Struct, kw_only=True):
    """What one rule did: scopes judged, findings by what happened to them, records it had to skip by reason.

    `not_run` and `failed` say why it did nothing: for want of records, or because it could not be heard.
    """

    judged: int = 0
    raised: int = 0
    changed: int = 0
    resolved: int = 0
    reopened: int = 0
    skipped: dict[str, int] = {}
    not_run: str | None = None
    failed: str | None = None


class Detected(Struct, kw_only=True):
    """What a run of detection did. `records` counts the changed records that were settled."""

    records: int = 0
    batches: int = 0
    raised: int = 0
    changed: int = 0
    resolved: int = 0
    reopened: int = 0
    cases_opened: int = 0
    alerts: int = 0
    rules: dict[str, RuleCount] = {}

    def add(self, examined: Examined, alerts: int) -> None:
        """Count one batch."""
        self.records += examined.marks
        self.batches += 1
        self.alerts += alerts
        self.cases_opened += sum(change.reason == "opened" for change in examined.cases)
        for name, judged in examined.judged.items():
            count = self.rules.setdefault(name, RuleCount())
            count.judged += judged
            count.skipped = dict(Counter(count.skipped) + Counter(examined.skipped[name]))
        for name, happened in examined.happened.items():
            count = self.rules.setdefault(name, RuleCount())
            for kind, number in happened.items():
                setattr(self, kind, getattr(self, kind) + number)
                setattr(count, kind, getattr(count, kind) + number)
        for name, reason in examined.failed.items():
            self.rules.setdefault(name, RuleCount()).failed = reason
            log.error("rule failed", rule=name, reason=reason)

    @property
    def failed(self) -> frozenset[str]:
        """The rules that could not be heard."""
        return frozenset(name for name, count in self.rules.items() if count.failed)


async def detect(store: Store, settings: Settings | None = None, *, at: datetime | None = None, full: bool = False) -> Detected:
    """Judge what changed, or with `full` everything, as of an instant (default: the start of the run).

    The settings name who is told of cases; without them nobody is.
    """
    done = Detected()
    async with store.connection() as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", FINDINGS_LOCK)
        # Once it is this one's turn: whoever holds the lock later judges as of a later instant.
        moment = at or now()
        try:
            whole = full or await outweighs(connection)
            while True:
                examined = await batch(connection, done, settings, moment, whole=whole)
                if whole or examined.marks < BATCH:
                    break
            for name, reason in (await not_run(connection)).items():
                done.rules.setdefault(name, RuleCount()).not_run = reason
        finally:
            await connection.execute("SELECT pg_advisory_unlock($1)", FINDINGS_LOCK)
    return done


async def batch(connection: Connection, done: Detected, settings: Settings | None, at: datetime, *, whole: bool) -> Examined:
    """Judge one batch and commit it with everything it led to. Events come last: their lock is held until the commit."""
    # One that failed in this run is left alone: it has to judge everything in the next one anyhow.
    heard = all_rules().keys() - done.failed
    async with connection.transaction():
        examined = await examine(connection, at, limit=None if whole else BATCH, full=whole, rules=heard)
        alerts = 0
        if settings is not None:
            findings = [one.subject_id for one in examined.told if one.topic == "conflict"]
            alerts = await raise_alerts(connection, settings, examined.cases, findings=findings)
        await dirty.settle(connection)
        await publish(connection, examined.told)
    done.add(examined, alerts)
    return examined


async def outweighs(connection: Connection) -> bool:
    """Say whether so much changed that judging everything once is cheaper."""
    one = statement("conflict", "outweighs")
    return bool(await connection.fetchval(one.sql, *one.arguments({"few": FEW})))
