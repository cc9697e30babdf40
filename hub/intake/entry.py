"""Records that people enter: kept with a payload and a run of a source like those that are read, and judged like them."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from hub.intake.batch import payload
from hub.intake.fingerprint import fingerprint
from hub.intake.rows import write_rows
from hub.intake.shape import SHAPES, Reference
from hub.records import CanonicalRecord
from hub.records.message import Record
from hub.store import dirty, raw
from hub.store.database import Connection
from hub.store.sync_run import entered

# The source of everything that was entered.
SOURCE = "entered"


async def enter(
    connection: Connection,
    source_id: int,
    stream: str,
    record: CanonicalRecord,
    named: Mapping[Reference, int],
    at: datetime,
    written: bytes | None = None,
) -> int:
    """Store a record, new or changed, and have it judged; return its id. `named` are the records it refers to.

    `written` is its payload where that is not simply its fields.
    """
    shape = SHAPES[type(record)]
    key = shape.key(record)
    body = payload_of(record) if written is None else written
    told = Record(key=(key,), raw=body)
    kept = payload(key, told, fingerprint(body), ())
    stream_id, run_id = await entered(connection, source_id, stream, at)
    known = (await raw.known(connection, stream_id, [key])).get(key)
    if known is None:
        (raw_id,) = await raw.keep_new(connection, stream_id, run_id, 0, at, [kept])
    else:
        raw_id = known.id
        await raw.keep_changed(connection, run_id, at, [(raw_id, kept)])
    row = shape.row(record, (source_id, key, raw_id, at), named)
    await dirty.mark(connection, await write_rows(connection, shape, [], [row]))
    found: int = await connection.fetchval(
        f"SELECT id FROM {shape.table.name} WHERE source_id = $1 AND key = $2",  # noqa: S608
        source_id,
        key,
    )
    return found


def payload_of(record: CanonicalRecord) -> bytes:
    """Return what is known of a record, field by field."""
    return msgspec.json.encode({name: value for name, value in msgspec.structs.asdict(record).items() if value is not None})
