"""Documents that somebody wants trusted: parsed, measured and validated before one of them is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from graphql import GraphQLError, GraphQLSchema

from schema.documents import Documents, Refused
from schema.errors import ErrorCode


@dataclass(frozen=True)
class Fault:
    """What is wrong with a document, and where; a limit is exceeded nowhere in particular."""

    code: ErrorCode
    message: str
    line: int | None
    column: int | None


@dataclass(frozen=True)
class Vetted:
    """The names of a document's operations, what the dearest costs at most, and why it is not to be trusted."""

    operation_names: list[str]
    maximum_cost: int
    faults: list[Fault]


def vet(schema: GraphQLSchema, texts: Sequence[str]) -> list[Vetted]:
    """Judge documents by a schema."""
    documents = Documents(schema, suggestions=True)
    return [judged(documents, text) for text in texts]


def judged(documents: Documents, text: str) -> Vetted:
    """Judge one document."""
    if "\x00" in text:
        return Vetted([], 0, [Fault(ErrorCode.BAD_USER_INPUT, "A text cannot hold the character U+0000.", None, None)])
    try:
        document = documents.read(text)
    except Refused as refusal:
        return Vetted([], 0, [fault(error) for error in refusal.errors])
    names = [name for name in document.operations if name is not None]
    return Vetted(names, max((one.most() for one in document.meters.values()), default=0), [])


def fault(error: GraphQLError) -> Fault:
    """Return an error as what is wrong with the document it is about."""
    place = error.locations[0] if error.locations else None
    code = ErrorCode((error.extensions or {})["code"])
    return Fault(code, error.message, place and place.line, place and place.column)
