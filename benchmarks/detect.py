"""Detection of what changed, at three sizes of change, and of everything; and that both end with the same findings."""

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime
from statistics import median
from typing import Any

from asyncpg.connection import LoggedQuery

from benchmarks.measure import Goal, Options, Report, Times, WrongAnswer, judge, noise
from benchmarks.stage import Stage, check_orders, stage
from benchmarks.world import write_orders
from hub.conflicts.engine import LEDGER
from hub.conflicts.registry import all_rules
from hub.conflicts.severity import SEVERITY
from hub.store.database import Store, open_store
from jobs.detect import Detected, detect

ROWS = 100_000
CHANGED = (100, 1_000, 10_000)
FULL = "everything"
SCORING, SHARED = "scoring", "shared"
AT = datetime(2027, 1, 15, tzinfo=UTC)
P8 = Goal(name="P8", says="detection of 10,000 changed orders, all rules", must=250, at_most=True, unit=" ms")


async def run(options: Options) -> Report:
    """Measure."""
    count = options.rows or ROWS
    sizes = [size for size in CHANGED if size * 5 <= count]
    revisions = [0] * count
    async with stage() as made, made.database() as address:
        file = made.home / "orders.jsonl"
        write_orders(file, revisions)
        await made.load(address, "orders", file)
        async with open_store(address, connections=1) as store:
            clocks = await Clocks.on(store)
            await vacuum(store)
            await detect(store, at=AT)
            rounds = Rounds(made, address, store, clocks, revisions)
            # The first round warms up.
            for number in range(options.rounds + 1):
                await rounds.one(sizes, counts=number > 0)
                # Judging everything is what takes long: once at either end.
                if number in (0, options.rounds):
                    await rounds.everything()
        await check_orders(address, revisions)
    return report(count, sizes, rounds)


class Clocks:
    """How long each rule's statements take, seen from outside: a rule begins with a new page and names itself by its keys."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self.part = SHARED
        self.begins = {LEDGER["new_page"].sql: SHARED, LEDGER["close_books"].sql: SHARED}
        self.begins |= {SEVERITY[name].sql: SCORING for name in ("touched", "everything")}
        for rule, pair in all_rules().items():
            self.begins |= {one.sql: rule for name, one in pair.statements.items() if name in ("desk", "keys", "all_keys")}

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

    def __init__(self, made: Stage, address: str, store: Store, clocks: Clocks, revisions: list[int]) -> None:
        self.made = made
        self.address = address
        self.store = store
        self.clocks = clocks
        self.revisions = revisions
        self.times: Times = {}
        self.by_part: dict[str, dict[str, list[float]]] = {}
        self.judged: dict[str, Detected] = {}

    async def one(self, sizes: list[int], *, counts: bool) -> None:
        """Change some, detect; for each size."""
        for size in sizes:
            await self.change(size)
            await self.timed(f"{size:,} changed", counts=counts, full=False)

    async def everything(self) -> None:
        """Judge everything; the findings must be those of what changed."""
        before = await findings(self.store)
        await self.timed(FULL, counts=True, full=True)
        after = await findings(self.store)
        if not before or before != after:
            different = dict(before.items() ^ after.items())
            raise WrongAnswer(f"{len(different)} of {len(after)} findings differ between what changed and everything.")

    async def change(self, size: int) -> None:
        """Bring a new revision of so many orders, spread over all, through intake."""
        count = len(self.revisions)
        chosen = range(0, count, count // size)[:size]
        for index in chosen:
            self.revisions[index] += 1
        file = self.made.home / "changed.jsonl"
        write_orders(file, self.revisions, chosen)
        loaded = await self.made.load(self.address, "orders", file)
        if loaded.counts.changed != size:
            raise WrongAnswer(f"{loaded.counts.changed} of {size} orders changed.")
        await vacuum(self.store)

    async def timed(self, name: str, *, counts: bool, full: bool) -> None:
        """Detect once."""
        self.clocks.spent.clear()
        began = time.perf_counter()
        done = await detect(self.store, at=AT, full=full)
        seconds = time.perf_counter() - began
        # Loggers are called when the loop comes round.
        await asyncio.sleep(0)
        self.judged[name] = done
        if counts:
            self.times.setdefault(name, []).append(seconds)
            parts = self.by_part.setdefault(name, {})
            for part, spent in self.clocks.spent.items():
                parts.setdefault(part, []).append(spent)


async def vacuum(store: Store) -> None:
    """Leave the tables as autovacuum would, so that it does not come in the middle."""
    async with store.connection() as connection:
        await connection.execute("VACUUM ANALYZE")


async def findings(store: Store) -> dict[str, str]:
    """Return what each open finding says, without how it came about."""
    async with store.connection() as connection:
        rows: list[Any] = await connection.fetch(FINDINGS)
    return {row["finding_key"]: row["said"] for row in rows}


FINDINGS = """
    SELECT finding_key, md5(row(
               rule, rule_version, policy_version, parts, scope, classification, is_full, mode, partner_id, affected_id,
               product_id, region_id, accused, victim, product_group, base_sku, region, event_day, value_at_risk,
               value_currency, depth, strength, peers, score, uncapped_score, band, terms, caps, capped_by, evidence,
               filters_tried)::text) AS said
      FROM conflict
     WHERE state = 'open'
"""


def report(count: int, sizes: list[int], rounds: Rounds) -> Report:
    """Show the time of each run and of each rule in it."""
    parts = [*all_rules(), SCORING, SHARED]
    made = Report(
        name="detect",
        size=f"{count:,} orders",
        columns=("judged", "ms", "µs per order", *(f"{part}, ms" for part in parts), "scopes"),
        rounds=rounds.times,
    )
    orders = {f"{size:,} changed": size for size in sizes} | {FULL: count}
    for name, taken in rounds.times.items():
        by_part = rounds.by_part[name]
        scopes = sum(rule.judged for rule in rounds.judged[name].rules.values())
        made.table.append(
            (
                name,
                f"{median(taken) * 1e3:,.0f}",
                f"{median(taken) / orders[name] * 1e6:,.1f}",
                *(f"{median(by_part.get(part, [0.0])) * 1e3:,.0f}" for part in parts),
                f"{scopes:,}",
            )
        )
    made.notes.append("At either end the findings of what changed were those of judging everything.")
    if CHANGED[-1] in sizes:
        taken = [seconds * 1e3 for seconds in rounds.times[f"{CHANGED[-1]:,} changed"]]
        made.verdicts = [judge(P8, taken, noise(taken[1:], taken[:-1]))]
    return made
