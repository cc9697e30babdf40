"""From calling `channelhub up` to the first 200 of /readyz: on an empty home, and on one that is there."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.measure import Goal, Options, Report, Times, WrongAnswer, judge, noise

FIRST = Goal(name="P14", says="first start to ready", must=10, at_most=True, unit=" s")
LATER = Goal(name="P14", says="later start to ready", must=3, at_most=True, unit=" s")
PATIENCE_S = 60


async def run(options: Options) -> Report:
    """Measure; `rows` means nothing here."""
    times: Times = {"first start": [], "later start": []}
    # The first round warms up: files of the interpreter and of PostgreSQL come into memory.
    for number in range(options.rounds + 1):
        with tempfile.TemporaryDirectory(prefix="channelhub-bench-") as folder:
            Path(folder).chmod(0o755)
            for name in times:
                seconds = await asyncio.to_thread(started, Path(folder))
                if number:
                    times[name].append(seconds)
    made = Report(name="start", size="an empty hub with its own PostgreSQL", columns=("start", "s to ready"), rounds=times)
    made.table = [(name, f"{median(taken):.2f}") for name, taken in times.items()]
    made.verdicts = [
        judge(goal, taken, noise(taken[1:], taken[:-1])) for goal, taken in zip((FIRST, LATER), times.values(), strict=True)
    ]
    return made


def started(home: Path) -> float:
    """Start a hub, wait until it is ready, stop it; return the seconds it took to be ready."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CHANNELHUB_")}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "jobs", "up", "--port", str(port)],
        env=environment | {"CHANNELHUB_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not ready(port):
            if process.poll() is not None or time.perf_counter() - began > PATIENCE_S:
                raise WrongAnswer("The hub did not become ready.")
            time.sleep(0.01)
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()


def ready(port: int) -> bool:
    """Say whether the hub answers that it is ready."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=PATIENCE_S) as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError):
        return False


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])
