"""SyncRun: one execution of a sync for one stream."""

from datetime import datetime, timedelta
from enum import Enum

import strawberry

from schema.compiler.catalog import Sort, column, one, pages, part, table, text
from schema.node import GLOBAL_ID, Node
from schema.paging import Connection
from schema.raw import Reject
from schema.scalars import BigInt
from schema.source import Source, SourceFilter, Stream
from schema.where import Choice, DateTimeFilter, IDFilter, SortKey, related, where


@strawberry.enum(description="How much a run reads.")
class SyncMode(Enum):
    INCREMENTAL = strawberry.enum_value("incremental", description="Changes since the last checkpoint.")
    BACKFILL = strawberry.enum_value("backfill", description="A bounded period of the past, in parallel with incremental runs.")
    RECONCILE = strawberry.enum_value("reconcile", description="Everything, to find deletions and to audit counts.")
    REPLAY = strawberry.enum_value("replay", description="Nothing is fetched: stored payloads or rejects are mapped again.")


@strawberry.enum(description="Why a run exists.")
class SyncTrigger(Enum):
    SCHEDULE = strawberry.enum_value("schedule", description="The clock.")
    MANUAL = strawberry.enum_value("manual", description="A person or a client.")
    WEBHOOK = strawberry.enum_value("webhook", description="A hint from the source.")
    MAPPING = strawberry.enum_value(
        "mapping", description="A unit mapping was accepted or taken back, or all was to be mapped again."
    )
    RESUME = strawberry.enum_value("resume", description="Follow-up of a partial, throttled or lost run.")


@strawberry.enum(description="State or outcome of a run.")
class SyncRunState(Enum):
    REQUESTED = strawberry.enum_value("requested", description="Asked for, not yet claimed by a worker.")
    RUNNING = strawberry.enum_value("running", description="A worker holds it.")
    SUCCEEDED = strawberry.enum_value("succeeded", description="All that was announced is stored.")
    SUCCEEDED_WITH_REJECTS = strawberry.enum_value(
        "succeeded_with_rejects", description="As SUCCEEDED, and some records are in quarantine."
    )
    PARTIAL = strawberry.enum_value("partial", description="Stopped after a checkpoint; the next run continues there.")
    RATE_LIMITED = strawberry.enum_value(
        "rate_limited", description="Waiting for the source's quota until `retryAt`. Not an attempt."
    )
    FAILED = strawberry.enum_value("failed", description="Stopped by an error; nothing after the last checkpoint is stored.")
    CANCELLED = strawberry.enum_value("cancelled", description="Stopped by a person.")
    LOST_LEASE = strawberry.enum_value("lost_lease", description="Another worker took over; the late commit was refused.")
    SUPERSEDED = strawberry.enum_value("superseded", description="A newer slot of the same stream ran instead.")


@strawberry.type(description="Why a run did not succeed.")
class SyncError:
    kind: str = column("kind", "Name of the error class: `SourceBusy`, `CredentialRefused`.", always=True)
    message: str = text("message", "Sentence for a person. Secrets are removed.", always=True)
    retryable: bool = column("retryable", "Whether the hub tries again by itself.", always=True)


@table(
    "sync_run",
    sorts={
        "REQUESTED_AT": Sort("requested_at", "timestamptz"),
        "FINISHED_AT": Sort("finished_at", "timestamptz", nullable=True),
    },
)
@strawberry.type(description="One execution of a sync for one stream.")
class SyncRun(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    source: Source = one("source_id", "Source.")
    stream: Stream = one("stream_id", "Stream.")
    mode: SyncMode = column("mode", "How much it reads.")
    trigger: SyncTrigger = column("trigger", "Why it exists.")
    state: SyncRunState = column("state", "State or outcome.")
    slot: datetime = column("slot", "Nominal time of the firing, or of the request. Unique with source and stream.")
    requested_at: datetime = column("requested_at", "When it was asked for.")
    started_at: datetime | None = column("started_at", "When a worker claimed it; null before.")
    finished_at: datetime | None = column("finished_at", "When it ended; null while it has not.")
    retry_at: datetime | None = column("retry_at", "When it continues; set only when RATE_LIMITED or PARTIAL.")
    attempts: int = column("attempts", "Attempts so far. Waiting for quota is not an attempt.")
    request_count: int = column("request_count", "Requests sent to the source.")
    bytes_received: BigInt = column("bytes_received", "Bytes received from the source, after decompression.")
    throttled_count: int = column("throttled_count", "Answers that told the hub to slow down.")
    waited: timedelta = column("{waited_ms} / 1000.0", "Time spent waiting for quota.")
    records_read: int = column("records_read", "Records received.")
    records_new: int = column("records_new", "Records stored for the first time.")
    records_changed: int = column("records_changed", "Records whose content changed.")
    records_unchanged: int = column("records_unchanged", "Records whose content was already stored.")
    records_removed: int = column("records_removed", "Records marked as deleted.")
    records_rejected: int = column("records_rejected", "Records set aside.")
    records_announced: int | None = column(
        "records_announced",
        "Records the source announced; null when it announces none. SUCCEEDED requires equality with `recordsRead`.",
    )
    watermark_before: datetime | None = column("watermark_before", "Stream watermark when the run began.")
    watermark_after: datetime | None = column("watermark_after", "Stream watermark after its last checkpoint.")
    error: SyncError | None = part(
        {
            "kind": "error_kind",
            "message": "coalesce({error_message}, {error_kind})",
            "retryable": "coalesce({error_retryable}, false)",
        },
        "Why it did not succeed; null when it did.",
        when="{error_kind} IS NOT NULL",
    )
    notes: list[str] = column(
        "ARRAY(SELECT jsonb_array_elements_text({notes}))",
        "What an operator should know of the read: a file ignored, columns unknown.",
        always=True,
    )
    rejects: Connection[Reject] = pages(
        "Rejects of this run, newest first.", [("LAST_SEEN_AT", True)], join="{run_id} = {up.id}"
    )


@strawberry.input(description="Conditions on SyncRunState.")
class SyncRunStateFilter(Choice[SyncRunState]):
    pass


@strawberry.input(description="Which runs.")
class SyncRunFilter:
    source: IDFilter | None = where("source_id", "Source.", to="Source")
    stream: IDFilter | None = where("stream_id", "Stream.", to="Stream")
    state: SyncRunStateFilter | None = where("state", "State.")
    requested_at: DateTimeFilter | None = where("requested_at", "Time it was asked for.", cast="timestamptz")
    source_is: SourceFilter | None = related("Source", "source_id", "`source` is such.")


@strawberry.enum(description="What runs can be sorted by. The id is always added as the last key, so that the order is total.")
class SyncRunSortField(Enum):
    REQUESTED_AT = strawberry.enum_value("requested_at", description="Time it was asked for.")
    FINISHED_AT = strawberry.enum_value("finished_at", description="Time it ended.")


@strawberry.input(description="One sort key of runs. At most 3 keys.")
class SyncRunSort(SortKey[SyncRunSortField]):
    pass


@strawberry.type
class SyncRunQuery:
    sync_runs: Connection[SyncRun] | None = pages(
        "Sync runs. Default order: newest request first.",
        [("REQUESTED_AT", True)],
        filter=SyncRunFilter | None,
        order=list[SyncRunSort] | None,
    )
