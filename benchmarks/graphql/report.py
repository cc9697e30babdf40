"""What was measured, as a table and one verdict for each goal."""

from dataclasses import dataclass
from statistics import median

from benchmarks.graphql.questions import FAR_PAGE, FIRST_PAGE, LINES, ROLES
from benchmarks.measure import Goal, Report, Times, Verdict, judge, noise, percentile, ratios

HUB, HAND, STOCK, POSTGRAPHILE, AGAIN = "hub", "hand SQL", "Strawberry", "PostGraphile", "hub again"
GOALS = {
    HAND: {
        "q1": Goal(name="P1", says="hub / hand SQL, q1", must=0.8),
        "q2": Goal(name="P1", says="hub / hand SQL, q2", must=0.8),
    },
    POSTGRAPHILE: {
        "q1": Goal(name="P2", says="hub / PostGraphile, q1", must=2),
        "q2": Goal(name="P2", says="hub / PostGraphile, q2", must=4),
    },
    STOCK: {
        "q1": Goal(name="P3", says="hub / stock Strawberry, q1", must=20),
        "q2": Goal(name="P3", says="hub / stock Strawberry, q2", must=20),
    },
}
ALL_GOAL = Goal(name="q3", says="10,000 orders with 4 fields", must=60, at_most=True, unit=" ms")
FAR_GOAL = Goal(name="P12", says=f"{FAR_PAGE} / page 1", must=1.5, at_most=True)


@dataclass(frozen=True)
class Measured:
    """Seconds for one time asked in each round, how long each took in the last one, and statements of one request.

    `lacking` is why PostGraphile was not asked.
    """

    times: Times
    latencies: dict[str, list[float]]
    statements: dict[str, int]
    lacking: str | None


def told(orders: int, measured: Measured) -> Report:
    """Compare the hub with the others and with itself."""
    made = Report(
        name="graphql",
        size=f"{orders:,} orders of {LINES} lines; 16 clients, q3 one; in process one after the other",
        columns=("question", "a second", "p50 ms", "p99 ms", "of hand SQL"),
        rounds=measured.times,
    )
    made.table = [row(name, measured) for name in measured.times]
    made.notes = [f"{name}: the hub runs {number} statement a page." for name, number in measured.statements.items()]
    if measured.lacking:
        made.notes.append(f"PostGraphile was not asked: {measured.lacking}.")
    made.verdicts = verdicts(measured.times)
    return made


def row(name: str, measured: Measured) -> tuple[str, ...]:
    """Return one line of the table."""
    taken, latencies = measured.times[name], measured.latencies.get(name)
    question, _, way = name.partition(", ")
    hand = measured.times.get(f"{question}, {HAND}{', in process' * way.endswith(', in process')}")
    return (
        name,
        f"{1 / median(taken):,.1f}",
        f"{median(latencies) * 1e3:.1f}" if latencies else "",
        f"{percentile(latencies, 99) * 1e3:.1f}" if latencies else "",
        f"{median(ratios(hand, taken)):.2f}" if hand else "",
    )


def verdicts(times: Times) -> list[Verdict]:
    """Judge all goals."""
    shares = {question: noise(times[f"{question}, {HUB}"], times[f"{question}, {AGAIN}"]) for question in ("q1", "q2")}
    found = [
        judge(goal, ratios(times[f"{question}, {peer}"], times[f"{question}, {HUB}"]), shares[question])
        for peer, goals in GOALS.items()
        for question, goal in goals.items()
        if f"{question}, {peer}" in times
    ]
    found.append(judge(ALL_GOAL, [seconds * 1e3 for seconds in times["q3"]], shares["q2"]))
    found.append(judge(FAR_GOAL, ratios(times[FAR_PAGE], times[FIRST_PAGE]), shares["q2"]))
    admin, *others = ROLES
    slowest = max(others, key=lambda role: median(ratios(times[role], times[admin])))
    goal = Goal(name="P11", says=f"q1 of {slowest} / of {admin}", must=1.5, at_most=True)
    found.append(judge(goal, ratios(times[slowest], times[admin]), shares["q1"]))
    return found
