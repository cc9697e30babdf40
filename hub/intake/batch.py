"""What one checkpoint commits: messages gathered until it, sorted into what has to be done with each."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from hub.errors import MappingError, SetAside
from hub.intake.fingerprint import content, fingerprint
from hub.intake.identity import Origin
from hub.intake.length import bounded
from hub.records import CanonicalRecord
from hub.records.message import Checkpoint, Key, Place, Record, Reject, Tombstone
from hub.records.source import Stream
from hub.store.raw import Known, Payload, SetAsideRow
from hub.store.sync_run import Claim, Counts

Normalise = Callable[[bytes], Iterable[CanonicalRecord]]
Mapped = Mapping[str, tuple[CanonicalRecord, ...]]


@dataclass
class Landing:
    """A run's way into the store: who reads, what stream, how payloads are mapped, and what has gone so far."""

    origin: Origin
    claim: Claim
    stream: Stream
    normalise: Normalise
    live: int = 0
    removed: int = 0
    marks_seen: bool = False
    totals: Counts = field(default_factory=Counts)


@dataclass
class Batch:
    """Messages of one checkpoint, in the order they came."""

    checkpoint: Checkpoint
    messages: Sequence[Record | Tombstone | Reject] = ()


@dataclass
class Sorted:
    """A batch compared with what is stored."""

    new: list[tuple[Payload, Record]] = field(default_factory=list)
    changed: list[tuple[int, Payload, Record]] = field(default_factory=list)
    renewed: list[tuple[int, bytes]] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    gone: dict[str, str | None] = field(default_factory=dict)  # key to the version it went with
    rejects: list[SetAsideRow] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)


def key_text(key: Key) -> str:
    """Return a key as one text."""
    return key[0] if len(key) == 1 else "|".join(key)


def last_of_each(batch: Batch) -> tuple[dict[str, Record | Tombstone], int]:
    """Return the last message of each key, and how many earlier ones it replaced."""
    last: dict[str, Record | Tombstone] = {}
    keyed = 0
    for message in batch.messages:
        if not isinstance(message, Reject):
            keyed += 1
            key = key_text(message.key)
            # The later of two stays, in the later's place.
            last.pop(key, None)
            last[key] = message
    return last, keyed - len(last)


def sort(batch: Batch, known: Mapping[str, Known], volatile: Sequence[str], *, again: bool) -> Sorted:
    """Compare a batch with what is stored. `again` treats unchanged payloads as changed, to map them once more."""
    out = Sorted(rejects=[quarantined(message) for message in batch.messages if isinstance(message, Reject)])
    last, superseded = last_of_each(batch)
    out.counts.read = len(batch.messages)
    out.counts.superseded = superseded
    for key, message in last.items():
        have = known.get(key)
        if isinstance(message, Tombstone):
            if have is not None and older(message.version, have.version):
                out.counts.stale += 1
            elif have is not None and not have.deleted:
                out.gone[key] = None if message.version is None else str(message.version)
            continue
        hashed = fingerprint(message.raw)
        if have is None:
            out.new.append((payload(key, message, hashed, volatile), message))
            continue
        out.seen.append(have.id)
        if not again and not have.deleted and have.raw_hash == hashed:
            out.counts.unchanged += 1
        elif older(message.version, have.version):
            out.counts.stale += 1
        else:
            fresh = payload(key, message, hashed, volatile)
            if again or have.deleted or fresh.content_hash != have.content_hash:
                out.changed.append((have.id, fresh, message))
            else:
                out.renewed.append((have.id, hashed))
                out.counts.unchanged += 1
    return out


def translate(out: Sorted, normalise: Normalise) -> dict[str, tuple[CanonicalRecord, ...]]:
    """Map what is new or changed; a payload that cannot be mapped moves to the rejects."""
    mapped: dict[str, tuple[CanonicalRecord, ...]] = {}
    for payload, record in [*out.new, *((p, r) for _, p, r in out.changed)]:
        try:
            mapped[payload.key] = bounded(normalise(record.raw))
        except SetAside as error:
            out.rejects.append(refused(payload, record.place, error))
        except Exception as error:  # a connector is foreign code, and one payload must not stop the others
            what = MappingError(f"The connector cannot map this payload: {type(error).__name__}: {error}", code="bad_value")
            out.rejects.append(refused(payload, record.place, what))
    keep(out, set(mapped))
    return mapped


def keep(out: Sorted, keys: set[str]) -> None:
    """Leave out what was set aside."""
    out.new = [item for item in out.new if item[0].key in keys]
    out.changed = [item for item in out.changed if item[1].key in keys]


def payload(key: str, record: Record, hashed: bytes, volatile: Sequence[str]) -> Payload:
    """Return a record as it is stored."""
    return Payload(
        key=key,
        raw_hash=hashed,
        content_hash=content(record.raw, volatile) if volatile else hashed,
        body=record.raw,
        version=None if record.version is None else str(record.version),
        place=place_of(record.place),
    )


def refused(payload: Payload, place: Place | None, error: SetAside, waits: tuple[str, str] | None = None) -> SetAsideRow:
    """Return a payload as it goes into quarantine."""
    column = msgspec.structs.replace(place, column=error.field) if place is not None else None
    return SetAsideRow(
        body=payload.body,
        code=error.code,
        message=str(error),
        key=payload.key,
        version=payload.version,
        field=error.field,
        value=error.value,
        place=place_of(column),
        waits=waits,
    )


def quarantined(reject: Reject) -> SetAsideRow:
    """Return what a connector could not read as it goes into quarantine."""
    return SetAsideRow(
        body=reject.raw,
        code=reject.code,
        message=reject.message,
        key=None if reject.key is None else key_text(reject.key),
        field=reject.field,
        value=reject.value,
        place=place_of(reject.place),
    )


def place_of(place: Place | None) -> dict[str, object] | None:
    """Return a place as JSON, without what is not known."""
    if place is None:
        return None
    return {name: value for name in place.__struct_fields__ if (value := getattr(place, name)) is not None}


def older(incoming: int | str | None, stored: str | None) -> bool:
    """Say whether a version is older than the stored one; without both nothing is older."""
    if incoming is None or stored is None:
        return False
    if isinstance(incoming, int) and stored.lstrip("-").isdigit():
        return incoming < int(stored)
    return str(incoming) < stored
