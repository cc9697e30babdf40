"""The rooms keep to themselves, and a contract that no longer bites would be worse than none."""

import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("hub", "connectors", "schema", "jobs")
# One breach for each contract, planted as a line of a module and named by a word of the contract it must break.
BREACHES = {
    "Rooms look down": ("hub/clock.py", "import jobs.read"),
    "Inside the hub": ("hub/records/deal.py", "import hub.intake.batch"),
    "A connector knows": ("connectors/base.py", "import hub.store.base"),
    "Records know": ("hub/records/fx.py", "import pydantic"),
    "Only the app": ("schema/errors.py", "import jobs.read"),
    "Nothing in GraphQL": ("schema/errors.py", "import connectors.base"),
    "Rules are strangers": ("hub/conflicts/rules/territory_overlap.py", "import hub.conflicts.rules.cross_region_sale"),
    "A rule file": ("hub/conflicts/rules/territory_overlap.py", "import hub.intake.batch"),
    "Tortoise stays": ("hub/intake/batch.py", "import tortoise"),
    "asyncpg stays": ("hub/intake/batch.py", "import asyncpg"),
    "Procrastinate stays": ("jobs/sync.py", "import procrastinate"),
    "APScheduler stays": ("jobs/sync.py", "import apscheduler"),
    "GraphQL and the web": ("jobs/sync.py", "import starlette"),
    "HTTP leaves": ("hub/alerts/outbox.py", "import aiohttp"),
    "Apprise stays": ("hub/alerts/outbox.py", "import apprise"),
    "The command line": ("jobs/sync.py", "import rich"),
    "Refused libraries": ("jobs/sync.py", "import sqlite3"),
}


def contracts(folder: Path) -> str:
    """Return what the linter says of the rooms in a folder."""
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "", "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the rooms in which one breach of each contract was planted."""
    folder = tmp_path_factory.mktemp("rooms")
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__", "fixtures", "graphiql"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for place, line in BREACHES.values():
        with (folder / place).open("a", encoding="utf-8") as module:
            module.write(f"\n{line}\n")
    return folder


@pytest.fixture(scope="module")
def said(copy: Path) -> str:
    return contracts(copy)


@pytest.mark.parametrize("contract", BREACHES)
def test_each_contract_bites(contract: str, said: str) -> None:
    lines = [line for line in said.splitlines() if line.startswith(contract)]
    assert any(line.endswith("BROKEN") for line in lines), said


def test_every_contract_has_a_planted_breach(said: str) -> None:
    assert f"{len(BREACHES)} broken" in said, said
    assert " 0 kept" in said, said


def test_connector_folders_do_not_know_each_other() -> None:
    graph = grimp.build_graph("connectors")
    folders = [f"connectors.{file.parent.name}" for file in (ROOT / "connectors").glob("*/manifest.toml")]
    assert len(folders) > 1
    for one in folders:
        for other in folders:
            if one != other:
                assert not graph.find_shortest_chains(one, other), f"{one} imports {other}"
