"""PostGraphile in a process of its own, where Node.js is new enough and its packages are there."""

import shutil
import subprocess
from pathlib import Path

from benchmarks.graphql.serving import CONNECTIONS

FOLDER = Path(__file__).with_name("postgraphile")
OLDEST = 22


def lacking() -> str | None:
    """Return why PostGraphile cannot be asked and what to do about it, None when it can."""
    node = shutil.which("node")
    if node is None:
        return f"there is no Node.js; put {OLDEST} or newer on the PATH"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST:
        return f"Node.js is {version}; put {OLDEST} or newer on the PATH"
    if not (FOLDER / "node_modules" / "postgraphile").exists():
        return "its packages are not there; run `npm ci` in benchmarks/graphql/postgraphile"
    return None


def command(address: str, token: str) -> tuple[str, ...]:
    """Return the command that runs it."""
    production = ("env", "NODE_ENV=production", "GRAPHILE_ENV=production")
    return (*production, "node", str(FOLDER / "server.js"), address, token, str(CONNECTIONS))
