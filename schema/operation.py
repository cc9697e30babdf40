"""One operation, whatever brought it: prepared, executed, and answered without saying more than a client may know."""

import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any
from uuid import uuid4

import orjson
import strawberry
import structlog
from graphql import ExecutionResult, GraphQLError, OperationType, execute, subscribe

from schema.ask import Ask
from schema.auth.roles import DEVELOPERS
from schema.budget import Bucket, Budgets, told
from schema.context import RequestContext, Viewer
from schema.cost import Price
from schema.documents import Document, Documents, Refused, demand_storable
from schema.errors import ErrorCode, HubGraphQLError, without_values
from schema.persisted import Persisted

log = structlog.get_logger()

MASKED = "The hub failed to answer; quote the request id when you report it."
TIMED_OUT = "The statement ran longer than allowed and was stopped; ask for less."
# PostgreSQL's code of a statement that was cancelled.
QUERY_CANCELED = "57014"


@dataclass(frozen=True)
class Prepared:
    """An operation that may be executed; `trusted` when its document was registered."""

    ask: Ask
    document: Document
    kind: OperationType
    price: Price
    trusted: bool = False


@dataclass(slots=True)
class Answer:
    """What a client gets, put together step by step.

    `executed` is false when nothing ran: the document or its variables were refused. `lasting` says that the answer is the same
    for as long as no data changes.
    """

    errors: list[dict[str, Any]]
    extensions: dict[str, Any]
    data: Any = None
    executed: bool = True
    lasting: bool = False
    cost: dict[str, Any] | None = None

    @property
    def retry_after(self) -> float | None:
        """How many seconds it will be until the operation may run, where that was why it did not."""
        return next((one["extensions"].get("retryAfterSeconds") for one in self.errors), None)

    def body(self) -> dict[str, Any]:
        """Return the response as values; finished JSON inside `data` stays as it is until it is encoded."""
        whole: dict[str, Any] = {"errors": self.errors} if self.errors else {}
        if self.executed:
            whole["data"] = self.data
        extensions = self.extensions if self.cost is None else {**self.extensions, "cost": self.cost}
        if extensions:
            whole["extensions"] = extensions
        return whole


Contexts = Callable[[Viewer, str], RequestContext]


@dataclass
class Operations:
    """Executes operations against one schema."""

    schema: strawberry.Schema
    contexts: Contexts
    persisted: Persisted
    budgets: Budgets
    production: bool
    documents: Documents = field(init=False)

    def __post_init__(self) -> None:
        self.documents = Documents(self.schema._schema, suggestions=not self.production)

    async def admit(self, ask: Ask, viewer: Viewer) -> Prepared:
        """Return the operation a client asked for, by its text or its hash. Raises Refused."""
        found, trusted = await self.persisted.find(ask, viewer)
        prepared = self.prepare(found, viewer, trusted=trusted)
        if not trusted:
            self.persisted.remember(found)
        return prepared

    def prepare(self, ask: Ask, viewer: Viewer, *, trusted: bool = False) -> Prepared:
        """Return the operation of a text. Raises Refused."""
        document = self.documents.get(ask.query)
        demand_storable(ask.variables)
        if document.introspects and self.production and viewer.role not in DEVELOPERS:
            raise Refused([HubGraphQLError("Your role may not read the schema of this hub.", ErrorCode.FORBIDDEN)])
        try:
            kind = document.operation(ask.operation_name).operation
            return Prepared(ask, document, kind, document.price(ask.operation_name, ask.variables), trusted)
        except HubGraphQLError as error:
            raise Refused([error]) from error

    async def run(self, prepared: Prepared, viewer: Viewer, request_id: str) -> Answer:
        """Execute a query or a mutation that its caller can pay; what it did not come to is given back."""
        bucket, requested = self.budgets.of(viewer), prepared.price.requested
        if (problem := self.budgets.admit(bucket, requested)) is not None:
            return costing(refused([problem], request_id), requested, 0, bucket)
        context = self.contexts(viewer, request_id)
        context.points = bucket.points()
        result = execute(self.schema._schema, prepared.document.node, **self.arguments(prepared, context))
        done = await result if isawaitable(result) else result
        answer, actual = answered(done, request_id, self.learned(context), prepared.price)
        answer.lasting = not done.errors and done.data is not None and done.data.keys() <= context.lasting
        bucket.give(requested - actual)
        return costing(answer, requested, actual, bucket)

    def estimate(self, prepared: Prepared, viewer: Viewer, request_id: str) -> Answer:
        """Say what an operation would cost at most, and run nothing."""
        return costing(Answer([], {"requestId": request_id}), prepared.price.requested, 0, self.budgets.of(viewer))

    async def follow(self, prepared: Prepared, viewer: Viewer, request_id: str) -> AsyncGenerator[Answer, None]:
        """Execute any operation over a transport that can carry several answers."""
        if prepared.kind is not OperationType.SUBSCRIPTION:
            yield await self.run(prepared, viewer, request_id)
            return
        bucket, price = self.budgets.of(viewer), prepared.price
        if (problem := self.budgets.admit(bucket, price.requested, taking=False)) is not None:
            yield costing(refused([problem], request_id), price.requested, 0, bucket)
            return
        context = self.contexts(viewer, request_id)
        context.points = bucket.points()
        stream = subscribe(self.schema._schema, prepared.document.node, **self.arguments(prepared, context))
        results = await stream if isawaitable(stream) else stream
        if isinstance(results, ExecutionResult):
            yield costing(answered(results, request_id, {}, price)[0], price.requested, 0, bucket)
            return
        async with aclosing(closable(results)) as events:
            try:
                async for event in events:
                    answer, actual = answered(event, request_id, {}, price)
                    # An event that cannot be paid waits; those after it rest in their table.
                    await bucket.pay(actual)
                    yield costing(answer, price.requested, actual, bucket)
            except Exception as error:  # what ends a source of events is answered like what ends a query
                yield refused([error if isinstance(error, GraphQLError) else fault(error)], request_id)

    async def answers(self, ask: Ask, viewer: Viewer, request_id: str) -> AsyncGenerator[Answer, None]:
        """Yield the answers to an operation; one that is refused has one answer too."""
        try:
            prepared = await self.admit(ask, viewer)
        except Refused as refusal:
            yield refused(refusal.errors, request_id)
            return
        async with aclosing(self.follow(prepared, viewer, request_id)) as found:
            async for answer in found:
                yield answer

    def arguments(self, prepared: Prepared, context: RequestContext) -> dict[str, Any]:
        """Return what both kinds of execution take."""
        return {
            "context_value": context,
            "variable_values": dict(prepared.ask.variables or {}),
            "operation_name": prepared.ask.operation_name,
            "executor_class": self.schema.execution_context_class,
            "hide_suggestions": self.production,
        }

    def learned(self, context: RequestContext) -> dict[str, Any]:
        """Return what an operation came to know on its way: how fresh its data is and, for developers, how it was read."""
        learned: dict[str, Any] = {}
        if context.watermark is not None:
            learned["freshness"] = {"watermark": context.watermark, "stale": context.stale}
        if not self.production and context.executions:
            learned["execution"] = context.executions
        return learned


def answered(result: ExecutionResult, request_id: str, learned: Mapping[str, Any], price: Price) -> tuple[Answer, int]:
    """Turn a result into what the client gets, and say what it came to cost."""
    errors = result.errors or []
    # Only what was refused before execution, such as a variable of the wrong type, has no path.
    executed = result.data is not None or any(error.path for error in errors)
    answer = Answer([shown(error, request_id) for error in errors], {"requestId": request_id, **learned}, None, executed)
    if result.data is None:
        return answer, price.requested if executed else 0
    text = encode(result.data)
    answer.data = orjson.Fragment(text)
    return answer, price.actual(result.data, text)


def costing(answer: Answer, requested: int, actual: int, bucket: Bucket) -> Answer:
    """Return the answer with what it says of its cost."""
    answer.cost = told(requested, actual, bucket.points())
    return answer


def closable(results: AsyncIterator[ExecutionResult]) -> AsyncGenerator[ExecutionResult, None]:
    """Say what graphql-core's iterator of results also is."""
    assert isinstance(results, AsyncGenerator)
    return results


def fault(error: Exception) -> GraphQLError:
    """Return an exception as the error of an operation."""
    return GraphQLError(str(error), original_error=error)


def refused(errors: list[GraphQLError], request_id: str) -> Answer:
    """Return the answer to a request that was not executed."""
    return Answer([shown(error, request_id) for error in errors], {"requestId": request_id}, executed=False)


def shown(error: GraphQLError, request_id: str) -> dict[str, Any]:
    """Return an error as a client may see it. What is not the client's doing is logged whole and shown masked."""
    formatted: dict[str, Any] = dict(error.formatted)
    if "code" not in (error.extensions or {}):
        code, message = judged(error)
        if code is ErrorCode.INTERNAL_SERVER_ERROR:
            cause = error.original_error or error
            # As text: a renderer that prints local variables would print tokens.
            log.error("operation failed", request_id=request_id, trace="".join(traceback.format_exception(cause)))
        formatted["message"] = message
        formatted["extensions"] = {"code": code.value}
    extensions = formatted["extensions"]
    formatted["extensions"] = {
        **extensions,
        "classification": classified(ErrorCode(extensions["code"])),
        "requestId": request_id,
    }
    return formatted


def classified(code: ErrorCode) -> str:
    """Say whose doing an error is, for who does not know its code: the hub's, or else the request's."""
    ours = code in (ErrorCode.INTERNAL_SERVER_ERROR, ErrorCode.QUERY_TIMEOUT)
    return str((ErrorCode.INTERNAL_SERVER_ERROR if ours else ErrorCode.BAD_REQUEST).value)


def judged(error: GraphQLError) -> tuple[ErrorCode, str]:
    """Return the code and the text of an error that brought none."""
    cause = error.original_error
    if isinstance(cause, TimeoutError) or getattr(cause, "sqlstate", None) == QUERY_CANCELED:
        return ErrorCode.QUERY_TIMEOUT, TIMED_OUT
    # The library's own complaints are about variables and arguments; whatever the hub raised has a cause.
    if cause is None or isinstance(cause, GraphQLError):
        return ErrorCode.BAD_USER_INPUT, without_values(error.message)
    return ErrorCode.INTERNAL_SERVER_ERROR, MASKED


def encode(value: object) -> bytes:
    """Return JSON; dataclasses and instants are written as the API writes them."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def new_request_id() -> str:
    """Return a name for a request that brought none."""
    return uuid4().hex
