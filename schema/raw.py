"""RawRecord: a payload as the source sent it. Reject: one that could not be stored."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from schema.compiler.catalog import Sort, column, one, pages, part, table, template, text
from schema.context import Role
from schema.node import GLOBAL_ID, Node
from schema.paging import Connection
from schema.source import INSIDERS, Source, Stream
from schema.where import Choice, DateTimeFilter, IDFilter, where

if TYPE_CHECKING:
    from schema.sync_run import SyncRun

# What was sent about customers and orders names people.
MAY_NAME = "{viewer_role} <> 'admin' AND (SELECT of.model FROM stream AS of WHERE of.id = {stream_id}) IN ('customer', 'order')"


@strawberry.type(description="Where a record stands in the file it came in.")
class RecordPlace:
    file: str = column("{place} ->> 'file'", "Name of the file.", always=True)
    sheet: str | None = column("{place} ->> 'sheet'", "Name of the sheet in a workbook; null for text files.")
    line: int | None = column(
        "({place} ->> 'line')::int", "Physical line where the row starts; the header is line 1. Null for a file of one record."
    )


def place_of(place: str, *, roles: Sequence[Role] = ()) -> Any:
    """Declare where a record stands, by the column or expression that holds it."""
    when = f"({template(place)}) ->> 'file' IS NOT NULL"
    return part({"place": place}, "Where it stands, for what came in a file.", when=when, roles=roles)


@table("raw_record", live="{deleted_at} IS NULL")
@strawberry.type(description="A payload as the source sent it, secrets removed.")
class RawRecord(Node):
    id: strawberry.ID = column("id", GLOBAL_ID, always=True)
    source: Source = one("{id} = (SELECT of.source_id FROM stream AS of WHERE of.id = {up.stream_id})", "Source.")
    stream: Stream = one("stream_id", "Stream.")
    key: list[str] = column(
        "string_to_array({key}, '|')", "Primary key at the source, in the order the manifest declares.", always=True
    )
    content_hash: str = column("encode({content_hash}, 'hex')", "128-bit content hash, 32 hexadecimal digits.", always=True)
    content_type: str = column("content_type", "Media type of `body`.", always=True)
    body: str | None = column(
        f"CASE WHEN {MAY_NAME} THEN NULL ELSE hub_payload_text({{body}}) END",
        "The payload as text; null when removed by retention, and of customers and orders for all but ADMIN. "
        "At most 1 MiB is returned.",
    )
    body_bytes: int = column("octet_length({body})", "Size of the payload in bytes.", always=True)
    source_version: str | None = column("version", "Version the source gave it; null when it gives none.")
    received_at: datetime = column("received_at", "When the hub received it.", always=True)
    place: RecordPlace | None = place_of("place")


@strawberry.enum(description="Why a record was set aside.")
class RejectReason(Enum):
    UNDECODABLE = strawberry.enum_value("undecodable", description="The payload cannot be decoded.")
    MISSING_FIELD = strawberry.enum_value("missing_field", description="A required field is missing or null.")
    INVALID_VALUE = strawberry.enum_value("invalid_value", description="A field has a value that its type does not allow.")
    SCHEMA_DRIFT = strawberry.enum_value(
        "schema_drift", description="The shape changed and the stream's drift policy refuses it."
    )
    MISSING_KEY = strawberry.enum_value("missing_key", description="The primary key is missing.")
    AMBIGUOUS_VERSION = strawberry.enum_value(
        "ambiguous_version",
        description="The same key came twice in one run with different content and no order between them.",
    )
    BROKEN_REFERENCE = strawberry.enum_value(
        "broken_reference", description="It refers to something that does not exist and cannot be created."
    )


@strawberry.enum(description="State of a reject.")
class RejectState(Enum):
    OPEN = strawberry.enum_value("open", description="Waits for a correction.")
    REPLAYED = strawberry.enum_value("replayed", description="A replay stored the record.")
    SUPERSEDED = strawberry.enum_value("superseded", description="A newer good version of the record arrived.")
    DISCARDED = strawberry.enum_value("discarded", description="A person decided to drop it.")


@strawberry.type(description="Where a rejected row of a file stands.")
class RejectPlace:
    file: str = column("{place} ->> 'file'", "Name of the file.", always=True)
    sheet: str | None = column("{place} ->> 'sheet'", "Name of the sheet in a workbook; null for CSV and EDI.")
    line: int | None = column(
        "({place} ->> 'line')::int",
        "Physical line or segment number where the row starts; the header is line 1.",
    )
    column: str | None = column("{place} ->> 'column'", "Header of the column at fault; null when the whole row or file is.")


@table("reject", sorts={"LAST_SEEN_AT": Sort("last_seen_at", "timestamptz")})
@strawberry.type(description="A record that could not be stored.")
class Reject(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    run: Annotated["SyncRun", strawberry.lazy("schema.sync_run")] = one("run_id", "Run in which it was last seen.")
    stream: Stream = one("stream_id", "Stream.")
    key: list[str] | None = column(
        "string_to_array({key}, '|')", "Primary key at the source; null when the key itself is unreadable."
    )
    reason: RejectReason = column("reason", "Why, in one of few words.")
    code: str = column(
        "code", "Why, exactly: the code of the check that failed, such as `bad_date`, `unknown_ref`, `missing_column`."
    )
    field: str | None = column("field", "Path of the field at fault: `lines.0.price`; null when the whole payload is.")
    value: str | None = column(
        f"CASE WHEN {MAY_NAME} THEN NULL ELSE left({{value}}, 200) END",
        "The value at fault, its first 200 characters; null when there is none or it is secret, and of customers and orders "
        "for all but ADMIN.",
    )
    place: RejectPlace | None = part(
        {"place": "place"},
        "Where it stands, for records that came in a file.",
        when="{place} ->> 'file' IS NOT NULL",
    )
    message: str = text("message", "Sentence for a person.")
    raw: RawRecord | None = part(
        {
            "id": "- {id}",
            "stream_id": "stream_id",
            "key": "coalesce({key}, {identity})",
            "content_hash": "substring(sha256({body}) FOR 16)",
            "content_type": "'application/octet-stream'::text",
            "body": "body",
            "version": "version",
            "received_at": "last_seen_at",
        },
        "The payload.",
        roles=INSIDERS,
    )
    state: RejectState = column("state", "State.")
    first_seen_at: datetime = column("first_seen_at", "When it was first seen.")
    last_seen_at: datetime = column("last_seen_at", "When it was last seen.")
    occurrences: int = column("occurrences", "How many runs and replays met it.")


@strawberry.input(description="Conditions on RejectReason.")
class RejectReasonFilter(Choice[RejectReason]):
    pass


@strawberry.input(description="Conditions on RejectState.")
class RejectStateFilter(Choice[RejectState]):
    pass


@strawberry.input(description="Which rejects.")
class RejectFilter:
    source: IDFilter | None = where("source_id", "Source.", to="Source")
    stream: IDFilter | None = where("stream_id", "Stream.", to="Stream")
    reason: RejectReasonFilter | None = where("reason", "Reason.")
    state: RejectStateFilter | None = where("state", "State. Default OPEN when the whole filter is left out.")
    last_seen_at: DateTimeFilter | None = where("last_seen_at", "Time of the latest occurrence.", cast="timestamptz")


@strawberry.type
class RawQuery:
    rejects: Connection[Reject] | None = pages(
        "Records set aside. Default order: latest occurrence first.",
        [("LAST_SEEN_AT", True)],
        filter=RejectFilter | None,
        unfiltered="{state} = 'open'",
    )
