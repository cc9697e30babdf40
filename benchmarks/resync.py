"""Second sync, with none, a hundredth, a tenth and all of the orders changed, against the first load of the same database."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

import asyncpg

from benchmarks.measure import Goal, Options, Report, Times, WrongAnswer, judge, noise, ratios
from benchmarks.stage import Stage, check_orders, stage
from benchmarks.world import write_orders

ROWS = 20_000
P6 = Goal(name="P6", says="second sync, 1 % changed / own first load", must=0.3, at_most=True)
SHARES = {"0 %": 0.0, "0 % again": 0.0, "1 %": 0.01, "10 %": 0.1, "100 %": 1.0}
FIRST = "first load"


async def run(options: Options) -> Report:
    """Measure."""
    count = options.rows or ROWS
    times: Times = {name: [] for name in (FIRST, *SHARES)}
    names = list(SHARES)
    async with stage() as made:
        file = made.home / "orders.jsonl"
        # The first round warms up.
        for number in range(options.rounds + 1):
            first = number % len(names)
            taken = await one_round(made, file, count, names[first:] + names[:first])
            for name, seconds in taken.items() if number else ():
                times[name].append(seconds)
    return report(count, times)


async def one_round(made: Stage, file: Path, count: int, order: Sequence[str]) -> dict[str, float]:
    """Load a fresh database, then sync it again with each share changed, and check everything each time."""
    revisions = [0] * count
    taken: dict[str, float] = {}
    async with made.database() as address:
        write_orders(file, revisions)
        taken[FIRST] = (await made.load(address, "orders", file)).seconds
        await check_orders(address, revisions)
        for name in order:
            changed = round(count * SHARES[name])
            # Spread over the whole file, so that every batch has its part of them.
            chosen = range(0, count, count // changed)[:changed] if changed else ()
            for index in chosen:
                revisions[index] += 1
            write_orders(file, revisions)
            await settle(address)
            loaded = await made.load(address, "orders", file)
            taken[name] = loaded.seconds
            if (loaded.counts.changed, loaded.counts.unchanged) != (changed, count - changed):
                raise WrongAnswer(f"{name}: {loaded.counts} for {changed} changed orders of {count}.")
            await check_marks(address, changed)
            await check_orders(address, revisions)
    return taken


async def settle(address: str) -> None:
    """Take the marks away, as detection does, and leave the tables as autovacuum would."""
    connection = await asyncpg.connect(address)
    await connection.execute("DELETE FROM dirty_record")
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


async def check_marks(address: str, changed: int) -> None:
    """Every changed order has one mark and nothing else has any. Raises WrongAnswer."""
    connection = await asyncpg.connect(address)
    marked = await connection.fetchrow(
        "SELECT count(*) AS marks, count(DISTINCT record_id) AS orders FROM dirty_record WHERE noun = 'sales_order'"
    )
    marks = await connection.fetchval("SELECT count(*) FROM dirty_record")
    await connection.close()
    if (marks, marked["marks"], marked["orders"]) != (changed, changed, changed):
        raise WrongAnswer(f"{marks} marks on {marked['orders']} orders, but {changed} orders changed.")


def report(count: int, times: Times) -> Report:
    """Compare each sync with the first load."""
    made = Report(
        name="resync",
        size=f"{count:,} orders",
        columns=("sync", "s", "µs per order", "of the first load"),
        rounds=times,
    )
    for name, taken in times.items():
        share = median(ratios(taken, times[FIRST]))
        made.table.append((name, f"{median(taken):.2f}", f"{median(taken) / count * 1e6:.0f}", f"{share:.2f}"))
    share = noise(times["0 %"], times["0 % again"])
    made.verdicts = [judge(P6, ratios(times["1 %"], times[FIRST]), share)]
    return made
