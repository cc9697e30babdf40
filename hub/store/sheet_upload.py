"""Where files of sheets rest that are sent to be imported: what was announced, whether it came, and the source it went to."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from tortoise import fields
from tortoise.indexes import Index

from hub.store import audit
from hub.store.audit import Entry
from hub.store.base import Now, Row
from hub.store.database import Connection
from hub.store.statements import prepared

# Files of one user that were announced or sent and are not imported yet.
MOST_WAITING = 20
TO_SEND = timedelta(minutes=15)
TO_IMPORT = timedelta(days=1)


class SheetUploadRow(Row):
    """A file by what is known of it; its bytes are in the hub's folder.

    `expires_at` is until when it has to be sent, then until when it has to be imported.
    """

    file_name = fields.TextField()
    size = fields.IntField()
    sha256 = fields.TextField(null=True)
    state = fields.TextField(db_default="requested")
    requested_by = fields.BigIntField(null=True)
    requested_at = fields.DatetimeField(db_default=Now())
    expires_at = fields.DatetimeField()
    received_at = fields.DatetimeField(null=True)
    imported_at = fields.DatetimeField(null=True)
    source_id = fields.BigIntField(null=True)

    class Meta:
        table = "sheet_upload"
        indexes = (Index(fields=("requested_at", "id")), Index(fields=("source_id",)))


class Announced(Struct, frozen=True, kw_only=True):
    """A file that is to be sent. `sha256` None is not known before it has come."""

    file_name: str
    size: int
    sha256: str | None = None


class Upload(Announced, frozen=True, kw_only=True):
    """A file as it is known; `source` is the name of the source it went to."""

    id: int
    state: str
    expires_at: datetime
    source_id: int | None
    source: str | None


async def announce(connection: Connection, file: Announced, user_id: int | None, at: datetime) -> int | None:
    """Note a file that is to be sent and return its id; None when too many of the user's wait already."""
    made: int | None = await connection.fetchval(
        *prepared(
            "sheet_upload",
            "announce",
            file_name=file.file_name,
            size=file.size,
            sha256=file.sha256,
            user_id=user_id,
            at=at,
            expires_at=(at + TO_SEND).replace(microsecond=0),
            most=MOST_WAITING,
        )
    )
    return made


async def find(connection: Connection, upload_id: int, *, hold: bool = False) -> Upload | None:
    """Return a file; `hold` keeps it from others until the transaction ends."""
    row = await connection.fetchrow(*prepared("sheet_upload", "held" if hold else "found", id=upload_id))
    return None if row is None else Upload(**row)


async def receive(connection: Connection, upload_id: int, sha256: str, at: datetime) -> bool:
    """Note that a file has come; False when it came before or is not waited for any more."""
    values = {"id": upload_id, "sha256": sha256, "at": at, "expires_at": at + TO_IMPORT}
    return await connection.fetchval(*prepared("sheet_upload", "receive", **values)) is not None


async def loading(connection: Connection, source_id: int) -> int | None:
    """Return an upload that the source is still loading, if any. Keeps the source from others until the transaction ends."""
    await connection.execute("SELECT FROM source WHERE id = $1 FOR UPDATE", source_id)
    found: int | None = await connection.fetchval(*prepared("sheet_upload", "loading", source_id=source_id))
    return found


async def load(
    connection: Connection, upload: Upload, source_id: int, user_id: int | None, *, source: str, at: datetime
) -> list[int]:
    """Ask for the runs that load a file into a source, one for each stream; return them.

    It is a person who asks, so a source that waits for one need not wait any longer.
    """
    values = {"upload_id": upload.id, "source_id": source_id, "at": at}
    await connection.execute(*prepared("sheet_upload", "imported", **values))
    runs = [row["id"] for row in await connection.fetch(*prepared("sheet_upload", "load", **values))]
    after = {"source": source, "file": upload.file_name, "sha256": upload.sha256}
    entry = Entry(actor_id=user_id, action="imported", noun="sheet_upload", subject_id=upload.id, after=after)
    await audit.write(connection, entry)
    return runs


async def runs_of(connection: Connection, upload_id: int) -> list[int]:
    """Return the runs that load a file, in their order."""
    return [row["id"] for row in await connection.fetch(*prepared("sheet_upload", "runs", id=upload_id))]


async def forget(connection: Connection, at: datetime) -> None:
    """Forget files that were never sent, or sent and never imported, in their time."""
    await connection.execute(*prepared("sheet_upload", "forget", at=at))


async def needed(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Return which of these files may still be sent, imported or read."""
    return {row["id"] for row in await connection.fetch(*prepared("sheet_upload", "needed", ids=list(ids)))}
