"""`python -m benchmarks [NAME] [--rows N] [--rounds 5] [--json FILE]`; without a name all run at their own sizes."""

import argparse
import asyncio
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

import msgspec
import structlog

import benchmarks
from benchmarks.measure import Options, Report, WrongAnswer, machine


def main() -> int:
    """Run what was asked for; 1 when a goal is missed or an answer is wrong."""
    found = all_benchmarks()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=benchmarks.__doc__)
    parser.add_argument("name", nargs="?", choices=found, help="which one; all when left out")
    parser.add_argument("--rows", type=int, help="orders, or followers; each benchmark has a size of its own")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count, after one to warm up")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every round there")
    asked = parser.parse_args()
    if asked.rounds < 2 or (asked.rows is not None and asked.rows < 1_000):
        parser.error("a comparison needs at least 2 rounds and 1000 rows")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    options = Options(rows=asked.rows, rounds=asked.rounds)
    reports: list[Report] = []
    print(machine())
    for name in [asked.name] if asked.name else found:
        try:
            reports.append(asyncio.run(found[name].run(options)))
        except WrongAnswer as error:
            print(f"{name}: a wrong answer, so nothing of it counts: {error}")
            return 1
        print(f"\n{reports[-1].text()}", flush=True)
    if asked.json:
        body = {"machine": machine(), "reports": reports}
        asked.json.write_bytes(msgspec.json.format(msgspec.json.encode(body)) + b"\n")
    return int(any(verdict.state == "FAIL" for one in reports for verdict in one.verdicts))


def all_benchmarks() -> dict[str, ModuleType]:
    """Return the modules of this package that can be run."""
    names = [module.name for module in iter_modules(benchmarks.__path__) if module.name != "__main__"]
    modules = {name: import_module(f"benchmarks.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "run")}


if __name__ == "__main__":
    sys.exit(main())
