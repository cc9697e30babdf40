"""First load: all of intake, raw payloads stored, against bare COPY of the same rows into the same indexed tables."""

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import asyncpg

from benchmarks.measure import Goal, Options, Report, Times, judge, noise, ratios, side_by_side
from benchmarks.stage import Stage, check_orders, stage
from benchmarks.world import LINES, write_orders

ROWS = 20_000
P4 = Goal(name="P4", says="first load, payloads stored / copy of orders and lines", must=0.35)
P10 = Goal(name="P10", says="memory of a sync", must=128, at_most=True, unit=" MiB")
CANONICAL = ("sales_order", "order_line")
WITH_RAW = (*CANONICAL, "raw_record")


async def run(options: Options) -> Report:
    """Measure."""
    count = options.rows or ROWS
    revisions = [0] * count
    async with stage() as made:
        file = made.home / "orders.jsonl"
        write_orders(file, revisions)
        sides = Sides(made, file, revisions)
        await sides.keep_rows()
        times = await side_by_side(
            {
                "intake": sides.intake,
                "copy text": lambda: sides.copied("text", CANONICAL),
                "copy binary": lambda: sides.copied("binary", CANONICAL),
                "copy binary again": lambda: sides.copied("binary", CANONICAL),
                "copy binary, payloads too": lambda: sides.copied("binary", WITH_RAW),
            },
            options.rounds,
        )
    return report(count, times, sides.peaks)


class Sides:
    """The ways to load one file, each into a fresh database."""

    def __init__(self, made: Stage, file: Path, revisions: Sequence[int]) -> None:
        self.made = made
        self.file = file
        self.revisions = revisions
        self.peaks: list[float] = []

    async def keep_rows(self) -> None:
        """Load once and keep the rows that intake made, as COPY reads them."""
        async with self.made.database() as address:
            await self.made.load(address, "orders", self.file)
            connection = await asyncpg.connect(address)
            for table in WITH_RAW:
                for format in ("text", "binary"):
                    await connection.copy_from_query(
                        f"SELECT * FROM {table} ORDER BY id", output=self.rows(table, format), format=format
                    )
            await connection.close()

    def rows(self, table: str, format: str) -> Path:
        """Return the file that holds a table's rows."""
        return self.made.home / f"{table}.{format}"

    async def intake(self) -> float:
        """Load as a sync does; check every row."""
        async with self.made.database() as address:
            loaded = await self.made.load(address, "orders", self.file)
            await check_orders(address, self.revisions)
        self.peaks.append(loaded.peak_mib)
        return loaded.seconds

    async def copied(self, format: str, tables: Sequence[str]) -> float:
        """Copy the rows and nothing else; check them all the same."""
        async with self.made.database() as address:
            connection = await asyncpg.connect(address)
            # The ids of the ground's payloads are free for those of the orders.
            await connection.execute("TRUNCATE raw_record")
            await self.made.order("CHECKPOINT")
            began = time.perf_counter()
            async with connection.transaction():
                for table in tables:
                    await connection.copy_to_table(table, source=self.rows(table, format), format=format)
            seconds = time.perf_counter() - began
            await connection.close()
            await check_orders(address, self.revisions, payloads="raw_record" in tables)
        return seconds


def report(count: int, times: Times, peaks: list[float]) -> Report:
    """Compare intake with the faster COPY."""
    rows = count * (1 + LINES)
    best = min(("copy text", "copy binary"), key=lambda name: median(times[name]))
    made = Report(
        name="ingest",
        size=f"{count:,} orders, {rows:,} rows, into tables with all their indexes",
        columns=("way", "s", "rows/s", "of the fastest copy"),
        rounds=times,
    )
    for name, taken in times.items():
        share = median(ratios(times[best], taken))
        made.table.append((name, f"{median(taken):.2f}", f"{rows / median(taken):,.0f}", f"{share:.2f}"))
    with_raw = median(ratios(times["copy binary, payloads too"], times["intake"]))
    made.notes.append(f"first load / copy of orders, lines and payloads: {with_raw:.2f}")
    share = noise(times["copy binary"], times["copy binary again"])
    made.verdicts = [judge(P4, ratios(times[best], times["intake"]), share), judge(P10, peaks, noise(peaks[1:], peaks[:-1]))]
    return made
