"""The tutorial does what it says: its files are written, its commands run, its questions asked, in the order of the page."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

PAGE = Path(__file__).parents[2] / "docs/tutorial.md"
BLOCK = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The page names fixed ports; a test takes free ones.
PORTS = ("8480", "8025")
START_S = 60


@pytest.fixture
def folder(open_home: Path) -> Path:
    return open_home


class Reader:
    """Someone who does what the page says, block after block."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.ports = {port: str(free_port()) for port in PORTS}
        self.answers: dict[str, Any] = {}
        self.environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        self.environment.pop("CHANNELHUB_HOME", None)

    def follow(self, kind: str, name: str, text: str) -> None:
        """Do one block."""
        for port, free in self.ports.items():
            text = text.replace(port, free)
        if kind in ("csv", "toml"):
            file = self.folder / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        elif kind == "graphql":
            self.answers[name] = self.ask(text)
        elif name == "background":
            self.start(text)
        else:
            done = subprocess.run(
                ["sh", "-ec", text], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr

    def start(self, command: str) -> None:
        """Start what the page runs in another terminal, and wait until it listens."""
        output = self.stack.enter_context((self.folder / f"output-{command.split()[0]}").open("w+"))
        process = subprocess.Popen(
            ["sh", "-ec", f"exec {command}"], cwd=self.folder, env=self.environment, stdout=output, stderr=output
        )
        self.stack.callback(process.wait, START_S)
        self.stack.callback(process.terminate)
        port = next(free for free in self.ports.values() if free in command)
        until = time.monotonic() + START_S
        while not listens(int(port)):
            assert process.poll() is None, (self.folder / f"output-{command.split()[0]}").read_text()
            assert time.monotonic() < until, f"{command} does not listen"

    def ask(self, query: str) -> Any:
        """Send a query of the page with its token."""
        request = Request(
            f"http://127.0.0.1:{self.ports['8480']}/graphql",
            json.dumps({"query": query}).encode(),
            {
                "Content-Type": "application/json",
                "Authorization": f"Bearer {(self.folder / 'token').read_text().strip()}",
            },
        )
        with urlopen(request, timeout=START_S) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer
        return answer["data"]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as one:
        one.settimeout(0.2)
        return one.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def reader(folder: Path) -> Iterator[Reader]:
    with ExitStack() as stack:
        yield Reader(folder, stack)


def test_the_tutorial_does_what_it_says(reader: Reader) -> None:
    for kind, name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        reader.follow(kind, name, text)
    found = reader.answers["conflicts"]["conflicts"]["nodes"]
    assert [(one["ruleId"], one["classification"], one["mode"]) for one in found] == [
        ("cross_region_sale", "suspected", "CASE"),
        ("cross_region_sale", "suspected", "CASE"),
        ("below_policy_offer", "below_policy", "OBSERVE"),
    ]
    assert all(one["evidence"] and one["filtersTried"] for one in found)
    ((case,), (alert,)) = (reader.answers["cases"][name]["nodes"] for name in ("conflictCases", "alerts"))
    assert (case["ruleId"], case["partner"]["code"], alert["reason"]) == ("cross_region_sale", "GD-B", "OPENED")
    (reject,) = reader.answers["rejects"]["rejects"]["nodes"]
    assert (reject["code"], reject["value"], reject["place"]) == (
        "bad_decimal",
        "a dozen",
        {"file": "orders.csv", "line": 5, "column": "qty"},
    )
    assert reader.answers["orders"]["orders"]["totalCount"] == 4
