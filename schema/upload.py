"""SheetUpload: a file of sheets that is sent to the hub and imported."""

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from hub.clock import now
from hub.errors import Declined
from hub.intake.shelf import LARGEST, SENT, Shelf, Unfit, check_name
from hub.store import sheet_upload
from hub.store.sheet_upload import Announced, Upload
from schema.auth.roles import demand
from schema.compiler.catalog import Sort, column, one, pages, table
from schema.compiler.door import read_row, read_rows
from schema.context import RequestContext
from schema.directives import Cost
from schema.errors import ErrorCode
from schema.node import GLOBAL_ID, Actor, Node
from schema.once import once
from schema.paging import Connection
from schema.reception import HASH, address_of
from schema.source import Source
from schema.sync_request import KEY
from schema.sync_run import SyncRun
from schema.user_error import Refusal, UserError, checked_id, declined, invalid, refusing
from schema.where import Choice, asked, given, where

Info = strawberry.Info[RequestContext, None]
SOURCE = "import"


@strawberry.enum(description="How far an upload is.")
class SheetUploadState(Enum):
    REQUESTED = strawberry.enum_value("requested", description="To be sent until `expiresAt`.")
    RECEIVED = strawberry.enum_value("received", description="Has come whole, and is to be imported until `expiresAt`.")
    IMPORTED = strawberry.enum_value("imported", description="Is loaded or being loaded; `runs` say how far.")


@table("sheet_upload", sorts={"REQUESTED_AT": Sort("requested_at", "timestamptz")})
@strawberry.type(description="A file of sheets that is sent to the hub and imported. One never imported is forgotten.")
class SheetUpload(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    file_name: str = column("file_name", "Name of the file.")
    size: int = column("size", "How many bytes it has.")
    sha256: str | None = column("sha256", "SHA-256 over its bytes, 64 hexadecimal digits; null while that is not known.")
    state: SheetUploadState = column("state", "How far it is.")
    requested_by: Actor | None = one("requested_by", "Who asked; null when a token without a user did.")
    requested_at: datetime = column("requested_at", "When it was asked for.")
    expires_at: datetime = column("expires_at", "Until when it can be sent; once it has come, until when it can be imported.")
    received_at: datetime | None = column("received_at", "When it had come whole; null before.")
    imported_at: datetime | None = column("imported_at", "When its import was asked for; null before.")
    source: Source | None = one("source_id", "Source it is imported into; null before.")
    runs: Connection[SyncRun] = pages(
        "Runs that load it, newest first: each with its counts and rejects.",
        [("REQUESTED_AT", True)],
        join="{upload_id} = {up.id}",
    )


@strawberry.input(description="Conditions on SheetUploadState.")
class SheetUploadStateFilter(Choice[SheetUploadState]):
    pass


@strawberry.input(description="Which uploads.")
class SheetUploadFilter:
    state: SheetUploadStateFilter | None = where("state", "State.")


@strawberry.type
class UploadQuery:
    sheet_uploads: Connection[SheetUpload] | None = pages(
        "Uploads of sheets. Default order: newest first. ADMIN.", [("REQUESTED_AT", True)], filter=SheetUploadFilter | None
    )


@strawberry.input(description="A file that is to be sent.")
class RequestUploadInput:
    file_name: str = strawberry.field(
        description="Name of the file, by which its sheets are known: `orders.csv`, a workbook `.xlsx`, `policy.toml`, or a "
        "`.zip` of a folder of these."
    )
    size: int = strawberry.field(description="How many bytes it has, 1 to 268,435,456.")
    sha256: str | None = asked("SHA-256 over its bytes, 64 lower-case hexadecimal digits; what comes is compared with it.")
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.input(description="A file that was sent, and where it goes.")
class ImportUploadInput:
    upload_id: strawberry.ID = strawberry.field(description="Upload.")
    source: str = strawberry.field(
        default=SOURCE,
        description="Name of the source to load it under, declared when it is new; small letters, digits, `-`, `_`.",
    )
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.type(description="Answer of `requestUpload`.")
class RequestUploadPayload:
    upload_id: strawberry.Private[int | None]
    path: str | None = strawberry.field(
        description="Where to send the file: PUT with its bytes as the body, without a token, once and until `expiresAt`. Null "
        "when nothing was done, or it has come already."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done.")

    @strawberry.field(description="The upload; null when nothing was done.")
    async def upload(self, info: Info) -> SheetUpload | None:
        return await shown(info, self.upload_id)


@strawberry.type(description="Answer of `importUpload`.")
class ImportUploadPayload:
    upload_id: strawberry.Private[int | None]
    run_ids: strawberry.Private[list[int]]
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done.")

    @strawberry.field(description="The upload; null when nothing was done.")
    async def upload(self, info: Info) -> SheetUpload | None:
        return await shown(info, self.upload_id)

    @strawberry.field(description="Runs that load it, one per stream; empty when `userErrors` is not.")
    async def runs(self, info: Info) -> list[SyncRun]:
        return await read_rows(info, "SyncRun", self.run_ids)  # type: ignore[return-value]


async def shown(info: Info, upload_id: int | None) -> SheetUpload | None:
    """Return an upload as the caller sees it."""
    return None if upload_id is None else await read_row(info, "SheetUpload", upload_id)  # type: ignore[return-value]


@strawberry.type
class UploadMutation:
    @strawberry.mutation(
        description="Asks for an address to which one file of sheets is sent. ADMIN.", directives=[Cost(weight="10")]
    )
    async def request_upload(
        self, info: Info, input: Annotated[RequestUploadInput, strawberry.argument(description="What to do.")]
    ) -> RequestUploadPayload | None:
        demand(info.context.viewer, "requestUpload")
        try:
            file = await requested(info, input)
        except Refusal as refusal:
            return RequestUploadPayload(upload_id=None, path=None, user_errors=[refusal.error])
        path = await address_of(info.context.store, file) if file.state == "requested" else None
        return RequestUploadPayload(upload_id=file.id, path=path, user_errors=[])

    @strawberry.mutation(
        description="Loads a file that was sent, as `channelhub import` loads a folder: by runs that say how far they are. "
        "Asked for once more it is not loaded once more. A source loads one file at a time. ADMIN.",
        directives=[Cost(weight="50")],
    )
    async def import_upload(
        self, info: Info, input: Annotated[ImportUploadInput, strawberry.argument(description="What to do.")]
    ) -> ImportUploadPayload | None:
        demand(info.context.viewer, "importUpload")
        try:
            upload_id, runs = await imported(info, input)
        except Refusal as refusal:
            return ImportUploadPayload(upload_id=None, run_ids=[], user_errors=[refusal.error])
        return ImportUploadPayload(upload_id=upload_id, run_ids=runs, user_errors=[])


async def requested(info: Info, input: RequestUploadInput) -> Upload:
    """Note a file that is to be sent, and return it."""
    sha256 = given(input.sha256)
    try:
        check_name(input.file_name, SENT)
    except Unfit as unfit:
        raise unfit_for(unfit, "fileName") from unfit
    if not 1 <= input.size <= LARGEST:
        raise said("size", "size")
    if sha256 is not None and not HASH.fullmatch(sha256):
        raise said("sha256", "not_a_hash")
    file = Announced(file_name=input.file_name, size=input.size, sha256=sha256)
    words = {"name": file.file_name, "size": file.size, "sha256": file.sha256}
    async with once(info.context, "requestUpload", input.idempotency_key, words) as turn:
        if turn.fresh:
            made = await sheet_upload.announce(turn.connection, file, info.context.viewer.user_id, now())
            if made is None:
                raise said("fileName", "too_many_waiting", ErrorCode.POLICY_DENIED)
            turn.answer["upload"] = made
        found = await sheet_upload.find(turn.connection, turn.answer["upload"])
    if found is None:
        raise said("idempotencyKey", "forgotten", ErrorCode.NOT_FOUND)
    return found


async def imported(info: Info, input: ImportUploadInput) -> tuple[int, list[int]]:
    """Have a file loaded, and return it with its runs."""
    context = info.context
    upload_id = checked_id("uploadId", input.upload_id, "SheetUpload")
    words = {"upload": upload_id, "source": input.source}
    source_id = await made_ready(info, upload_id, input.source)
    async with once(context, "importUpload", input.idempotency_key, words) as turn:
        if turn.fresh:
            file = await sheet_upload.find(turn.connection, upload_id, hold=True)
            if file is None:
                raise said("uploadId", "forgotten", ErrorCode.NOT_FOUND)
            if file.state == "received":
                if await sheet_upload.loading(turn.connection, source_id) is not None:
                    raise said("source", "loading", ErrorCode.SOURCE_UNAVAILABLE)
                turn.answer["runs"] = await sheet_upload.load(
                    turn.connection, file, source_id, context.viewer.user_id, source=input.source, at=now()
                )
            elif file.source_id == source_id:
                turn.answer["runs"] = await sheet_upload.runs_of(turn.connection, upload_id)
            else:
                raise said("source", "imported_elsewhere")
    runs: list[int] = turn.answer["runs"]
    if turn.fresh and context.jobs is not None:
        await context.jobs.defer_sync(runs)
    return upload_id, runs


async def made_ready(info: Info, upload_id: int, source: str) -> int:
    """Lay the sheets of a file out, and return the source they go to."""
    context = info.context
    async with context.store.connection() as connection:
        file = await sheet_upload.find(connection, upload_id)
    if file is None:
        raise said("uploadId", "forgotten", ErrorCode.NOT_FOUND)
    if file.state == "requested":
        raise said("uploadId", "not_sent", ErrorCode.INVALID_TRANSITION)
    if file.state == "imported" and file.source_id is not None and file.source == source:
        return file.source_id
    if file.state == "imported":
        raise said("source", "imported_elsewhere")
    try:
        # In a thread: a large archive takes seconds, and others are served meanwhile.
        await asyncio.to_thread(Shelf.of(context.settings.home).lay_out, upload_id, file.file_name)
        assert context.jobs is not None
        return await context.jobs.sheet_source(source)
    except Unfit as unfit:
        raise unfit_for(unfit, "uploadId") from unfit
    except Declined as error:
        raise declined(error) from error


# What is said of a refusal, in English and Chinese; `{name}` is the file it is about.
SENTENCES: Mapping[str, tuple[str, str]] = {
    "unsafe_name": (
        "{name}: a file has a plain name of 1 to 200 printable characters, without folders or the characters "
        '/ \\ : * ? " < > |, and does not begin with a dot.',
        '{name}：文件名须为 1 至 200 个可显示字符，不含文件夹或字符 / \\ : * ? " < > |，且不以点开头。',
    ),
    "wrong_kind": (
        "{name}: it is not what it should be: a CSV file, an XLSX workbook, a policy (.toml), or a ZIP archive of these.",
        "{name}：文件类型不符：应为 CSV 文件、XLSX 工作簿、政策文件（.toml）或包含这些文件的 ZIP 压缩包。",
    ),
    "nested_archive": ("{name}: an archive holds no other archive.", "{name}：压缩包内不得再含压缩包。"),
    "not_a_file": ("{name}: an archive holds plain files, no links.", "{name}：压缩包内只能是普通文件，不得含链接。"),
    "encrypted": ("{name}: the archive is locked with a password.", "{name}：压缩包已加密。"),
    "name_twice": ("{name}: the archive holds this name twice.", "{name}：压缩包内文件名重复。"),
    "empty": ("The archive holds no file.", "压缩包内没有文件。"),
    "too_many_files": ("An archive holds at most 500 files.", "压缩包最多含 500 个文件。"),
    "too_large": ("{name}: unpacked it has more than 1 GiB.", "{name}：解压后超过 1 GiB。"),
    "unreadable": ("{name}: the archive is damaged or not of a kind we read.", "{name}：压缩包已损坏或格式不受支持。"),
    "size": ("A file has 1 to 268,435,456 bytes.", "文件大小须为 1 至 268,435,456 字节。"),
    "not_a_hash": ("A SHA-256 has 64 lower-case hexadecimal digits.", "SHA-256 为 64 位小写十六进制数字。"),
    "too_many_waiting": (
        "20 uploads of yours wait to be imported; import them first.",
        "您已有 20 个上传等待导入；请先导入。",
    ),
    "forgotten": ("There is no such upload, or its time is over; ask for another.", "没有此上传，或已过期；请重新申请。"),
    "not_sent": ("The file has not been sent yet.", "文件尚未上传。"),
    "loading": (
        "This source still loads another upload; import this one when its runs have ended.",
        "此数据源仍在载入另一上传；请待其运行结束后再导入。",
    ),
    "imported_elsewhere": ("The file was imported into another source.", "该文件已导入其他数据源。"),
}


def said(field: str, rule: str, code: ErrorCode = ErrorCode.VALIDATION_FAILED, name: str = "") -> Refusal:
    """Return a refusal by the sentences above."""
    en, zh = (re.sub(r"^[:：]\s*", "", text.format(name=name)) for text in SENTENCES[rule])
    return invalid(field, rule, en, zh) if code is ErrorCode.VALIDATION_FAILED else refusing(code, en, zh, field)


def unfit_for(unfit: Unfit, field: str) -> Refusal:
    """Return the refusal of a file that is not taken."""
    return said(field, unfit.code, name=unfit.name)
