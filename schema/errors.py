"""Stable codes for what a client did wrong, and for our own faults.

A message is a sentence for a person; `extensions.code` is for programs. Every mistake of a client must carry a code of its
own, because whatever has none is answered as INTERNAL_SERVER_ERROR with its text masked.
"""

import re
from enum import Enum

import strawberry
from graphql import GraphQLError


@strawberry.enum(
    description="Every code that `errors[].extensions.code` or `UserError.code` can hold. The list grows only in minor "
    "releases; clients must treat an unknown code like INTERNAL_SERVER_ERROR."
)
class ErrorCode(Enum):
    GRAPHQL_PARSE_FAILED = strawberry.enum_value("GRAPHQL_PARSE_FAILED", description="The document is not GraphQL.")
    GRAPHQL_VALIDATION_FAILED = strawberry.enum_value(
        "GRAPHQL_VALIDATION_FAILED", description="The document does not fit the schema."
    )
    BAD_REQUEST = strawberry.enum_value(
        "BAD_REQUEST", description="The request body is malformed, or `operationName` is missing or unknown."
    )
    BAD_USER_INPUT = strawberry.enum_value(
        "BAD_USER_INPUT",
        description="An argument or variable has a value that is not allowed: malformed id or cursor, `first` out of range, "
        "filter too deep.",
    )
    PERSISTED_QUERY_NOT_FOUND = strawberry.enum_value(
        "PERSISTED_QUERY_NOT_FOUND", description="APQ: the hash is not known; send the document once with it."
    )
    PERSISTED_QUERY_REQUIRED = strawberry.enum_value(
        "PERSISTED_QUERY_REQUIRED",
        description="Only trusted documents are accepted from this caller, and this is not one.",
    )
    UNAUTHENTICATED = strawberry.enum_value(
        "UNAUTHENTICATED", description="No token, or a token that is wrong, expired or revoked."
    )
    FORBIDDEN = strawberry.enum_value("FORBIDDEN", description="The caller's role may not do this or read this.")
    THROTTLED = strawberry.enum_value(
        "THROTTLED",
        description="The budget of points is used up; `extensions.retryAfterSeconds` says when to try again.",
    )
    COST_LIMIT = strawberry.enum_value("COST_LIMIT", description="One operation costs more than an operation may.")
    OPERATION_TOO_COMPLEX = strawberry.enum_value(
        "OPERATION_TOO_COMPLEX",
        description="Depth, aliases, tokens, root fields or batch size exceed the limit named in `extensions.limit`.",
    )
    QUERY_TIMEOUT = strawberry.enum_value("QUERY_TIMEOUT", description="The statement ran longer than allowed and was stopped.")
    CURSOR_EXPIRED = strawberry.enum_value(
        "CURSOR_EXPIRED",
        description="The cursor or event id is older than what is kept, or was issued for another order or filter.",
    )
    VALIDATION_FAILED = strawberry.enum_value(
        "VALIDATION_FAILED", description="Mutation: an input field fails a check that the schema cannot express."
    )
    NOT_FOUND = strawberry.enum_value(
        "NOT_FOUND", description="Mutation: the object does not exist or the caller may not know that it does."
    )
    STALE_VERSION = strawberry.enum_value(
        "STALE_VERSION", description="Mutation: the object changed since the caller read it (`expectedVersion`)."
    )
    INVALID_TRANSITION = strawberry.enum_value(
        "INVALID_TRANSITION", description="Mutation: the transition is not allowed from the present state."
    )
    POLICY_DENIED = strawberry.enum_value(
        "POLICY_DENIED", description="Mutation: the jurisdiction profile or a policy forbids the action."
    )
    IDEMPOTENCY_CONFLICT = strawberry.enum_value(
        "IDEMPOTENCY_CONFLICT", description="Mutation: the same `idempotencyKey` was used with another input."
    )
    SOURCE_UNAVAILABLE = strawberry.enum_value(
        "SOURCE_UNAVAILABLE",
        description="Mutation: the source cannot be used now (paused, needs re-authorisation, disabled).",
    )
    INTERNAL_SERVER_ERROR = strawberry.enum_value(
        "INTERNAL_SERVER_ERROR",
        description="A fault of the hub. The message is masked; quote `extensions.requestId`.",
    )


class HubGraphQLError(GraphQLError):
    """An error a client may read as it is; its code and whatever else applies stand in `extensions`."""

    def __init__(self, message: str, code: ErrorCode, **extensions: object) -> None:
        super().__init__(message, extensions={"code": code.value, **extensions})
        self.code = code


def bad_input(message: str, **extensions: object) -> HubGraphQLError:
    """Return the error of an argument with a value that is not allowed."""
    return HubGraphQLError(message, ErrorCode.BAD_USER_INPUT, **extensions)


# How graphql-core repeats a value that does not fit, at the end of what it says.
REPEATED = re.compile(r"(?P<asks>\?)?[,;]? [Ff]ound: .*$|(?<= value): .*$", re.DOTALL)


def without_values(message: str) -> str:
    """Return what the library says of a value without the value: it may be a secret in the wrong place."""
    return REPEATED.sub(lambda match: match["asks"] or ".", message)
