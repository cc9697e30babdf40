"""Whatever a person can cause is told in a sentence; what is our own mistake shows where it happened."""

import asyncio
import errno
import signal

import asyncpg
import pytest

from hub.errors import SettingsError, StoreUnavailable
from jobs.cli import Interrupted, run, sentence


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (SettingsError("Set the port."), "Set the port."),
        (ExceptionGroup("two", [StoreUnavailable("Start it."), ValueError()]), "Start it."),
        (asyncpg.DiskFullError("could not extend file"), "The disk is full"),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full"),
        (asyncpg.TooManyConnectionsError("sorry"), "no connection left"),
        (asyncpg.ConnectionDoesNotExistError("closed in the middle"), "The database went away"),
        (asyncpg.AdminShutdownError("terminating connection"), "The database went away"),
        (ConnectionResetError("reset by peer"), "The database went away"),
        (asyncpg.InterfaceError("connection is closed"), "The database went away"),
        (asyncpg.InsufficientPrivilegeError("permission denied for schema public"), "the right to create and write tables"),
    ],
)
def test_a_persons_mistake_is_one_sentence(error: BaseException, says: str) -> None:
    said = sentence(error)
    assert said is not None
    assert says in said


@pytest.mark.parametrize("error", [ValueError("x"), asyncpg.DataError("x"), asyncpg.UndefinedColumnError("x"), KeyError("x")])
def test_our_own_mistake_is_none(error: BaseException) -> None:
    assert sentence(error) is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_closes_what_is_open_before_the_command_ends(number: signal.Signals) -> None:
    closed: list[str] = []

    async def work() -> None:
        try:
            signal.raise_signal(number)
            await asyncio.Event().wait()
        finally:
            closed.append("closed")

    with pytest.raises(Interrupted) as raised:
        run(work())
    assert closed == ["closed"]
    assert raised.value.number == number


def test_a_failure_on_the_way_out_is_the_signals_doing() -> None:
    async def work() -> None:
        signal.raise_signal(signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectionResetError("cut") from None

    with pytest.raises(Interrupted):
        run(work())


def test_what_the_work_returns_is_returned() -> None:
    async def work() -> int:
        return 7

    assert run(work()) == 7
