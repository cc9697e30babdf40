"""The clock: when each source is read. The only file that knows APScheduler.

A firing writes the runs of a slot and defers them, nothing else: stopping the clock cuts off what it runs. There is one
clock among all processes; were there two for a moment, a slot is still asked for once.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from hub.clock import now
from hub.errors import SettingsError
from hub.records.message import SyncMode
from hub.store.lease import lead
from hub.store.source import set_due
from hub.store.statements import statement
from jobs.queue import Queue
from jobs.sweep import sweep

log = structlog.get_logger(__name__)

LEADER_LOCK = 7_310_003
SWEEP_S = 30
INTERVAL = re.compile(r"every (\d+)\s*(s|m|h|d)")
LONGEST_S = 366 * 86400
UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
# Keeps the slot of a complete scan apart from that of an ordinary run of the same minute.
SCAN_OFFSET = timedelta(microseconds=1)


class Trigger(Protocol):
    """What the clock's library asks for the next time."""

    def get_next_fire_time(self, previous: datetime | None, at: datetime) -> datetime | None: ...


@dataclass(frozen=True)
class Schedule:
    """When a source is read: cron in its time zone, or every so many seconds counted from one fixed instant."""

    trigger: Trigger
    step_s: int

    def slot(self, at: datetime) -> datetime:
        """Return the slot an instant belongs to. Two clocks that fire for one slot name it alike."""
        since = int((at - EPOCH).total_seconds())
        return EPOCH + timedelta(seconds=since - since % self.step_s)

    def due(self, at: datetime) -> datetime | None:
        """Return when the source is read next after an instant; None when it never is."""
        return self.trigger.get_next_fire_time(None, at)

    def missed(self, latest: datetime | None, at: datetime) -> bool:
        """Say whether a slot after the latest one has passed, or there never was one."""
        if latest is None:
            return True
        due = self.trigger.get_next_fire_time(latest, latest + timedelta(microseconds=1))
        return due is not None and due <= at


def read_schedule(text: str, time_zone: str = "UTC") -> Schedule:
    """Read `*/5 * * * *` (cron: minute, hour, day, month, weekday) or `every 15m`. Raises SettingsError."""
    from apscheduler.triggers.cron import CronTrigger
    from apscheduler.triggers.interval import IntervalTrigger

    try:
        zone = ZoneInfo(time_zone)
        if match := INTERVAL.fullmatch(text.strip()):
            step_s = int(match[1]) * UNIT_S[match[2]]
            if not 0 < step_s <= LONGEST_S:
                raise ValueError("an interval is longer than 0 and no longer than 366 days")
            return Schedule(IntervalTrigger(seconds=step_s, start_date=EPOCH, timezone=UTC), step_s)
        return Schedule(CronTrigger.from_crontab(text, timezone=zone), 60)
    except ZoneInfoNotFoundError:
        raise SettingsError(f"There is no time zone {time_zone!r}; write for example Asia/Shanghai.") from None
    except ValueError as error:
        raise SettingsError(
            f"{text!r} is not a schedule ({error}); write cron such as '*/5 * * * *' or an interval such as 'every 15m'."
        ) from None


class Clock:
    """The running clock of the leader. It follows the sources as they are configured, changed and paused."""

    def __init__(self, queue: Queue, scan_schedule: str) -> None:
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        self.queue = queue
        self.scan = read_schedule(scan_schedule)
        self.known: dict[int, tuple[str, str]] = {}
        self.scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    async def run(self) -> None:
        """Fire until cancelled."""
        self.scheduler.start()
        try:
            self.scheduler.add_job(self.scan_all, self.scan.trigger)
            while True:
                await self.look()
                await asyncio.sleep(SWEEP_S)
        finally:
            self.scheduler.shutdown(wait=False)

    async def look(self) -> None:
        """Follow the configuration and pick up what lies about. A database that is away is tried again next time."""
        try:
            await self.follow()
            await sweep(self.queue)
        except Exception as error:  # two drivers' errors share no base; the clock outlives them all
            log.warning("sweep failed", reason=str(error) or type(error).__name__)

    async def follow(self) -> None:
        """Give each scheduled source its job, and fire at once for those that missed a slot while no clock ran."""
        async with self.queue.store.connection() as connection:
            sources = {row["source_id"]: row for row in await connection.fetch(SCHEDULES.sql)}
        for gone in self.known.keys() - sources.keys():
            self.drop(gone)
            del self.known[gone]
        for source_id, row in sources.items():
            wanted = (row["schedule"], row["time_zone"])
            if self.known.get(source_id) != wanted:
                self.known[source_id] = wanted
                await self.set(row)

    async def set(self, row: Mapping[str, Any]) -> None:
        """Set or change the job of one source. A schedule that cannot be read is said once and left out."""
        source_id = row["source_id"]
        try:
            schedule = read_schedule(row["schedule"], row["time_zone"])
        except SettingsError as error:
            log.warning("schedule ignored", source=row["name"], reason=str(error))
            self.drop(source_id)
            return
        self.scheduler.add_job(
            self.fire, schedule.trigger, args=(source_id, schedule), id=str(source_id), replace_existing=True
        )
        if schedule.missed(row["latest"], now()):
            await self.fire(source_id, schedule)
        else:
            await self.tell(source_id, schedule)

    def drop(self, source_id: int) -> None:
        """Take a source's job away, if it has one."""
        if self.scheduler.get_job(str(source_id)):
            self.scheduler.remove_job(str(source_id))

    async def fire(self, source_id: int, schedule: Schedule) -> None:
        """Ask for the runs of this source's present slot."""
        await self.ask(source_id, SyncMode.INCREMENTAL, schedule.slot(now()))
        await self.tell(source_id, schedule)

    async def tell(self, source_id: int, schedule: Schedule) -> None:
        """Note when a source is read next, for whoever looks at it."""
        async with self.queue.store.connection() as connection:
            await set_due(connection, source_id, schedule.due(now()))

    async def scan_all(self) -> None:
        """Ask for a complete scan of every stream that finds deletions by comparing scans."""
        async with self.queue.store.connection() as connection:
            sources = await connection.fetch(SCANNED.sql)
        for row in sources:
            await self.ask(row["source_id"], SyncMode.RECONCILE, self.scan.slot(now()) + SCAN_OFFSET)

    async def ask(self, source_id: int, mode: SyncMode, slot: datetime) -> None:
        """Write the runs of a slot, then defer them; a slot that has its runs is left alone."""
        values = {"source_id": source_id, "mode": mode.value, "slot": slot}
        async with self.queue.store.transaction() as connection:
            runs = [row["id"] for row in await connection.fetch(REQUEST_ALL.sql, *REQUEST_ALL.arguments(values))]
        if runs:
            await self.queue.defer_sync(runs)


async def keep_time(queue: Queue, scan_schedule: str) -> None:
    """Be the clock whenever no other process is, until cancelled."""
    await lead(queue.store, LEADER_LOCK, lambda: Clock(queue, scan_schedule).run())


SCHEDULES = statement("job", "schedules")
SCANNED = statement("job", "scanned")
REQUEST_ALL = statement("job", "request_all")
