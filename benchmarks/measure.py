"""How two ways are compared: rounds side by side, medians, the noise of one way against itself, one verdict for each goal.

A ratio nearer to its goal than the noise is undecided, not passed; a run with one wrong answer counts for nothing.
"""

import os
import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Literal

from msgspec import Struct, field

Side = Callable[[], Awaitable[float]]
Times = dict[str, list[float]]
State = Literal["PASS", "FAIL", "UNDECIDED"]


class WrongAnswer(Exception):
    """A side did not do what it was timed for."""


class Options(Struct, frozen=True, kw_only=True):
    """How large a run is; `rows` None is the benchmark's own size."""

    rows: int | None = None
    rounds: int = 5


class Goal(Struct, frozen=True, kw_only=True):
    """What a number has to reach, or with `at_most` must not exceed."""

    name: str
    says: str
    must: float
    at_most: bool = False
    unit: str = ""


class Verdict(Struct, frozen=True, kw_only=True):
    """One goal with what was measured: the median, all rounds, the noise in the same unit."""

    goal: Goal
    value: float
    rounds: list[float]
    noise: float
    state: State

    def line(self) -> str:
        """Return the verdict in one line."""
        goal, unit = self.goal, self.goal.unit
        span = f"{shown(min(self.rounds))}–{shown(max(self.rounds))}, noise {shown(self.noise)}"
        sign = "≤" if goal.at_most else "≥"
        return f"{goal.name} {goal.says}: {shown(self.value)}{unit} ({span}) must {sign} {goal.must:g}{unit} {self.state}"


class Report(Struct, kw_only=True):
    """What a benchmark has to say: one table, the verdicts, and every round for those who want to count again."""

    name: str
    size: str
    columns: Sequence[str]
    table: list[Sequence[str]] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rounds: dict[str, list[float]] = field(default_factory=dict)

    def text(self) -> str:
        """Return the report as it is printed."""
        rows = [tuple(self.columns), *self.table]
        widths = [max(len(row[place]) for row in rows) for place in range(len(self.columns))]
        lines = [f"{self.name}: {self.size}"]
        for row in rows:
            cells = (
                cell.ljust(w) if not place else cell.rjust(w) for place, (cell, w) in enumerate(zip(row, widths, strict=True))
            )
            lines.append("  " + "  ".join(cells).rstrip())
        lines += [f"  {note}" for note in self.notes]
        return "\n".join([*lines, *(verdict.line() for verdict in self.verdicts)])


async def side_by_side(sides: Mapping[str, Side], rounds: int) -> Times:
    """Let each side run once to warm up, then so many times in turn, beginning with another one in each round.

    A side returns its own time in seconds, so that what it prepares and checks does not count.
    """
    names = list(sides)
    for side in sides.values():
        await side()
    times: Times = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            times[name].append(await sides[name]())
    return times


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Return one ratio for each round."""
    return [a / b for a, b in zip(over, under, strict=True)]


def noise(one: Sequence[float], same: Sequence[float]) -> float:
    """Return by how much two measurements of the same thing differ, as a share: the median over the rounds."""
    return median(abs(a / b - 1) for a, b in zip(one, same, strict=True))


def judge(goal: Goal, values: Sequence[float], share: float) -> Verdict:
    """Compare the median of all rounds with a goal; `share` is the noise as a share of the value."""
    value = median(values)
    near = abs(value - goal.must) < share * value
    good = value <= goal.must if goal.at_most else value >= goal.must
    state: State = "UNDECIDED" if near else "PASS" if good else "FAIL"
    return Verdict(goal=goal, value=value, rounds=list(values), noise=share * value, state=state)


def percentile(times: Sequence[float], percent: int) -> float:
    """Return the time that so many percent of all do not exceed."""
    return quantiles(times, n=100, method="inclusive")[percent - 1]


def shown(value: float) -> str:
    """Return a number with as many digits as mean something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def peak_mib() -> float:
    """Return the most memory this process has held, in MiB.

    Linux counts what the parent held into `ru_maxrss` of a new process, so it is read from where it does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if platform.system() == "Darwin" else peak / 1024


def machine() -> str:
    """Return what the numbers were measured on."""
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{os.cpu_count()} cores, {pages / 2**30:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
