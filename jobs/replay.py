"""Map stored payloads again, without calling the source: after a mapping was mended, or when what was missing has come."""

from collections.abc import Collection, Sequence
from typing import Any

import structlog
from msgspec import Struct

from hub.errors import SettingsError
from hub.intake.batch import Batch, Landing
from hub.intake.landing import begin, land
from hub.records.message import Checkpoint, Place, Record, SyncMode
from hub.settings import Settings
from hub.store import raw
from hub.store.database import Store
from hub.store.sync_run import Claim, Counts, claim, finish, request
from jobs.policies import publish_policies
from jobs.sources import OpenSource, open_source, source_settings

log = structlog.get_logger()

CHUNK = 5_000
# What the trigger of a run says when units are counted otherwise.
MAPPING = "mapping"
# A chain of references is as long as a tree is deep; more passes than this means that nothing moves.
MOST_PASSES = 20


class Replayed(Struct, frozen=True, kw_only=True):
    """What mapping again did to one stream."""

    source: str
    stream: str
    run_id: int
    counts: Counts


async def replay(store: Store, settings: Settings, source: str | None = None) -> list[Replayed]:
    """Map every stored payload and every reject of a source, or of all sources, again."""
    async with store.connection() as connection:
        rows = await connection.fetch(
            "SELECT s.name, st.id FROM stream AS st JOIN source AS s ON s.id = st.source_id"
            " WHERE $1::text IS NULL OR s.name = $1 ORDER BY s.id, st.position",
            source,
        )
    if source is not None and not rows:
        await source_settings(store, settings, source)
    done = []
    for row in rows:
        done.append(await replay_stream(store, settings, row["name"], row["id"], payloads=True))
    return [one for one in done if one is not None]


async def replay_run(store: Store, settings: Settings, run_id: int, chosen: Sequence[int] | None = None) -> Replayed | None:
    """Carry out a requested replay of one stream: the chosen rejects, else all that are open.

    A run for a unit mapping maps everything that is stored again.
    """
    async with store.connection() as connection:
        row = await connection.fetchrow(
            "SELECT s.name, r.stream_id, r.trigger FROM sync_run AS r JOIN source AS s ON s.id = r.source_id WHERE r.id = $1",
            run_id,
        )
    return await replay_stream(
        store, settings, row["name"], row["stream_id"], run_id=run_id, payloads=row["trigger"] == MAPPING, chosen=chosen
    )


async def retry_waiting(store: Store, settings: Settings, nouns: Collection[str]) -> int:
    """Try rejects again that waited for records of these nouns; return how many were accepted.

    Of all sources: the masters may come after those who refer to them. Repeats while something is accepted, because a record
    that is accepted may be what another waits for.
    """
    accepted = 0
    waited = set(nouns)
    for _ in range(MOST_PASSES):
        async with store.connection() as connection:
            streams = await raw.rows(connection, "waiting", nouns=sorted(waited))
        moved = 0
        for row in streams:
            done = await replay_stream(store, settings, row["name"], row["stream_id"], nouns=sorted(waited))
            moved += done.counts.new + done.counts.changed if done else 0
        if not moved:
            return accepted
        accepted += moved
    return accepted


async def replay_stream(
    store: Store,
    settings: Settings,
    source: str,
    stream_id: int,
    *,
    run_id: int | None = None,
    payloads: bool = False,
    nouns: Sequence[str] | None = None,
    chosen: Sequence[int] | None = None,
) -> Replayed | None:
    """Map one stream's rejects again, and with `payloads` what is stored as well; None when another worker took the run."""
    held = await claim(store, run_id or await ask(store, stream_id))
    if held is None:
        return None
    counts = Counts()
    try:
        async with open_source(store, settings, await source_settings(store, settings, source)) as opened:
            await remap(store, opened, held, counts, payloads=payloads, nouns=nouns, chosen=chosen)
        await publish_policies(store, settings, held)
    except SettingsError as error:
        await finish(store, held, "failed", error=error)
        log.warning("replay impossible", source=source, reason=str(error))
        return None
    await finish(store, held, "succeeded_with_rejects" if counts.rejected else "succeeded")
    return Replayed(source=source, stream=held.stream, run_id=held.run_id, counts=counts)


async def ask(store: Store, stream_id: int) -> int:
    """Ask for a replay now."""
    async with store.connection() as connection:
        row = await connection.fetchrow("SELECT source_id, clock_timestamp() AS slot FROM stream WHERE id = $1", stream_id)
        run_id = await request(
            connection, source_id=row["source_id"], stream_id=stream_id, slot=row["slot"], mode=SyncMode.REPLAY
        )
    assert run_id is not None
    return run_id


async def remap(
    store: Store,
    opened: OpenSource,
    held: Claim,
    counts: Counts,
    *,
    payloads: bool,
    nouns: Sequence[str] | None,
    chosen: Sequence[int] | None,
) -> None:
    """Land the payloads of a stream again, in chunks."""
    stream, config = opened.manifest.stream(held.stream), opened.context.config
    landing = Landing(opened.origin, held, stream, lambda body: opened.connector.normalise(config, stream, body), totals=counts)
    await begin(store, landing)
    if payloads:
        await remap_each(store, landing, "payloads")
    await remap_each(store, landing, "open_rejects", nouns=nouns, chosen=chosen)


async def remap_each(store: Store, landing: Landing, statement: str, **values: object) -> None:
    """Land chunk after chunk of what a statement finds."""
    after = 0
    while True:
        async with store.connection() as connection:
            rows = await raw.rows(connection, statement, stream_id=landing.claim.stream_id, after=after, most=CHUNK, **values)
        if not rows:
            return
        after = rows[-1]["id"]
        checkpoint = Checkpoint(state=landing.claim.state)
        await land(store, landing, Batch(checkpoint, [record(row) for row in rows]), again=True)


def record(row: Any) -> Record:
    """Return a stored payload as its connector gave it."""
    place = row["place"] and {name: value for name, value in row["place"].items() if name != "column"}
    return Record(key=(row["key"],), raw=bytes(row["body"]), version=row["version"], place=Place(**place) if place else None)
