"""What counting the cost adds to a request: the price of a known document, and the search of its answer for what came back.

Nothing is served: both are timed in this process, on two documents of `graphql` and on answers of their sizes.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import orjson

from benchmarks.graphql.questions import Q1, Q2
from benchmarks.measure import Goal, Options, Report, Side, WrongAnswer, judge, noise, side_by_side
from schema.documents import Documents
from schema.root import build_schema

CALLS = 2_000
QUESTIONS = (Q1, Q2)
GOAL = Goal(name="price", says="of a known document with its variables", must=50, at_most=True, unit=" µs")
MONEY = {"amount": "1234.50", "currency": "CNY"}
LINE = {"lineNumber": 1, "sourceSku": "P1-12", "taxIncluded": True, "lineTotal": MONEY}
HEAD = {"id": "T3JkZXI6MTIz", "number": "O-000123", "state": "PAID", "orderedOn": "2026-03-01"}
ORDER = HEAD | {"total": MONEY, "partner": {"code": "GD-A", "name": "GD-A"}, "soldTo": {"name": "C"}}
ANSWERS: dict[str, Any] = {
    "q1": {"orders": {"nodes": [ORDER | {"lines": {"nodes": [LINE] * 10}}] * 50}},
    "q2": {"orders": {"nodes": [HEAD] * 100, "pageInfo": {"endCursor": "WzFd"}}},
}


async def run(options: Options) -> Report:
    """Measure."""
    documents = Documents(build_schema()._schema, suggestions=False)
    sides: dict[str, Side] = {}
    sizes: dict[str, str] = {}
    for question in QUESTIONS:
        name = question.name
        document, answer = documents.get(question.document), ANSWERS[name]
        price, body = document.price(None, {}), orjson.dumps(answer)
        if price.actual(answer, body) != price.requested:
            raise WrongAnswer(f"A full answer to {name} costs something else than what was asked for.")
        sizes[name] = f"{len(body):,}"
        for again in ("", ", again"):
            sides[f"{name}, price{again}"] = timed(partial(document.price, None, {"after": None}))
        sides[f"{name}, search"] = timed(partial(price.actual, answer, body))
    times = await side_by_side(sides, options.rounds)
    made = Report(
        name="cost", size=f"{CALLS:,} times each, in process", columns=("what", "µs", "bytes of the answer"), rounds=times
    )
    for name, taken in times.items():
        made.table.append((name, f"{median(taken) * 1e6:.1f}", sizes[name[:2]] if name.endswith("search") else ""))
    for question in QUESTIONS:
        one, same = times[f"{question.name}, price"], times[f"{question.name}, price, again"]
        made.verdicts.append(judge(GOAL, [taken * 1e6 for taken in one], noise(one, same)))
    return made


def timed(work: Callable[[], object]) -> Side:
    """Return a side that does a piece of work many times, and says how long one takes."""

    async def side() -> float:
        await asyncio.sleep(0)
        began = time.perf_counter()
        for _ in range(CALLS):
            work()
        return (time.perf_counter() - began) / CALLS

    return side
