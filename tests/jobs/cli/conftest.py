"""The command line in processes of its own, as a person or a service manager starts it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

ROOT = Path(__file__).parents[3]
Run = Callable[..., "CompletedProcess[str]"]


def environment(**more: str) -> dict[str, str]:
    """The environment of a command: ours without what belongs to a hub, and this checkout importable."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CHANNELHUB_")}
    return ours | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"} | more


def command(*arguments: str) -> list[str]:
    """What starts a command."""
    return [sys.executable, "-m", "jobs", *arguments]


@pytest.fixture
def hub(tmp_path: Path, address: str) -> Run:
    """Run a command in a home of its own on a database of its own, and return how it ended."""

    def run(*arguments: str, **more: str) -> "CompletedProcess[str]":
        variables = environment(**{"CHANNELHUB_HOME": str(tmp_path), "CHANNELHUB_DATABASE_URL": address} | more)
        return subprocess.run(
            command(*arguments), cwd=tmp_path, env=variables, capture_output=True, text=True, check=False, timeout=120
        )

    return run


@pytest.fixture
def sheets(tmp_path: Path) -> Path:
    """A small folder of spreadsheets with one bad row."""
    folder = tmp_path / "sheets"
    folder.mkdir()
    (folder / "regions.csv").write_text("code,name,kind\nCN,China,country\nCN-SH,Shanghai,province\n")
    (folder / "partners.csv").write_text("code,name,type\nA,Alpha,distributor\nB,Beta,nonsense\n")
    return folder
