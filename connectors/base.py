"""What a connector is: how the hub asks one kind of source, and how a payload becomes canonical records."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from msgspec import Struct

from hub.records import CanonicalRecord
from hub.records.message import Message, State, Window
from hub.records.source import Stream

if TYPE_CHECKING:
    from connectors.http import Http

ConfigT = TypeVar("ConfigT", bound=Struct)


class CheckResult(Struct, frozen=True, kw_only=True):
    """What `check` saw. `missing` says in sentences what a person has to give; empty means all can be read."""

    account: str
    missing: tuple[str, ...] = ()


class Catalog(Struct, frozen=True, kw_only=True):
    """The streams this account has, with how many records each holds where the source tells."""

    streams: tuple[str, ...]
    counts: Mapping[str, int] = {}


@dataclass(frozen=True)
class Context(Generic[ConfigT]):
    """All a connector gets. It reads no environment, sleeps nowhere and opens nothing but `http` and delivered files."""

    source: str
    config: ConfigT
    http: "Http"
    now: Callable[[], datetime]
    log: Callable[..., None]


class Connector(Protocol[ConfigT]):
    """One kind of source. Stateless between calls; everything it needs comes through `ctx`."""

    config: type[ConfigT]

    async def check(self, ctx: Context[ConfigT]) -> CheckResult:
        """Can we log in and read each stream? Sends no write and ends within 30 s."""
        ...

    async def discover(self, ctx: Context[ConfigT]) -> Catalog:
        """Return the streams of this account. Two calls in a row give equal catalogs."""
        ...

    def read(self, ctx: Context[ConfigT], stream: Stream, state: State, window: Window) -> AsyncIterator[Message]:
        """Yield the records of `window`, continuing from `state`, with a Checkpoint at least every 5,000 messages.

        Ends with `Checkpoint(complete=True)` or raises. In mode reconcile every key the source has is yielded, and
        `state` starts empty.
        """
        ...

    def normalise(self, config: ConfigT, stream: Stream, raw: bytes) -> Iterable[CanonicalRecord]:
        """Map one payload to canonical records. Pure: no I/O, no clock, no chance, so it can be replayed for years.

        Raises SetAside for a payload that cannot be mapped. A payload that is no record yet (a cart) yields nothing.
        """
        ...
