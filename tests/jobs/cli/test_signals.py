"""A signal ends a command cleanly: one line, and no PostgreSQL is left behind. After a kill the next clean run stops it."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from urllib.error import HTTPError
from urllib.request import urlopen

import asyncpg
import pytest

from hub.store.embedded import Server, server
from tests.jobs.cli.conftest import command, environment

ROWS = 30_000
PATIENCE_S = 120
READING = """
    SELECT count(*) FROM sync_run AS run JOIN source ON source.id = run.source_id
     WHERE source.name = 'cut' AND run.state = 'running' AND run.records_read > 0
"""


@dataclass
class Home:
    """A hub's home with a PostgreSQL of its own, and the commands that run in it."""

    folder: Path

    @property
    def server(self) -> Server:
        """Where its PostgreSQL is."""
        return server(self.folder)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command."""
        return subprocess.Popen(
            command(*arguments),
            cwd=self.folder,
            env=environment(CHANNELHUB_HOME=str(self.folder)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def postmaster(self) -> int | None:
        """The id of the running PostgreSQL, if there is one."""
        file = self.server.folder / "data" / "postmaster.pid"
        try:
            pid = int(file.read_text().splitlines()[0])
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
            return None
        return pid

    def loaded(self) -> int:
        """How many customers are in the store; 0 while it cannot be asked yet."""
        return self.asked("SELECT count(*) FROM customer")

    def asked(self, question: str) -> int:
        """The number that a statement gives; 0 while the store cannot be asked yet."""

        async def ask() -> int:
            connection = await asyncpg.connect(self.server.address)
            try:
                count: int = await connection.fetchval(question)
                return count
            finally:
                await connection.close()

        try:
            return asyncio.run(ask())
        except (OSError, asyncpg.PostgresError):
            return 0


def until(happened: Callable[[], object], process: "subprocess.Popen[str]") -> None:
    """Watch until something has happened; the process must not end before."""
    deadline = monotonic() + PATIENCE_S
    while not happened():
        if process.poll() is not None:
            # It was quicker than we look: the signal finds it gone.
            return
        assert monotonic() < deadline, "it never happened"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One home for the whole file; its PostgreSQL is stopped whatever happens."""
    one = Home(tmp_path_factory.mktemp("signals"))
    folder = one.folder / "sheets"
    folder.mkdir()
    (folder / "customers.csv").write_text("code,name\n" + "".join(f"C{n},Customer {n}\n" for n in range(ROWS)))
    yield one
    last = one.server
    last.start()
    last.stop()
    shutil.rmtree(last.folder, ignore_errors=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_import_that_is_stopped_leaves_no_server_and_says_one_line(home: Home, number: signal.Signals) -> None:
    process = home.start("import", "sheets", "--source", number.name.lower())
    before = home.loaded()
    until(lambda: home.loaded() > before, process)
    process.send_signal(number)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 128 + number
    assert len(said.strip().splitlines()) == 1, said
    assert home.postmaster() is None


def test_a_killed_import_is_finished_by_the_next_run_which_leaves_no_server(home: Home) -> None:
    process = home.start("import", "sheets", "--source", "killed")
    before = home.loaded()
    until(lambda: home.loaded() > before, process)
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == -signal.SIGKILL
    assert home.postmaster() is not None
    again = home.start("import", "sheets", "--source", "killed")
    _, said = again.communicate(timeout=PATIENCE_S)
    assert again.returncode == 0, said
    assert home.postmaster() is None
    last = home.server
    last.start()
    try:
        assert home.loaded() >= ROWS
    finally:
        last.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_that_is_stopped_leaves_no_server(home: Home, number: signal.Signals) -> None:
    process = home.start("worker")
    assert process.stdout is not None
    assert "waits for jobs" in process.stdout.readline()
    process.send_signal(number)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 128 + number, said
    assert "Traceback" not in said
    assert home.postmaster() is None


def test_two_commands_share_one_server_and_the_last_one_out_stops_it(home: Home) -> None:
    worker = home.start("worker")
    assert worker.stdout is not None
    worker.stdout.readline()
    server_id = home.postmaster()
    other = home.start("sources")
    other.communicate(timeout=PATIENCE_S)
    assert other.returncode == 0
    assert home.postmaster() == server_id is not None
    worker.terminate()
    worker.communicate(timeout=PATIENCE_S)
    assert home.postmaster() is None


def code(address: str, path: str) -> int:
    """The status an address answers with; 0 while nothing answers."""
    try:
        with urlopen(f"{address}{path}", timeout=PATIENCE_S) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code


def test_a_hub_whose_database_was_killed_starts_it_again(home: Home) -> None:
    process = home.start("up", "--port", "0")
    assert process.stdout is not None
    address = process.stdout.readline().split()[3].removesuffix(";").removesuffix("/graphql")
    killed = home.postmaster()
    assert killed is not None
    try:
        os.kill(killed, signal.SIGKILL)
        until(lambda: code(address, "/readyz") == 200 and home.postmaster() not in (None, killed), process)
        assert process.poll() is None
        assert code(address, "/readyz") == 200
    finally:
        process.terminate()
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 128 + signal.SIGTERM, said
    assert "database started again" in said
    assert home.postmaster() is None


def test_an_import_whose_database_is_killed_says_one_line(home: Home) -> None:
    process = home.start("import", "sheets", "--source", "cut")
    until(lambda: home.asked(READING), process)
    killed = home.postmaster()
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2, said
    assert len(said.strip().splitlines()) == 1, said
    assert "The database went away" in said


def test_the_hub_answers_until_it_is_stopped_and_leaves_no_server(home: Home) -> None:
    process = home.start("up", "--port", "0")
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "/graphql" in line, process.communicate()
    address = line.split()[3].removesuffix(";").removesuffix("/graphql")
    with urlopen(f"{address}/readyz") as answer:
        assert answer.status == 200
    process.terminate()
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 128 + signal.SIGTERM, said
    assert "Traceback" not in said
    assert home.postmaster() is None
