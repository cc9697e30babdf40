"""The built-in PostgreSQL is shared by any number of processes, and the last one out stops it, however it goes."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hub.errors import StoreUnavailable
from hub.store.embedded import LONGEST_SOCKET_FOLDER, Server, copied, reachable, server

USER = """
import sys, time
from pathlib import Path
from hub.store.embedded import server
one = server(Path(sys.argv[1]))
one.start()
print("in", flush=True)
try:
    sys.stdin.read()
finally:
    one.stop()
"""


def joined(home: Path) -> "subprocess.Popen[str]":
    """Start a process that uses the server until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", USER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "in\n"
    return process


def left(process: "subprocess.Popen[str]") -> None:
    """End a process's input and wait for it."""
    process.communicate(timeout=30)


def postmaster(one: Server) -> int | None:
    """Return the server's process, if it runs."""
    file = one.folder / "data" / "postmaster.pid"
    if not file.exists():
        return None
    pid = int(file.read_text().split()[0])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    return pid


def test_the_last_one_out_stops_it(open_home: Path) -> None:
    one = server(open_home)
    first, second = joined(open_home), joined(open_home)
    running = postmaster(one)
    assert running is not None
    left(first)
    assert postmaster(one) == running
    left(second)
    assert postmaster(one) is None


def test_a_killed_user_leaves_a_server_that_the_next_one_stops(open_home: Path) -> None:
    one = server(open_home)
    victim = joined(open_home)
    victim.send_signal(signal.SIGKILL)
    victim.communicate(timeout=30)
    assert postmaster(one) is not None
    left(joined(open_home))
    assert postmaster(one) is None


def test_a_half_made_server_is_made_again(open_home: Path) -> None:
    one = server(open_home)
    (one.folder / "data.new" / "base").mkdir(parents=True)
    one.start()
    try:
        assert postmaster(one) is not None
    finally:
        one.stop()


def test_a_deep_home_gets_a_short_socket_path(open_home: Path) -> None:
    deep = open_home / ("long" * 30)
    one = server(deep)
    assert len(os.fsencode(one.sockets)) <= LONGEST_SOCKET_FOLDER
    one.start()
    one.stop()
    assert postmaster(one) is None


def test_a_home_that_cannot_be_written_is_one_sentence(open_home: Path) -> None:
    (open_home / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="CHANNELHUB_HOME"):
        server(open_home / "file" / "home").start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server under another user")
def test_as_root_nothing_of_others_is_changed(open_home: Path) -> None:
    closed = open_home / "closed"
    closed.mkdir(mode=0o700)
    one = server(closed / "home")
    assert not reachable(closed / "home")
    assert one.user is not None
    one.start()
    one.stop()
    shutil.rmtree(one.folder)
    assert closed.stat().st_mode & 0o777 == 0o700
    assert copied(one.binaries) == copied(one.binaries)
