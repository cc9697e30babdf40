"""The one transaction: everything one checkpoint stands for is committed, or nothing is."""

from collections.abc import Sequence
from dataclasses import dataclass

import stamina

from hub.intake.batch import Batch, Landing, Mapped, Sorted, key_text, sort, translate
from hub.intake.reference import identify
from hub.intake.removal import remove, sweep
from hub.intake.rows import write
from hub.records.message import SyncMode
from hub.store import dirty, raw
from hub.store.database import AlreadyThere, Connection, Deadlock, Store
from hub.store.dirty import Mark
from hub.store.event import Happening, publish
from hub.store.raw import keyed
from hub.store.sync_run import Counts, advance, count

TRIES = 5
# What can be followed, by the topic its changes are told under; an event names as many records as a page holds.
TOLD = {"sales_order": "order", "inventory_level": "inventory"}
TOLD_AT_ONCE = 100


@dataclass(frozen=True)
class Landed:
    """What a committed batch did."""

    counts: Counts
    nouns: frozenset[str]


async def begin(store: Store, landing: Landing) -> None:
    """Count what is live, so that a run can be stopped before it removes too much."""
    async with store.connection() as connection:
        (row,) = await raw.rows(connection, "live", stream_id=landing.claim.stream_id)
    landing.live = row["count"]


async def land(store: Store, landing: Landing, batch: Batch, *, again: bool = False) -> Landed:
    """Commit a batch with its bookmark.

    `again` maps payloads once more although they did not change. Raises FenceLost when another worker has claimed the
    stream meanwhile, and TooMuchChange when the run would remove more than the stream allows.
    """
    # Orders that are withdrawn are locked after those that change: who moves a customer of both may come in between.
    async for once_more in stamina.retry_context(on=Deadlock, attempts=TRIES, timeout=None, wait_initial=0.05, wait_max=1.0):
        with once_more:
            try:
                return await attempt(store, landing, batch, again=again, staged=False)
            except AlreadyThere:
                # A row we took for new exists: another stream of the source brought it. Staging finds out row by row.
                return await attempt(store, landing, batch, again=again, staged=True)
    raise AssertionError("a retry loop ends by a landing or an error")


async def attempt(store: Store, landing: Landing, batch: Batch, *, again: bool, staged: bool) -> Landed:
    """Try once to commit a batch."""
    claim, checkpoint = landing.claim, batch.checkpoint
    async with store.transaction() as connection:
        keys = list({key_text(m.key) for m in batch.messages if m.key is not None})
        known = await raw.known(connection, claim.stream_id, keys)
        out = sort(batch, known, landing.stream.volatile, again=again)
        mapped = translate(out, landing.normalise)
        found = await identify(connection, landing, out, mapped)
        payload_ids = await keep_payloads(connection, landing, out)
        marks = await write(connection, landing, out, mapped, found, payload_ids, staged=staged)
        marks += await remove(connection, landing, out.gone)
        if checkpoint.complete:
            marks += await sweep(connection, landing, out, snapshot=checkpoint.snapshot)
        out.counts.removed = len(out.gone)
        await raw.set_aside(connection, landing.origin.source_id, claim.stream_id, claim.run_id, out.rejects)
        await clear_rejects(connection, landing, mapped, checkpoint.settled)
        await dirty.mark(connection, marks)
        out.counts.rejected = len({reject.identity for reject in out.rejects})
        await move_on(connection, landing, batch, out.counts, marks)
    landing.removed += out.counts.removed
    for name in out.counts.__struct_fields__:
        setattr(landing.totals, name, getattr(landing.totals, name) + getattr(out.counts, name))
    return Landed(out.counts, frozenset(noun for noun, _, _ in marks))


async def move_on(connection: Connection, landing: Landing, batch: Batch, counts: Counts, marks: Sequence[Mark]) -> None:
    """Move the bookmark, add to the run's counts and tell who follows it and what changed."""
    claim, checkpoint = landing.claim, batch.checkpoint
    scan = claim.mode is SyncMode.RECONCILE
    # A scan has no bookmark of its own until it is complete; a run in the middle of one must not disturb the stream's.
    keeps = claim.mode is SyncMode.REPLAY or (scan and not (checkpoint.complete and checkpoint.state))
    await advance(
        connection,
        claim,
        state=None if keeps else checkpoint.state,
        watermark=checkpoint.watermark,
        moved=bool(marks),
        scanned=checkpoint.complete and landing.marks_seen,
    )
    await count(
        connection,
        claim.run_id,
        counts,
        announced=checkpoint.announced,
        expected=checkpoint.expected,
        note=checkpoint.note,
    )
    progress = Happening("sync", "progress", claim.run_id, {"done": checkpoint.done, "expected": checkpoint.expected})
    await publish(connection, [progress, *changes(claim.run_id, marks)])


def changes(run_id: int, marks: Sequence[Mark]) -> list[Happening]:
    """Return what tells those who follow records that these changed, many at a time."""
    told = []
    for noun, topic in TOLD.items():
        ids = list(dict.fromkeys(id for marked, id, _ in marks if marked == noun))
        told += [
            Happening(topic, "changed", run_id, subject_ids=ids[start : start + TOLD_AT_ONCE])
            for start in range(0, len(ids), TOLD_AT_ONCE)
        ]
    return told


async def keep_payloads(connection: Connection, landing: Landing, out: Sorted) -> dict[str, int]:
    """Store the payloads; return the id of each by key."""
    claim = landing.claim
    scan = claim.scan if landing.marks_seen else 0
    new = await raw.keep_new(connection, claim.stream_id, claim.run_id, scan, claim.at, [p for p, _ in out.new])
    await raw.keep_changed(connection, claim.run_id, claim.at, [(id, p) for id, p, _ in out.changed])
    await raw.renew(connection, out.renewed)
    if landing.marks_seen:
        await raw.run(connection, "seen", scan=claim.scan, ids=out.seen)
    out.counts.new += len(out.new)
    out.counts.changed += len(out.changed)
    payload_ids = {p.key: id for (p, _), id in zip(out.new, new, strict=True)}
    payload_ids.update({p.key: id for id, p, _ in out.changed})
    return payload_ids


async def clear_rejects(connection: Connection, landing: Landing, mapped: Mapped, files: Sequence[str]) -> None:
    """Close rejects whose record has come good, and those of files that were read again without them."""
    claim = landing.claim
    state = "replayed" if claim.mode is SyncMode.REPLAY else "superseded"
    identities = [keyed(key) for key in mapped]
    await raw.run(connection, "clear", stream_id=claim.stream_id, identities=identities, state=state)
    if files:
        await raw.run(connection, "clear_files", stream_id=claim.stream_id, run_id=claim.run_id, files=list(files))
