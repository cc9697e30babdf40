"""The TypeScript example is generated from the schema, type-checks, compiles for Relay, and runs against the demo."""

import asyncio
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.web import Client

FOLDER = Path(__file__).parents[2] / "examples" / "typescript"
INSTALLED = FOLDER / "node_modules"
EVERY = {"CI": "1", "NO_COLOR": "1"}


def npm(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["npm", *arguments], cwd=FOLDER, env={**os.environ, **EVERY, **more}, capture_output=True, text=True, check=False
    )


def build() -> None:
    """Check and build the example; installing it needs the network, so that has to be asked for."""
    if shutil.which("npm") is None:
        pytest.skip("Node.js is not there.")
    if not INSTALLED.exists():
        if os.environ.get("CHANNELHUB_TEST_NODE") != "1":
            pytest.skip("Run `npm ci` in examples/typescript, or set CHANNELHUB_TEST_NODE=1 to have it done.")
        installed = npm("ci")
        assert installed.returncode == 0, installed.stdout + installed.stderr
    checked = npm("run", "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr


async def run(demo: Client, token: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(npm, "run", "--silent", "start", "--", f"http://{demo.address}", CHANNELHUB_TOKEN=token)


async def test_it_lists_changes_and_follows_and_tells_what_is_refused(demo: Client) -> None:
    await asyncio.to_thread(build)
    done = await run(demo, demo.token)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    orders = (await demo.data("{ orders(filter: { kind: { eq: SELL_OUT } }) { totalCount } }"))["orders"]["totalCount"]
    assert orders > 100
    assert f"{orders} orders" in done.stdout.splitlines()
    assert re.search(r"^case 1, .*, score \d+$", done.stdout, re.MULTILINE)
    steps = re.search(r"^(\d+) steps, sent again (\d+)$", done.stdout, re.MULTILINE)
    assert steps is not None
    assert steps[1] == steps[2]
    events = [int(one) for one in re.findall(r"^event (\d+): RAISED ", done.stdout, re.MULTILINE)]
    assert len(events) == 3
    assert events == sorted(set(events))

    refused = await run(demo, "none")
    assert refused.returncode == 1
    assert "UNAUTHENTICATED" in refused.stderr


def test_its_lock_names_no_registry() -> None:
    lock = (FOLDER / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert '"funding"' not in lock
