"""Source: one configured account of a connector, its streams, and what it says of a record's origin."""

from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.compiler.catalog import (
    Sort,
    Values,
    column,
    declared,
    figure,
    many,
    one,
    pages,
    part,
    table,
    text,
    values,
)
from schema.context import Role
from schema.directives import ListSize
from schema.node import GLOBAL_ID, Actor, Node
from schema.paging import Connection
from schema.scalars import BigInt, CurrencyCode
from schema.where import Choice, StringFilter, where

if TYPE_CHECKING:
    from schema.raw import RawRecord
    from schema.sync_run import SyncRun

ADMIN = (Role.ADMIN,)
INSIDERS = (Role.ADMIN, Role.ANALYST, Role.SERVICE)


@strawberry.enum(description="Level of a connector in the published quality scale.")
class ConnectorQuality(Enum):
    UNRATED = strawberry.enum_value("unrated", description="Conformance kit not passed.")
    BRONZE = strawberry.enum_value("bronze", description="Passes the conformance kit.")
    SILVER = strawberry.enum_value("silver", description="Bronze, plus incremental reads and an owner.")
    GOLD = strawberry.enum_value(
        "gold", description="Silver, plus deletes, back-fill, documented limits and a recent live run."
    )


@strawberry.enum(description="What kind of system a source is.")
class SourceKind(Enum):
    ECOMMERCE = strawberry.enum_value("ecommerce", description="Online shop or marketplace.")
    DISTRIBUTOR = strawberry.enum_value("distributor", description="Distributor's own system or portal.")
    CRM = strawberry.enum_value("crm", description="Customer relationship management.")
    ERP = strawberry.enum_value("erp", description="Enterprise resource planning.")
    FILE = strawberry.enum_value("file", description="Files in a folder, on SFTP or in an object store.")
    EDI = strawberry.enum_value("edi", description="X12 or EDIFACT interchanges.")


@strawberry.enum(description="Whether a source can be read.")
class SourceState(Enum):
    ACTIVE = strawberry.enum_value("active", description="Scheduled and readable.")
    PAUSED = strawberry.enum_value("paused", description="Stopped by a person; nothing is read until resumed.")
    REAUTH_REQUIRED = strawberry.enum_value(
        "reauth_required", description="Credentials no longer work; a person must authorise again."
    )
    NEEDS_ATTENTION = strawberry.enum_value(
        "needs_attention", description="Configuration or permission must be corrected by a person."
    )
    DISABLED = strawberry.enum_value("disabled", description="Removed from the configuration; stored records are kept.")
    BROKEN = strawberry.enum_value("broken", description="The connector cannot be loaded.")


@strawberry.enum(description="What the records of a stream become.")
class StreamModel(Enum):
    PRODUCT = strawberry.enum_value("product", description="Products and packs.")
    INVENTORY = strawberry.enum_value("inventory", description="Stock levels.")
    ORDER = strawberry.enum_value("order", description="Orders, sell-in, sell-out and returns.")
    CUSTOMER = strawberry.enum_value("customer", description="Customers, companies and contacts.")
    OFFER = strawberry.enum_value("offer", description="Advertised or listed prices.")
    SELL_THROUGH = strawberry.enum_value("sell_through", description="Distributor sell-through reports.")
    CLAIM = strawberry.enum_value("claim", description="Ship-and-debit, rebate and other claims.")
    CUSTOM = strawberry.enum_value("custom", description="Anything a plug-in defines.")


@strawberry.enum(description="How a stream learns of deletions.")
class DeletePolicy(Enum):
    FEED = strawberry.enum_value("feed", description="The source reports them.")
    SOFT_FLAG = strawberry.enum_value("soft_flag", description="A field of the record says so.")
    SCAN = strawberry.enum_value("scan", description="Absence from two complete scans.")
    NONE = strawberry.enum_value("none", description="Deletions cannot be seen; documented as a limit.")


LAG = "date_part('epoch', {now} - {watermark})::numeric"


@table("stream")
@strawberry.type(description="One kind of record read from one source.")
class Stream(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    source: Annotated["Source", strawberry.lazy("schema.source")] = one("source_id", "Source it belongs to.")
    name: str = column("name", "Name in the connector's manifest; unique within the source.")
    model: StreamModel = column("model", "What its records become.")
    schedule: str | None = column("schedule", "Cron expression in the source's time zone; null = only on request.")
    deletes: DeletePolicy = column("deletes", "How deletions are seen.")
    watermark: datetime | None = column(
        "watermark", "Every change the source made before this instant is stored; null before the first success."
    )
    lag: timedelta | None = column(LAG, "Now minus `watermark`.")
    freshness_target: timedelta = column("{freshness_s}::numeric", "Lag at which the stream counts as stale.")
    stale: bool = column(f"coalesce({LAG} > {{freshness_s}}, false)", "Whether `lag` exceeds `freshnessTarget`.", always=True)
    record_count: BigInt = figure(
        "RawRecord", "{stream_id} = {up.id}", "count(*)", "Records stored and not deleted. Exact.", always=True, cost="5"
    )
    open_reject_count: int = figure(
        "Reject",
        "{stream_id} = {up.id} AND {state} = 'open'",
        "count(*)",
        "Rejects in state OPEN. Exact.",
        always=True,
        cost="5",
    )
    last_run: Annotated["SyncRun", strawberry.lazy("schema.sync_run")] | None = one(
        "{stream_id} = {up.id}", "Latest run; null before the first.", order="{requested_at} DESC, {id} DESC"
    )


@strawberry.type(description="One entry of a setting that is a table.")
class SettingEntry:
    keys: list[str] = column("keys", "Its key; in a table of tables two, the outer one first.", always=True)
    value: str = column("value", "Its value.", always=True)


ITEMS = (
    "(SELECT coalesce(array_agg(item ORDER BY place), ARRAY[]::text[]) "
    "FROM jsonb_array_elements_text({items}) WITH ORDINALITY AS of_list (item, place))"
)
# A table holds texts, or tables of texts.
ENTRIES = (
    "jsonb_each(CASE jsonb_typeof({up.value}) WHEN 'object' THEN {up.value} ELSE '{{}}' END) AS outermost (key, value), "
    "LATERAL jsonb_each(CASE jsonb_typeof(outermost.value) WHEN 'object' THEN outermost.value "
    "ELSE jsonb_build_object('', outermost.value) END) AS inner_one (key, value), "
    "LATERAL (SELECT CASE jsonb_typeof(outermost.value) WHEN 'object' THEN ARRAY[outermost.key, inner_one.key] "
    "ELSE ARRAY[outermost.key] END AS keys, coalesce(inner_one.value #>> '{{}}', '') AS value) AS {row}"
)


@strawberry.type(description="One setting of a source. A secret stands there as a reference, never by its value.")
class SourceSetting:
    name: str = column("key", "Name, as the connector calls it.", always=True)
    entries: list[SettingEntry] = values(ENTRIES, "Entries of a table.", order="{keys}")
    value: str | None = column(
        "CASE WHEN jsonb_typeof({value}) IN ('string', 'number', 'boolean') THEN {value} #>> '{{}}' END",
        "Its value, or the reference of a secret: `env:NAME`, `file:PATH`; null of a list or a table.",
    )
    values: list[str] = column(
        ITEMS.format(items="CASE jsonb_typeof({value}) WHEN 'array' THEN {value} ELSE '[]' END"),
        "Items of a list.",
        always=True,
    )


@strawberry.enum(description="How far a try of a source is.")
class SourceCheckState(Enum):
    QUEUED = strawberry.enum_value("queued", description="Waits for a worker, or a worker is at it.")
    DONE = strawberry.enum_value("done", description="The source answered.")
    FAILED = strawberry.enum_value("failed", description="It did not; `error` says why and what to do.")


@strawberry.type(description="A stream that the account at a source has.")
class CheckedStream:
    name: str = column("name", "Name.", always=True)
    record_count: BigInt | None = column("records", "Records it holds; null where the source does not tell.")


@table("source_check")
@strawberry.type(description="A try of a source: whether it lets us in, and what it holds.")
class SourceCheck(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    source: Annotated["Source", strawberry.lazy("schema.source")] = one("source_id", "Source.")
    state: SourceCheckState = column("state", "How far it is.")
    requested_at: datetime = column("requested_at", "When it was asked for.")
    requested_by: Actor | None = one("requested_by", "Who asked for it; null when a service did.")
    finished_at: datetime | None = column("finished_at", "When the answer came.")
    account: str | None = column("account", "Account that was let in.")
    streams: list[CheckedStream] = values(
        "ROWS FROM (jsonb_to_recordset({up.streams}) AS (name text, records bigint)) WITH ORDINALITY "
        "AS {row} (name, records, place)",
        "Streams it has.",
        order="{place}",
    )
    missing: list[str] = column("missing", "What a person has to give before all can be read, in sentences.")
    error: str | None = column("error", "Why it failed.")


@table("source", sorts={"NAME": Sort("name", "text")})
@strawberry.type(description="A system that records come from.")
class Source(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    name: str = column("name", "Name; unique. Its kind where whose system it is may not be known.")
    title: str = column("title", "Title to show; its kind where whose system it is may not be known.")
    connector: str = column("connector", "Name of the connector.")
    connector_version: str = column("connector_version", "Version of the connector.")
    quality: ConnectorQuality = column("quality", "Level in the quality scale.")
    kind: SourceKind = column("kind", "Kind of system.")
    state: SourceState = column("state", "Whether it can be read now.")
    state_reason: str | None = text(
        "state_reason", "Why the state is not ACTIVE, and what to do, in the caller's language; null when ACTIVE."
    )
    time_zone: str = column("time_zone", "IANA time zone of times that the source writes without one.")
    default_currency: CurrencyCode | None = column(
        "default_currency", "Currency of amounts that the source writes without one; null when it always writes one."
    )
    managed_by_file: bool = column("{managed_by} = 'file'", "Whether `channelhub.toml` declares it; then it is read-only here.")
    version: int = column("version", "Grows with each change of what is said of it; for `expectedVersion`.")
    schedule: str | None = column(
        "{settings} ->> 'schedule'", "When it is read: cron in its time zone, or `every 15m`; null = only on request."
    )
    next_run_at: datetime | None = column("next_run_at", "When it is read next; null = only on request, or not at all now.")
    removal_limit: float | None = column(
        "({settings} ->> 'removal_limit')::float8", "Share of a stream that one run may remove at most. ADMIN.", roles=ADMIN
    )
    settings: list[SourceSetting] | None = declared(
        "What its connector is told, by name; a secret of channelhub.toml that is no reference is left out. ADMIN.",
        Values(
            "jsonb_each(coalesce({up.settings} -> 'settings', '{{}}')) AS {row} (key, value)",
            order="{key}",
        ),
        roles=ADMIN,
        directives=[ListSize(assumed_size=20)],
    )
    last_check: SourceCheck | None = one(
        "{source_id} = {up.id}", "The latest try. ADMIN.", order="{requested_at} DESC, {id} DESC", roles=ADMIN
    )
    streams: list[Stream] = many(
        "{source_id} = {up.id}", "{name}, {id}", "All streams, by name. At most 50.", limit=50, assumed=20
    )
    sync_runs: Connection[Annotated["SyncRun", strawberry.lazy("schema.sync_run")]] = pages(
        "Runs, newest first.", [("REQUESTED_AT", True)], join="{source_id} = {up.id}"
    )


@strawberry.type(description="Where a record came from and how fresh it is.")
class SyncInfo:
    source: Source = one("source_id", "Source system.")
    stream: Stream | None = one(
        "{id} = hub_stream_of({up.raw_id})", "Stream it was read from; null when its payload is no longer kept."
    )
    raw: Annotated["RawRecord", strawberry.lazy("schema.raw")] | None = one(
        "raw_id", "The payload as received; null when superseded bodies were removed by retention.", roles=INSIDERS
    )
    fetched_at: datetime = column("fetched_at", "When the hub last received the record.", always=True)
    source_updated_at: datetime | None = column(
        "source_updated_at", "When the source says it last changed the record; null when the source does not say."
    )
    source_updated_text: str | None = column("source_updated_text", "The same time exactly as the source wrote it.")
    stale: bool = column(
        "hub_stream_stale(hub_stream_of({raw_id}), {now})",
        "Whether the stream is behind its freshness target now.",
        always=True,
    )


SYNC = {name: name for name in ("source_id", "raw_id", "fetched_at", "source_updated_at", "source_updated_text")}


@table("identity_link", live="{deleted_at} IS NULL")
@strawberry.type(description="An id of the same thing in a source system.")
class ExternalRef:
    source: Source = one("source_id", "Source that uses the id.")
    external_id: str = column("key", "The id there.", always=True)
    url: str | None = column("NULL::text", "Page of the record in the source's own user interface, when known.")


@strawberry.interface(description="A record that came from a source system.")
class Synced:
    sync: SyncInfo = part(SYNC, "Where the record came from and how fresh it is.")
    external_refs: list[ExternalRef] = many(
        "{golden_id} = {up.id}",
        "{source_id}, {key}",
        "Ids of the same thing in every source that knows it and that the caller may recognise.",
    )


def own_reference() -> list[ExternalRef]:
    """Declare the ids of a record that only its own source knows."""
    found: list[ExternalRef] = values(
        "(SELECT {up.source_id} AS source_id, {up.key} AS key) AS {row}",
        "Ids of the same thing in every source that knows it and that the caller may recognise.",
    )
    return found


@strawberry.input(description="Conditions on SourceKind.")
class SourceKindFilter(Choice[SourceKind]):
    pass


@strawberry.input(description="Conditions on SourceState.")
class SourceStateFilter(Choice[SourceState]):
    pass


@strawberry.input(description="Which sources.")
class SourceFilter:
    name: StringFilter | None = where("name", "Name.")
    kind: SourceKindFilter | None = where("kind", "Kind.")
    state: SourceStateFilter | None = where("state", "State.")


@strawberry.type
class SourceQuery:
    sources: Connection[Source] | None = pages(
        "Source systems. Default order: name.", [("NAME", False)], filter=SourceFilter | None
    )
