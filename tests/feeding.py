"""A source for tests: canonical records go the whole way through intake, as if a connector had mapped them."""

from collections.abc import Iterable, Sequence

from hub.errors import MappingError
from hub.intake.batch import Batch, Landing, key_text
from hub.intake.identity import Origin
from hub.intake.landing import Landed, begin, land
from hub.intake.shape import SHAPES
from hub.records import CanonicalRecord, Order
from hub.records.message import Checkpoint, Record, SyncMode, Tombstone
from hub.records.source import DeletePolicy, Stream, StreamModel
from hub.store.database import Store
from hub.store.source import SourceEntry, StreamEntry, declare
from hub.store.sync_run import claim, finish, request

STREAM = Stream(name="all", model=StreamModel.CUSTOM, primary_key=("id",), deletes=DeletePolicy.SCAN)


class Source:
    """One stream of a source, which takes records of every noun."""

    def __init__(self, store: Store, source_id: int, name: str, stream: str = STREAM.name) -> None:
        self.store = store
        self.source_id = source_id
        self.name = name
        self.stream = stream
        self.payloads: dict[bytes, Sequence[CanonicalRecord]] = {}

    def normalise(self, raw: bytes) -> Iterable[CanonicalRecord]:
        """Return what a payload stands for; a payload nobody sent is unreadable."""
        if raw not in self.payloads:
            raise MappingError("This payload says nothing.", code="bad_code", field="id", value=raw.decode())
        return self.payloads[raw]

    def record(self, *records: CanonicalRecord, key: str | None = None, version: str | None = None) -> Record:
        """Return the message that stands for some records; its key is that of the first unless given."""
        raw = repr(records).encode()
        self.payloads[raw] = records
        return Record(key=(key or key_of(records[0]),), raw=raw, version=version)

    async def land(
        self,
        *messages: Record | Tombstone,
        mode: SyncMode = SyncMode.INCREMENTAL,
        complete: bool = True,
        again: bool = False,
    ) -> Landed:
        """Land messages as one checkpoint of a run of its own."""
        landing = await self.landing(mode)
        checkpoint = Checkpoint(state={"at": len(messages)}, complete=complete)
        landed = await land(self.store, landing, Batch(checkpoint, messages), again=again)
        await finish(self.store, landing.claim, "succeeded")
        return landed

    async def landing(self, mode: SyncMode = SyncMode.INCREMENTAL) -> Landing:
        """Claim a new run of the stream."""
        async with self.store.connection() as connection:
            stream_id = await connection.fetchval(
                "SELECT id FROM stream WHERE source_id = $1 AND name = $2", self.source_id, self.stream
            )
            slot = await connection.fetchval("SELECT clock_timestamp()")
            run_id = await request(connection, source_id=self.source_id, stream_id=stream_id, slot=slot, mode=mode)
        assert run_id is not None
        held = await claim(self.store, run_id)
        assert held is not None
        landing = Landing(
            Origin(self.source_id, self.name), held, STREAM, self.normalise, marks_seen=mode is SyncMode.RECONCILE
        )
        await begin(self.store, landing)
        return landing

    async def send(self, *records: CanonicalRecord) -> Landed:
        """Land records, each as a payload of its own."""
        return await self.land(*(self.record(record) for record in records))

    async def withdraw(self, *keys: str) -> Landed:
        """Land the source's word that these are gone."""
        return await self.land(*(Tombstone(key=(key,)) for key in keys))


async def source(store: Store, name: str = "demo", *, masters: bool = False) -> Source:
    """Declare a source with one stream."""
    (one,) = await streams_of(store, name, [STREAM.name], masters=masters)
    return one


async def streams_of(store: Store, name: str, streams: Sequence[str], *, masters: bool = False) -> list[Source]:
    """Declare a source; return each of its streams."""
    entry = SourceEntry(
        name=name, title=name, connector="test", connector_version="1", kind="file", quality="unrated", is_masters=masters
    )
    entries = [
        StreamEntry(name=stream, position=position, model="custom", schedule=None, deletes="scan", freshness_s=900)
        for position, stream in enumerate(streams)
    ]
    async with store.transaction() as connection:
        source_id = await declare(connection, entry, entries)
    return [Source(store, source_id, name, stream) for stream in streams]


def key_of(record: CanonicalRecord) -> str:
    """Return a key that is unique over all nouns of the stream."""
    if isinstance(record, Order):
        return f"order:{record.number}"
    shape = SHAPES[type(record)]
    return key_text((f"{shape.noun}:{shape.key(record)}",))
