"""What a connector yields while it reads, and what it is asked to read."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

Key = tuple[str, ...]
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
State = Mapping[str, Json]


class RejectReason(StrEnum):
    """Why a payload was set aside, coarsely; `code` beside it is exact."""

    UNDECODABLE = "undecodable"
    MISSING_FIELD = "missing_field"
    INVALID_VALUE = "invalid_value"
    SCHEMA_DRIFT = "schema_drift"
    MISSING_KEY = "missing_key"
    AMBIGUOUS_VERSION = "ambiguous_version"
    BROKEN_REFERENCE = "broken_reference"


REASONS: Mapping[str, RejectReason] = {
    "missing": RejectReason.MISSING_FIELD,
    "conditional": RejectReason.MISSING_FIELD,
    "missing_column": RejectReason.SCHEMA_DRIFT,
    "bad_width": RejectReason.SCHEMA_DRIFT,
    "encoding": RejectReason.UNDECODABLE,
    "undecodable": RejectReason.UNDECODABLE,
    "unknown_ref": RejectReason.BROKEN_REFERENCE,
    "cycle": RejectReason.BROKEN_REFERENCE,
    "missing_key": RejectReason.MISSING_KEY,
    "ambiguous_version": RejectReason.AMBIGUOUS_VERSION,
}


def reason_of(code: str) -> RejectReason:
    """Return the coarse reason of an exact reject code; every other code is an invalid value."""
    return REASONS.get(code, RejectReason.INVALID_VALUE)


class SyncMode(StrEnum):
    """How much a run reads."""

    INCREMENTAL = "incremental"
    BACKFILL = "backfill"
    RECONCILE = "reconcile"
    REPLAY = "replay"


class Place(Struct, frozen=True, kw_only=True):
    """Where in a delivered file something stands. `line` is physical, the header being line 1."""

    file: str
    sheet: str | None = None
    line: int | None = None
    column: str | None = None


class Record(Struct, frozen=True, kw_only=True, gc=False):
    """One record as the source sent it.

    `cursor` is the value of the stream's cursor field in the source's own precision, `version` the source's own version.
    Of two contents under one key the greater `version`, else the greater `cursor`, wins; without either the later one read.
    """

    key: Key
    raw: bytes
    cursor: str | None = None
    version: int | str | None = None
    place: Place | None = None


class Tombstone(Struct, frozen=True, kw_only=True):
    """The source says that a record is gone. A `version` older than the stored one is old news."""

    key: Key
    cursor: str | None = None
    version: int | str | None = None


class Reject(Struct, frozen=True, kw_only=True):
    """Something that cannot become a Record. It is stored with its reason and never stops the stream."""

    raw: bytes
    code: str
    message: str
    key: Key | None = None
    field: str | None = None
    value: str | None = None
    place: Place | None = None


class Checkpoint(Struct, frozen=True, kw_only=True):
    """Everything yielded before it may be committed, together with `state`.

    `watermark`: every change before this instant has been yielded. `announced`: records the source said this read holds.
    `complete`: the window, or the scan, was read to its end. `done` and `expected` are for progress only.
    `note`: a sentence about the read that an operator should see (a file ignored, columns unknown).
    `settled`: delivered files read to their end in this read; an earlier reject of theirs that did not come again is done.
    `snapshot`: this read yielded everything there is, so a key of the stream that did not come was withdrawn.
    """

    state: State
    watermark: datetime | None = None
    announced: int | None = None
    complete: bool = False
    done: int | None = None
    expected: int | None = None
    note: str | None = None
    settled: tuple[str, ...] = ()
    snapshot: bool = False


Message = Record | Tombstone | Reject | Checkpoint


class Window(Struct, frozen=True, kw_only=True):
    """What to read: lower <= t < upper. Both are fixed before the first request and never move during a run.

    `lower` None means from the beginning. In mode reconcile the connector yields every key it can see.
    """

    lower: datetime | None
    upper: datetime
    mode: SyncMode
