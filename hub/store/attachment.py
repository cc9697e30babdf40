"""Files of cases, kept in the database as they came. A file is sent first and then added to a case by whoever sent it."""

import hashlib
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from tortoise import fields
from tortoise.indexes import Index

from hub.clock import now
from hub.errors import Declined
from hub.store.base import Now, Row
from hub.store.database import Connection
from hub.store.statements import statement

LARGEST = 5 * 1024 * 1024
# Files that were sent and are in no case yet; they are forgotten after a day.
MOST_WAITING = 20
OFFICE = "application/vnd.openxmlformats-officedocument"
MEDIA_TYPES = (
    "application/pdf", "image/png", "image/jpeg", "image/webp", "text/plain", "text/csv",
    f"{OFFICE}.spreadsheetml.sheet", f"{OFFICE}.wordprocessingml.document",
)  # fmt: skip


class AttachmentRow(Row):
    """A file as it came. `case_id` is null until it is added to a case."""

    case_id = fields.BigIntField(null=True)
    name = fields.TextField()
    media_type = fields.TextField()
    body = fields.BinaryField()
    size = fields.IntField()
    sha256 = fields.TextField()
    visible_to_partner = fields.BooleanField(db_default=False)
    sent_by = fields.BigIntField()
    sent_at = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "attachment"
        indexes = (Index(fields=("case_id",)), Index(fields=("sent_by",)))


class File(Struct, frozen=True, kw_only=True):
    """A file to keep or to hand out."""

    name: str
    media_type: str
    body: bytes


async def send(connection: Connection, user_id: int, file: File) -> int:
    """Keep a file for its sender to add to a case, and return its id. Raises Declined for one that is not taken."""
    if not 1 <= len(file.name) <= 200 or not file.name.isprintable() or "/" in file.name or "\\" in file.name:
        raise Declined(
            "invalid",
            "The name of a file has 1 to 200 printable characters and no slash.",
            "文件名为 1 至 200 个可显示字符，且不含斜杠。",
            field="name",
        )
    if file.media_type not in MEDIA_TYPES:
        known = ", ".join(MEDIA_TYPES)
        raise Declined("invalid", f"A file is one of {known}.", f"文件类型须为以下之一：{known}。", field="mediaType")
    if not 1 <= len(file.body) <= LARGEST:
        raise Declined("invalid", f"A file has 1 to {LARGEST:,} bytes.", f"文件大小须为 1 至 {LARGEST:,} 字节。", field="body")
    values = {
        "name": file.name,
        "media_type": file.media_type,
        "body": file.body,
        "size": len(file.body),
        "sha256": hashlib.sha256(file.body).hexdigest(),
        "user_id": user_id,
        "now": now(),
        "most": MOST_WAITING,
    }
    made = await connection.fetchval(SEND.sql, *SEND.arguments(values))
    if made is None:
        raise Declined(
            "policy",
            f"{MOST_WAITING} files of yours wait to be added to a case; add them first.",
            f"您已有 {MOST_WAITING} 个文件等待加入案件；请先加入。",
            field="name",
        )
    return int(made)


async def attach(connection: Connection, values: Mapping[str, object]) -> Mapping[str, Any] | None:
    """Add a waiting file to a case for its sender; None when there is none, or the case holds as many as it may."""
    row: Mapping[str, Any] | None = await connection.fetchrow(ATTACH.sql, *ATTACH.arguments(values))
    return row


async def read(connection: Connection, attachment_id: int) -> File | None:
    """Return a file of a case. Who may see it has been decided before."""
    row = await connection.fetchrow(READ.sql, attachment_id)
    return None if row is None else File(name=row["name"], media_type=row["media_type"], body=row["body"])


async def forget(connection: Connection) -> None:
    """Drop files that were sent more than a day ago and added to no case."""
    await connection.execute(FORGET.sql, now())


SEND = statement("attachment", "send")
ATTACH = statement("attachment", "attach")
READ = statement("attachment", "read")
FORGET = statement("attachment", "forget")
