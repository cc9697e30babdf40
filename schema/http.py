"""GraphQL over HTTP: POST and GET on /graphql, server-sent events on /graphql/stream.

Nothing a browser sends without asking first (a form, plain text, a link) executes anything: bodies are JSON, and every
request carries a bearer token. Events have a path of their own because clients list `text/event-stream` among what they
accept for ordinary queries too.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil
from time import perf_counter
from typing import Any

import orjson
from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from schema.ask import Ask, Malformed, read_ask
from schema.auth.roles import DEVELOPERS
from schema.auth.tokens import Pass, Tokens
from schema.context import Locale, Viewer
from schema.documents import Refused
from schema.errors import ErrorCode, HubGraphQLError
from schema.etag import Tags, offered
from schema.operation import Answer, Operations, encode, fault, new_request_id, refused
from schema.probes import Metrics
from schema.stream import EventStream
from schema.visitors import Visitors

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
HEADERS = {"cache-control": "private, no-cache", "vary": "Authorization, Accept, Accept-Language"}
LARGEST_BODY = 1024 * 1024
REQUEST_ID = re.compile(r"[\w.-]{1,64}")


class Problem(Exception):
    """The request is answered with a status of its own, whatever the client accepts."""

    def __init__(self, status: int, code: ErrorCode, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = HubGraphQLError(message, code)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass
class Web:
    """The HTTP side of the API."""

    operations: Operations
    tokens: Tokens
    visitors: Visitors
    metrics: Metrics
    tags: Tags
    production: bool

    async def graphql(self, request: Request) -> Response:
        """Answer POST and GET on /graphql."""
        return await self.guarded(request, self.once)

    async def stream(self, request: Request) -> Response:
        """Answer POST on /graphql/stream: one operation a connection."""
        return await self.guarded(request, self.events)

    async def guarded(self, request: Request, respond: Callable[[Request, str], Awaitable[Response]]) -> Response:
        """Answer; what cannot be answered, also by a fault of ours, gets its status and a GraphQL error as its body."""
        request_id = request.headers.get("x-request-id", "")
        if not REQUEST_ID.fullmatch(request_id):
            request_id = new_request_id()
        media = negotiated(request.headers.get("accept")) or JSON
        try:
            response = await respond(request, request_id)
        except Problem as problem:
            response = written(refused([problem.error], request_id), media, problem.status)
            response.headers.update(problem.headers)
        except ClientDisconnect:
            raise
        except Exception as error:
            response = written(refused([fault(error)], request_id), media, 500)
        response.headers["x-request-id"] = request_id
        return response

    async def once(self, request: Request, request_id: str) -> Response:
        """Execute a query or a mutation and answer once."""
        viewer = localised(request, (await self.admitted(request)).viewer)
        media = negotiated(request.headers.get("accept"))
        if media is None:
            raise Problem(406, ErrorCode.BAD_REQUEST, f"Accept {GRAPHQL} or {JSON}.")
        reading = request.method == "GET"
        ask = asked_by_address(request) if reading else await asked_by_body(request)
        tag = await self.tags.name(ask, viewer, media) if reading and ask.hash else None
        if tag in offered(request.headers.get("if-none-match")):
            self.metrics.operations.labels("query", "unchanged").inc()
            return Response(status_code=304, headers=HEADERS | {"etag": str(tag)})
        begun = perf_counter()
        answer, kind = await self.executed(request, ask, viewer, request_id)
        self.metrics.operation(kind, answer, perf_counter() - begun)
        response = written(answer, media, 200 if answer.executed or media == JSON else 400)
        if tag is not None and answer.lasting:
            response.headers["etag"] = tag
        return response

    async def executed(self, request: Request, ask: Ask, viewer: Viewer, request_id: str) -> tuple[Answer, str]:
        """Prepare and run what was asked; return the answer and the kind of operation."""
        only_priced = dry(request)
        try:
            prepared = await self.operations.admit(ask, viewer)
        except Refused as refusal:
            return refused(refusal.errors, request_id), "refused"
        if only_priced:
            return self.operations.estimate(prepared, viewer, request_id), "dry run"
        if prepared.kind is OperationType.SUBSCRIPTION:
            raise Problem(400, ErrorCode.BAD_REQUEST, "Follow events by WebSocket, or by POST on /graphql/stream.")
        if request.method == "GET" and prepared.kind is OperationType.MUTATION:
            raise Problem(405, ErrorCode.BAD_REQUEST, "A mutation is sent by POST.", Allow="POST")
        if request.method == "GET" and self.production and not prepared.trusted and viewer.role not in DEVELOPERS:
            raise Problem(405, ErrorCode.FORBIDDEN, "Your role sends what is not registered by POST.", Allow="POST")
        answer = await self.operations.run(prepared, viewer, request_id)
        answer.lasting = answer.lasting and prepared.trusted
        return answer, prepared.kind.value

    async def events(self, request: Request, request_id: str) -> Response:
        """Execute any operation and answer with a stream of events."""
        admitted = await self.admitted(request)
        if not accepts_events(request.headers.get("accept")):
            raise Problem(406, ErrorCode.BAD_REQUEST, "Accept text/event-stream.")
        if dry(request):
            raise Problem(400, ErrorCode.BAD_REQUEST, "What an operation costs is asked on /graphql.")
        ask = await asked_by_body(request)
        self.metrics.operations.labels("stream", "ok").inc()
        answers = self.operations.answers(ask, localised(request, admitted.viewer), request_id)
        return EventStream(answers, self.visitors, admitted, refused([UNAUTHENTICATED], request_id))

    async def admitted(self, request: Request) -> Pass:
        """Return whom the request's token speaks for."""
        found = await self.tokens.admit(request.headers.get("authorization"))
        if found is None:
            raise Problem(401, ErrorCode.UNAUTHENTICATED, UNAUTHENTICATED.message, WWW_Authenticate="Bearer")
        return found


UNAUTHENTICATED = HubGraphQLError(
    "Send a token that is valid in the header `Authorization: Bearer …`.", ErrorCode.UNAUTHENTICATED
)


def asked_by_address(request: Request) -> Ask:
    """Read the operation from the address."""
    words: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if name in words:
            words[name] = decoded(words[name].encode(), f"The parameter {name}")
    return asked(words)


def dry(request: Request) -> bool:
    """Say whether only the cost of an operation is wanted. A dry run of another kind must not run after all."""
    wanted = request.headers.get("x-channelhub-dry-run")
    if wanted not in (None, "cost"):
        raise Problem(400, ErrorCode.BAD_REQUEST, "X-Channelhub-Dry-Run knows `cost` alone.")
    return wanted is not None


async def asked_by_body(request: Request) -> Ask:
    """Read the operation from a JSON body of bounded size."""
    media, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    charset = parameters.partition("charset=")[2].strip(' "')
    if media.strip() != JSON or charset not in {"", "utf-8", "utf8"}:
        raise Problem(415, ErrorCode.BAD_REQUEST, f"Send the operation as {JSON} in UTF-8.")
    value = decoded(await body_of(request, LARGEST_BODY), "The body")
    if not isinstance(value, dict):
        raise Problem(400, ErrorCode.BAD_REQUEST, "The body is a JSON object with `query`; there is no batching.")
    return asked(value)


async def body_of(request: Request, largest: int) -> bytes:
    """Return the body of a request; one that is longer is turned away before it has been read."""
    too_long = Problem(413, ErrorCode.BAD_REQUEST, f"The body is longer than {largest} bytes.", Connection="close")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > largest:
        raise too_long
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise too_long
    return bytes(body)


def decoded(text: bytes, what: str) -> Any:
    """Return the value of a JSON text."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Problem(400, ErrorCode.BAD_REQUEST, f"{what} is not JSON.") from error


def asked(words: Mapping[str, Any]) -> Ask:
    """Return the operation that the words of a request stand for."""
    try:
        return read_ask(words)
    except Malformed as malformed:
        raise Problem(400, ErrorCode.BAD_REQUEST, str(malformed)) from malformed


def written(answer: Answer, media: str, status: int) -> Response:
    """Return the answer as a response."""
    headers = dict(HEADERS)
    if answer.retry_after is not None:
        headers["retry-after"] = str(ceil(answer.retry_after))
    return Response(encode(answer.body()), status, headers, f"{media}; charset=utf-8")


@lru_cache(maxsize=256)
def negotiated(accept: str | None) -> str | None:
    """Return the media type the client prefers, None when it accepts neither. Who does not care gets plain JSON."""
    wanted = weights(accept or "*/*")
    plain = next((wanted[name] for name in (JSON, "application/*", "*/*") if name in wanted), 0.0)
    exact = wanted.get(GRAPHQL, 0.0)
    if exact > 0 and exact >= (wanted.get(JSON, 0.0)):
        return GRAPHQL
    return JSON if plain > 0 else None


def accepts_events(accept: str | None) -> bool:
    """Say whether a client can read server-sent events."""
    wanted = weights(accept or "*/*")
    return any(wanted.get(name, 0.0) > 0 for name in ("text/event-stream", "text/*", "*/*"))


def weights(accept: str) -> dict[str, float]:
    """Return the weight of each media type of an Accept header."""
    found: dict[str, float] = {}
    for entry in accept.lower().split(","):
        media, *parameters = (part.strip() for part in entry.split(";"))
        quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        try:
            found[media] = float(quality)
        except ValueError:
            found[media] = 0.0
    return found


def localised(request: Request, viewer: Viewer) -> Viewer:
    """Return the viewer with the language of the request, if it names one we have."""
    first = request.headers.get("accept-language", "").lower().partition(",")[0].partition("-")[0].strip()
    chosen = {"zh": Locale.ZH_CN, "en": Locale.EN}.get(first)
    return viewer if chosen is None else replace(viewer, locale=chosen)
