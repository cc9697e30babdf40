"""The command line: one file per command, named after it and found by looking in this folder.

A file holds a function of its own name, or a Typer of that name when the command has parts (`user add`). What is heavy
is imported inside the function, so that `--help` is quick and a sync stays small. A command that waits for something
goes through `run`, so that a signal ends it as an error would: everything that was opened is closed.
"""

import asyncio
import errno
import os
import signal
import sys
from collections.abc import Coroutine
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated, Any, TypeVar

import typer

from hub import __version__
from hub.errors import HubError
from hub.settings import Settings, read_settings

T = TypeVar("T")

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
MISTAKE = 2

app = typer.Typer(
    name="channelhub",
    help="A GraphQL integration hub for channel sales.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Interrupted(Exception):
    """A signal ended the command; everything is closed."""

    def __init__(self, number: int) -> None:
        super().__init__("Stopped; what was committed stays, and the next run continues there.")
        self.number = number


def main() -> None:
    """Run the command line; the exit code is 0, 1 (something is wrong), 2 (a person has to act) or 128 + the signal."""
    sys.exit(call(sys.argv[1:]))


def call(arguments: list[str]) -> int:
    """Run one command and return its exit code. A mistake is one sentence on stderr, never a traceback."""
    find_commands()
    keep_quiet()
    try:
        done = app(arguments, prog_name="channelhub", standalone_mode=False)
    except typer.Exit as stop:
        return stop.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return told("Stopped.", 128 + signal.SIGINT)
    except Interrupted as stop:
        return told(str(stop), 128 + stop.number)
    except BrokenPipeError:
        # The reader of our output left; what Python would flush at exit has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except Exception as error:
        usage = getattr(error, "show", None)
        if usage is not None:
            usage()
            return MISTAKE
        said = sentence(error)
        if said is None:
            raise
        return told(said, MISTAKE)
    return done if isinstance(done, int) else 0


def find_commands() -> None:
    """Register the command of every file in this folder, once."""
    if app.registered_commands or app.registered_groups:
        return
    for file in iter_modules([str(Path(__file__).parent)]):
        found = getattr(import_module(f"{__name__}.{file.name}"), file.name)
        name = file.name.rstrip("_")
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)


def show_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def channelhub(
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings; else $CHANNELHUB_CONFIG, else channelhub.toml here.")
    ] = None,
    version: Annotated[bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Connect sources, find channel conflicts and ask about all of it in GraphQL."""
    if config is not None:
        # Through the environment, so that what this process starts reads the same file.
        os.environ["CHANNELHUB_CONFIG"] = str(config.absolute())


def settings() -> Settings:
    """Return the settings after the checks that this installation is whole and that every schedule means something."""
    from jobs.names import refuse

    refuse()
    read = read_settings()
    scheduled = [one for one in read.source if one.schedule is not None]
    if scheduled:
        from jobs.scheduler import read_schedule

        for one in scheduled:
            read_schedule(one.schedule or "", one.time_zone)
    return read


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end and return the result. Raises Interrupted after a signal, when all that was open is closed."""
    caught: list[int] = []

    async def watched() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def stop(number: int) -> None:
            caught.append(number)
            task.cancel()

        for number in SIGNALS:
            loop.add_signal_handler(number, stop, number)
        return await work

    try:
        return asyncio.run(watched())
    except BaseException as error:
        # A second failure on the way out, a connection cut under a query, is the signal's doing.
        if caught:
            raise Interrupted(caught[0]) from error
        raise


def keep_log() -> None:
    """Write what happens to stderr, one JSON object a line, as a service does."""
    import structlog

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def keep_quiet() -> None:
    """Keep the log to what cannot be said otherwise: a command says itself what it did."""
    import logging

    import structlog

    # The driver writes a traceback for each try at a database that is away; we say it ourselves.
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("critical"), logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )


def told(text: str, code: int) -> int:
    """Say one sentence to the person and return the exit code."""
    typer.echo(text, err=True)
    return code


def lost(error: BaseException) -> bool:
    """Say whether the connection to the database was lost, as the driver tells it."""
    from hub.store.database import LOST

    # The driver files a value that does not fit under the same heading.
    return isinstance(error, LOST) and not isinstance(error, ValueError)


def sentence(error: BaseException) -> str | None:
    """Return what to tell the person; None when it is a mistake of ours, which shows its traceback."""
    if isinstance(error, BaseExceptionGroup):
        return sentence(error.exceptions[0])
    if isinstance(error, HubError):
        return str(error)
    # PostgreSQL's own codes, the same from every driver.
    state = str(getattr(error, "sqlstate", None) or "")
    full = "No space left on device" in str(error)
    if full or state == "53100" or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full; nothing half-done was kept. Free some space, or set CHANNELHUB_HOME elsewhere, and try again."
    if state == "53300":
        return "PostgreSQL has no connection left; stop another program that uses it or raise its max_connections."
    if state[:2] in ("08", "57") or isinstance(error, ConnectionError):
        return f"The database went away: {error}. Start it, or look into its log, and run the command again."
    if lost(error):
        return "The database went away. Start it, or look into its log, and run the command again."
    if state in ("42501", "25006"):
        return f"The database refuses: {error}. Give the user of CHANNELHUB_DATABASE_URL the right to create and write tables."
    return None
