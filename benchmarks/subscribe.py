"""So many who follow events over WebSockets: what one of them costs while nothing happens, and an event until all have it.

Four questions are followed in turn, two documents with two filters each. Statements are counted where nothing escapes: the
database server writes each of them down.
"""

import asyncio
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.request import urlopen

from benchmarks.crowd import PATIENCE_S, Crowd, sockets_for
from benchmarks.graphql.serving import module, started
from benchmarks.measure import Goal, Options, Report, judge, percentile
from benchmarks.stage import stage
from hub.store.database import Store, open_store
from hub.store.event import Happening, publish
from hub.store.token import create_token

FOLLOWERS = 10_000
IDLE_S = 10
IDLE = Goal(name="P13", says="statements while nothing happens", must=0, at_most=True)
ALIKE = Goal(name="P13", says="readings of an event / distinct questions", must=1, at_most=True)
DOCUMENTS = (
    "subscription ($f: ConflictFilter) { conflictEvents(filter: $f) { eventId kind conflict { findingKey score } } }",
    "subscription ($f: ConflictFilter) { conflictEvents(filter: $f) { eventId conflict { status partner { code } } } }",
)
QUESTIONS = [{"query": text, "variables": {"f": f}} for text in DOCUMENTS for f in (None, {"ruleId": ["cross_region_sale"]})]
FINDING = """
    INSERT INTO conflict (finding_key, rule, scope, classification, is_full, event_day, score, uncapped_score, band,
                          watermark_at)
    VALUES ('f1', 'cross_region_sale', 'f1', 'suspected', true, '2026-03-01', 60, 60, 'medium', '2026-03-02Z') RETURNING id
"""
# A statement as the server writes it down; what the pool says when a connection comes back is none of ours.
RAN = re.compile(r"LOG:  (?:execute|statement)[^:]*: (?!SELECT pg_advisory_unlock_all)(.*)")


@dataclass
class Log:
    """What the database server writes down, from where it was last read."""

    file: Path
    place: int = 0

    def statements(self) -> list[str]:
        """Return the statements since the last time."""
        with self.file.open() as file:
            file.seek(self.place)
            text = file.read()
            self.place = file.tell()
        return RAN.findall(text)


@dataclass
class Heard:
    """One event: how long each follower waited for it, in seconds, and how often the hub read it."""

    waits: list[float]
    readings: int


async def run(options: Options) -> Report:
    """Measure."""
    count = options.rows or FOLLOWERS
    sockets = sockets_for(count)
    async with stage() as made, made.database() as address:
        log = Log(made.postgres.folder / "server.log")
        # What this process says is not written down.
        async with open_store(f"{address}&log_statement=none", connections=1) as store:
            token, finding = await prepared(store)
            async with started(*module("hub", address)) as (port, process):
                crowd = Crowd(port, token, count, sockets, QUESTIONS)
                memory = [resident_kib(process)]
                await crowd.come()
                log.statements()
                await asyncio.sleep(IDLE_S)
                idle = log.statements()
                memory.append(resident_kib(process))
                heard = [await one_event(store, finding, crowd, log) for _ in range(options.rounds + 1)][1:]
                crowd.cut_off()
                await emptied(port)
                memory.append(resident_kib(process))
    return report(crowd, idle, heard, memory)


async def prepared(store: Store) -> tuple[str, int]:
    """Have all other connections written down; return a token and the id of a finding."""
    async with store.transaction() as connection:
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(f"ALTER DATABASE {name} SET log_statement = 'all'")
        token = await create_token(connection, name="benchmark", role="admin")
        return token.text, await connection.fetchval(FINDING)


async def one_event(store: Store, finding: int, crowd: Crowd, log: Log) -> Heard:
    """Publish one event and wait until all have it."""
    log.statements()
    async with store.transaction() as connection:
        await publish(connection, [Happening("conflict", "changed", finding)])
    began = time.perf_counter()
    waits = [at - began for at in await crowd.hear()]
    return Heard(waits, sum("near.number" in one for one in log.statements()))


async def emptied(port: int) -> None:
    """Wait until the hub counts no socket any more."""
    async with asyncio.timeout(PATIENCE_S):
        while "channelhub_sockets 0.0" not in await asyncio.to_thread(metrics, port):
            await asyncio.sleep(0.1)


def metrics(port: int) -> str:
    """Return what the hub counts."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as answer:
        return str(answer.read().decode())


def resident_kib(process: int) -> int:
    """Return the memory that a process holds."""
    return int(subprocess.run(["ps", "-o", "rss=", "-p", str(process)], check=True, capture_output=True).stdout)


def report(crowd: Crowd, idle: Sequence[str], heard: Sequence[Heard], memory: Sequence[int]) -> Report:
    """Say what was measured."""
    empty, full, left = memory
    made = Report(
        name="subscribe",
        size=f"{crowd.count:,} followers of {len(QUESTIONS)} questions on {crowd.sockets:,} sockets, {IDLE_S} s idle",
        columns=("one event, until", "ms"),
        rounds={
            "half have it": [median(one.waits) for one in heard],
            "99 of 100 have it": [percentile(one.waits, 99) for one in heard],
            "all have it": [max(one.waits) for one in heard],
        },
    )
    made.table = [(name, f"{median(taken) * 1e3:,.0f}") for name, taken in made.rounds.items()]
    made.notes = [
        f"memory of the web process: {empty / 1024:,.0f} MiB before, {full / 1024:,.0f} MiB with all, {left / 1024:,.0f} MiB "
        f"after all were cut off; {(full - empty) / crowd.count:.1f} KiB for each follower",
        *(f"said while idle: {one}" for one in idle[:3]),
    ]
    made.verdicts = [
        judge(IDLE, [len(idle)], 0),
        judge(ALIKE, [one.readings / len(QUESTIONS) for one in heard], 0),
    ]
    return made
