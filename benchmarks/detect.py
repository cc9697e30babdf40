"""Detection of 10,000 changed orders and of everything, rule by rule; and that both end with the same findings.

The world stands in detect.sql: three years of trade by numbers alone. Each round corrects orders drawn at random, through the
same marks that intake writes. A bare scan of the rows in question is timed beside each run.
"""

import asyncio
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
from asyncpg.connection import LoggedQuery

from benchmarks.measure import Goal, Options, Report, Times, WrongAnswer, judge, noise
from hub.conflicts import grouping, ledger, severity, trade
from hub.conflicts.registry import all_rules
from hub.store import dirty
from hub.store.database import Store, open_store
from hub.store.embedded import Server, server
from hub.store.migrate import migrate
from hub.store.statements import read_statements
from jobs.detect import Detected, detect

ROWS = 1_000_000
CHANGED = 10_000
STEP = 100_000

FULL, SCAN, SCAN_CHANGED = "everything", "bare scan of all lines", "bare read of the changed lines"
INCREMENTAL = f"{CHANGED:,} changed"
TRADE, SCORING, CASES, SHARED = "trade", "scoring", "cases", "shared"
AT = datetime(2026, 1, 15, tzinfo=UTC)
WORLD = read_statements(Path(__file__).with_name("detect.sql"))
FULL_GOAL = Goal(name="all rules over everything", says="seconds", must=60, at_most=True, unit=" s")
CROSS_GOAL = Goal(name="P8", says="cross_region_sale after 10,000 changed orders", must=250, at_most=True, unit=" ms")
ALL_GOAL = Goal(name="all rules", says="after 10,000 changed orders", must=1_500, at_most=True, unit=" ms")


async def run(options: Options) -> Report:
    """Measure."""
    count = options.rows or ROWS
    with tempfile.TemporaryDirectory(prefix="channelhub-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        postgres = server(home)
        postgres.start()
        try:
            address = await make(postgres, count)
            async with open_store(address, connections=1) as store:
                rounds = Rounds(store, await Clocks.on(store), count)
                await rounds.settle()
                for number in range(options.rounds + 1):
                    # The first round warms up.
                    await rounds.one(number)
                await rounds.everything()
        finally:
            postgres.stop()
    return report(count, rounds)


async def make(postgres: Server, count: int) -> str:
    """Make a database with so many orders and everything around them; return its address."""
    connection = await asyncpg.connect(postgres.database("postgres"))
    await connection.execute("CREATE DATABASE trade")
    await connection.close()
    address = postgres.database("trade")
    async with open_store(address, connections=1) as store:
        await migrate(store)
        async with store.connection() as connection:
            await connection.execute(WORLD["world"].sql)
            for first in range(0, count, STEP):
                values = {"first": first, "last": min(count, first + STEP) - 1}
                for name in ("orders", "lines"):
                    await connection.execute(WORLD[name].sql, *WORLD[name].arguments(values))
            for name in ("returned", "rest"):
                await connection.execute(WORLD[name].sql)
    return address


class Clocks:
    """How long each rule's statements take, seen from outside: a rule begins with a new page and names itself by its own."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self.part = SHARED
        self.begins = {ledger.LEDGER[name].sql: SHARED for name in ("new_page", "close_books")}
        self.begins |= {trade.TRADE["reached"].sql: TRADE, trade.DERIVE_ALL.sql: TRADE}
        self.begins |= {severity.SEVERITY[name].sql: SCORING for name in ("touched", "everything")}
        self.begins |= {grouping.GROUPING["leave"].sql: CASES}
        for rule, pair in all_rules().items():
            self.begins |= {one.sql: rule for one in pair.statements.values()}

    @classmethod
    async def on(cls, store: Store) -> "Clocks":
        """Watch the one connection of a store."""
        clocks = cls()
        async with store.connection() as connection:
            connection.add_query_logger(clocks.ran)
        return clocks

    def ran(self, query: LoggedQuery) -> None:
        """Count one statement."""
        self.part = self.begins.get(query.query, self.part)
        self.spent[self.part] += query.elapsed


class Rounds:
    """The rounds so far: seconds by what was judged, and of them those of each rule and of what rules share."""

    def __init__(self, store: Store, clocks: Clocks, count: int) -> None:
        self.store = store
        self.clocks = clocks
        self.count = count
        self.times: Times = {}
        self.by_part: dict[str, dict[str, list[float]]] = {}
        self.judged: dict[str, Detected] = {}

    async def settle(self) -> None:
        """Judge everything for the first time; what that takes is shown and no goal."""
        await self.vacuum()
        await self.timed("everything, the first time", full=True)
        await self.vacuum()

    async def one(self, number: int) -> None:
        """Correct orders, then detect; the bare read of the same lines beside it."""
        await self.vacuum()
        ids = await self.change(number)
        if number:
            await self.scan(SCAN_CHANGED, "SELECT count(*), sum(amount) FROM order_line WHERE order_id = ANY($1)", ids)
        await self.timed(INCREMENTAL, full=False, counts=number > 0)

    async def everything(self) -> None:
        """Judge everything; the findings must be those of what changed."""
        await self.vacuum()
        before = await self.findings()
        await self.scan(SCAN, "SELECT count(*), sum(amount) FROM order_line")
        await self.timed(FULL, full=True)
        after = await self.findings()
        if not before or before != after:
            different = dict(before.items() ^ after.items())
            raise WrongAnswer(f"{len(different)} of {len(after)} findings differ between what changed and everything.")

    async def change(self, number: int) -> list[int]:
        """Correct orders drawn at random and mark them as intake does; return their ids."""
        values: dict[str, Any] = {"many": CHANGED, "round": number, "orders": self.count}
        async with self.store.transaction() as connection:
            rows = await connection.fetch(WORLD["choose"].sql, *WORLD["choose"].arguments(values))
            values["ids"] = [row["id"] for row in rows]
            await connection.execute(WORLD["correct"].sql, *WORLD["correct"].arguments(values))
            await dirty.mark(connection, [("sales_order", row["id"], row["old"]) for row in rows])
        return list(values["ids"])

    async def timed(self, name: str, *, full: bool, counts: bool = True) -> None:
        """Detect once."""
        self.clocks.spent.clear()
        began = time.perf_counter()
        self.judged[name] = await detect(self.store, at=AT, full=full)
        seconds = time.perf_counter() - began
        # Loggers are called when the loop comes round.
        await asyncio.sleep(0)
        if counts:
            self.times.setdefault(name, []).append(seconds)
            parts = self.by_part.setdefault(name, {})
            for part, spent in self.clocks.spent.items():
                parts.setdefault(part, []).append(spent)

    async def scan(self, name: str, sql: str, *arguments: object) -> None:
        """Read the same rows and nothing else."""
        async with self.store.connection() as connection:
            began = time.perf_counter()
            await connection.fetchrow(sql, *arguments)
            self.times.setdefault(name, []).append(time.perf_counter() - began)

    async def vacuum(self) -> None:
        """Leave the tables as autovacuum and the checkpointer would, so that neither comes in the middle."""
        async with self.store.connection() as connection:
            await connection.execute("VACUUM ANALYZE")
            await connection.execute("CHECKPOINT")

    async def findings(self) -> dict[str, str]:
        """Return what each open finding says, without how it came about."""
        async with self.store.connection() as connection:
            return {row["finding_key"]: row["said"] for row in await connection.fetch(FINDINGS)}


FINDINGS = """
    SELECT finding_key, md5(row(
               rule, rule_version, policy_version, parts, scope, classification, is_full, mode, partner_id, affected_id,
               product_id, region_id, accused, victim, product_group, base_sku, region, event_day, value_at_risk,
               value_currency, depth, strength, peers, days, places, score, uncapped_score, band, caps, capped_by, evidence,
               filters_tried)::text) AS said
      FROM conflict
     WHERE state = 'open'
"""


def report(count: int, rounds: Rounds) -> Report:
    """Show the time of each run, and of each rule in it."""
    parts = [TRADE, *all_rules(), SCORING, CASES, SHARED]
    names = list(rounds.by_part)
    made = Report(
        name="detect",
        size=f"{count:,} orders",
        columns=("part", *(f"{name}, ms" for name in names)),
        rounds=rounds.times,
    )
    for part in parts:
        cells = (f"{median(rounds.by_part[name].get(part, [0.0])) * 1e3:,.0f}" for name in names)
        made.table.append((part, *cells))
    rules = ({rule: median(spent.get(rule, [0.0])) for rule in all_rules()} for spent in rounds.by_part.values())
    made.table.append(("rules alone", *(f"{sum(one.values()) * 1e3:,.0f}" for one in rules)))
    made.table.append(("all", *(f"{median(rounds.times[name]) * 1e3:,.0f}" for name in names)))
    made.table.append(("scopes", *(f"{sum(rule.judged for rule in rounds.judged[name].rules.values()):,}" for name in names)))
    scan, scan_changed = median(rounds.times[SCAN]), median(rounds.times[SCAN_CHANGED])
    made.notes.append(f"{SCAN}: {scan * 1e3:,.0f} ms; everything takes {median(rounds.times[FULL]) / scan:,.1f} times that")
    made.notes.append(
        f"{SCAN_CHANGED}: {scan_changed * 1e3:,.0f} ms; detection takes {median(rounds.times[INCREMENTAL]) / scan_changed:,.1f}"
        " times that"
    )
    made.notes.append("At the end the findings of what changed were those of judging everything.")
    cross = [seconds * 1e3 for seconds in rounds.by_part[INCREMENTAL]["cross_region_sale"]]
    whole = [seconds * 1e3 for seconds in rounds.times[INCREMENTAL]]
    made.verdicts = [
        judge(CROSS_GOAL, cross, noise(cross[1:], cross[:-1])),
        judge(ALL_GOAL, whole, noise(whole[1:], whole[:-1])),
        judge(FULL_GOAL, rounds.times[FULL], 0),
    ]
    return made
