"""TrustedDocument: a document that was registered and is executed by its hash."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

from hub.store.trusted_document import Trusted, register
from schema.ask import HASH, digest
from schema.auth.roles import demand
from schema.compiler.catalog import Sort, column, one, pages, table
from schema.compiler.door import read_rows
from schema.context import RequestContext
from schema.directives import Cost
from schema.errors import ErrorCode
from schema.node import GLOBAL_ID, Actor, Node
from schema.paging import Connection
from schema.user_error import UserError, ValidationFailed
from schema.vetting import Vetted, vet
from schema.where import asked, given

Info = strawberry.Info[RequestContext, None]
MOST_DOCUMENTS = 500
LONGEST_NAME = 200


@table("trusted_document", sorts={"HASH": Sort("hash", "text")})
@strawberry.type(description="A document that may be executed by its hash.")
class TrustedDocument(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    hash: str = column("hash", "SHA-256 of the document text, 64 lower-case hexadecimal digits.")
    name: str | None = column("name", "What whoever registered it calls it: a file.")
    operation_names: list[str] = column("operation_names", "Names of its operations.")
    maximum_cost: float | None = column(
        "maximum_cost", "Points that its dearest operation costs at most; null when it was registered before this was kept."
    )
    registered_at: datetime = column("registered_at", "When it was registered.")
    registered_by: Actor | None = one("registered_by", "Who registered it; null when the command line or a service did.")


@strawberry.type
class TrustedDocumentQuery:
    trusted_documents: Connection[TrustedDocument] | None = pages("Registered documents, by hash. ADMIN.", [("HASH", False)])


@strawberry.input(description="A document to trust.")
class TrustedDocumentInput:
    hash: str = strawberry.field(description="SHA-256 of `body`, 64 lower-case hexadecimal digits.")
    body: str = strawberry.field(description="Text of the document.")
    name: str | None = asked("What to call it, 1..200 characters: a file.")


@strawberry.input(description="Documents to trust.")
class RegisterTrustedDocumentsInput:
    documents: list[TrustedDocumentInput] = strawberry.field(description="1..500 documents.")


@strawberry.type(description="Answer of `registerTrustedDocuments`. All or none are registered.")
class RegisterTrustedDocumentsPayload:
    ids: strawberry.Private[Sequence[int]]
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done; `path` names the document.")

    @strawberry.field(description="The documents, new and known ones, in the order given; empty when `userErrors` is not.")
    async def documents(self, info: Info) -> list[TrustedDocument]:
        return await read_rows(info, "TrustedDocument", self.ids)  # type: ignore[return-value]


@strawberry.type
class TrustedDocumentMutation:
    @strawberry.mutation(description="Registers documents that may be executed by hash. ADMIN.", directives=[Cost(weight="10")])
    async def register_trusted_documents(
        self, info: Info, input: Annotated[RegisterTrustedDocumentsInput, strawberry.argument(description="What to do.")]
    ) -> RegisterTrustedDocumentsPayload | None:
        demand(info.context.viewer, "registerTrustedDocuments")
        raw: Any = info._raw_info
        if not 1 <= len(input.documents) <= MOST_DOCUMENTS:
            en, zh = f"Register 1 to {MOST_DOCUMENTS} documents at a time.", f"每次请登记 1 至 {MOST_DOCUMENTS} 个文档。"
            return RegisterTrustedDocumentsPayload(ids=[], user_errors=[refused("too_many", en, zh, "documents")])
        # In a thread: hundreds of documents take a second, and others are served meanwhile.
        vetted = await asyncio.to_thread(vet, raw.schema, [one.body for one in input.documents])
        errors = [
            error for place, pair in enumerate(zip(input.documents, vetted, strict=True)) for error in faults(f"{place}", *pair)
        ]
        if errors:
            return RegisterTrustedDocumentsPayload(ids=[], user_errors=errors)
        async with info.context.store.transaction() as connection:
            wanted = [
                Trusted(
                    hash=one.hash,
                    text=one.body,
                    name=given(one.name),
                    operation_names=found.operation_names,
                    maximum_cost=found.maximum_cost,
                )
                for one, found in zip(input.documents, vetted, strict=True)
            ]
            ids = await register(connection, wanted, info.context.viewer.user_id)
        return RegisterTrustedDocumentsPayload(ids=ids, user_errors=[])


def faults(place: str, document: TrustedDocumentInput, vetted: Vetted) -> Iterator[UserError]:
    """Yield why a document is not to be trusted."""
    if not HASH.fullmatch(document.hash) or document.hash != digest(document.body):
        yield refused(
            "hash_differs", "This is not the SHA-256 of the text.", "这不是该文本的 SHA-256。", "documents", place, "hash"
        )
    name = given(document.name)
    if name is not None and not 1 <= len(name) <= LONGEST_NAME:
        en, zh = f"A name has 1 to {LONGEST_NAME} characters.", f"名称为 1 至 {LONGEST_NAME} 个字符。"
        yield refused("length", en, zh, "documents", place, "name")
    for fault in vetted.faults:
        # What is wrong is said as everywhere a document is refused: in the words of GraphQL, which are English.
        en, zh = fault.message, f"文档有误：{fault.message}"
        if fault.line:
            en = f"{fault.message} (line {fault.line}, column {fault.column})"
            zh = f"文档第 {fault.line} 行第 {fault.column} 列有误：{fault.message}"
        yield refused("document", en, zh, "documents", place, "body", code=fault.code)


def refused(rule: str, en: str, zh: str, *path: str, code: ErrorCode = ErrorCode.VALIDATION_FAILED) -> UserError:
    """Return why a part of the input is refused."""
    return ValidationFailed(code=code, en=en, zh=zh, path=["input", *path], rule=rule)
