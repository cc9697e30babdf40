"""The web application: its addresses, and what is open for as long as it serves.

This is the one file of the room that reaches into jobs: it opens the hub, and hands mutations the queue.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import strawberry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route, WebSocketRoute

from hub.settings import ServerSettings, Settings, read_settings
from hub.store.database import Store
from hub.store.event import EVENT_CHANNEL
from hub.store.notice import listen
from hub.store.token import ACCESS_CHANNEL
from schema.auth.claims import Provider
from schema.auth.oidc import Keys
from schema.auth.tokens import Tokens
from schema.budget import Budgets
from schema.context import Desk, Jobs, RequestContext, Viewer
from schema.etag import Tags
from schema.evidence import Bundles
from schema.executor import self_test
from schema.feed import Feed
from schema.files import Files
from schema.graphiql import page_routes
from schema.http import Web
from schema.operation import Operations
from schema.persisted import Persisted
from schema.probes import Metrics, Probes
from schema.reception import Reception
from schema.root import build_schema
from schema.visitors import Visitors
from schema.websocket import Sockets


@dataclass(frozen=True)
class Hub:
    """What the application serves from: the store, and who does what mutations ask for, later and at once."""

    store: Store
    jobs: Jobs
    desk: Desk


Opener = Callable[[Settings], AbstractAsyncContextManager[Hub]]


@asynccontextmanager
async def whole_hub(settings: Settings) -> AsyncIterator[Hub]:
    """Open the store and the queue. Clock and worker are run by the commands, in this process or in others."""
    from jobs import desk
    from jobs.hub import open_hub
    from jobs.queue import open_queue

    async with open_hub(settings) as store, open_queue(store, settings, connections=2) as queue:
        yield Hub(store, queue, desk.Desk(store, settings))


def create_app(settings: Settings | None = None, opener: Opener = whole_hub) -> Starlette:
    """Return the application; nothing is opened before its lifespan begins."""
    chosen = settings or read_settings()
    metrics = Metrics()
    probes = Probes(metrics)
    routes = [
        Route("/healthz", probes.healthz),
        Route("/readyz", probes.readyz),
        Route("/metrics", probes.measured),
        *([] if chosen.server.production else page_routes()),
    ]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with opener(chosen) as hub:
            # In a thread: it runs a loop of its own.
            await asyncio.to_thread(self_test)
            async with serving(app, chosen, hub, metrics, build_schema()):
                probes.store = hub.store
                yield
                probes.store = None

    return Starlette(routes=routes, lifespan=lifespan, middleware=around(chosen.server))


def around(settings: ServerSettings) -> list[Middleware]:
    """Return what lies between a browser and the addresses: who may ask from a page of another site, and short answers.

    Cookies are of no use here, so none are allowed; a page brings a token.
    """
    foreign = Middleware(
        CORSMiddleware,
        allow_origins=settings.allowed_origins,
        allow_methods=["GET", "POST", "PUT"],
        allow_headers=ASKING,
        expose_headers=TELLING,
        max_age=600,
    )
    return [*([foreign] if settings.allowed_origins else []), Middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)]


# What pages of other sites may send beside what browsers allow anyhow, and what they may read.
ASKING = ["Authorization", "Content-Type", "If-None-Match", "X-Channelhub-Dry-Run", "X-Request-Id"]
TELLING = ["ETag", "Retry-After", "X-Request-Id"]


@asynccontextmanager
async def serving(
    app: Starlette, settings: Settings, hub: Hub, metrics: Metrics, schema: strawberry.Schema
) -> AsyncIterator[Feed]:
    """Answer on the addresses of the API, and hear what other processes tell, for as long as the block runs."""
    production = settings.server.production
    oidc = settings.server.oidc
    feed, tokens = Feed(hub.store), Tokens(hub.store, None if oidc is None else Provider(oidc, Keys(oidc)))
    visitors = Visitors(tokens)

    def context(viewer: Viewer, request_id: str) -> RequestContext:
        return RequestContext(viewer, hub.store, settings, hub.jobs, hub.desk, feed, request_id)

    persisted = Persisted(hub.store, required=settings.server.require_trusted_documents)
    budgets = Budgets(settings.server.cost, metrics.throttled)
    operations = Operations(schema, context, persisted, budgets, production)
    web = Web(operations, tokens, visitors, metrics, Tags(hub.store, production), production)
    files = Files(web, hub.store)
    sockets = Sockets(operations, tokens, visitors, metrics, frozenset(settings.server.allowed_origins))
    app.router.routes += [
        Route("/graphql", web.graphql, methods=["GET", "POST"]),
        WebSocketRoute("/graphql", sockets.graphql),
        Route("/graphql/stream", web.stream, methods=["POST"]),
        Route("/evidence/{hash}", Bundles(web, hub.store).bundle, methods=["GET"]),
        Route("/attachments", files.send, methods=["POST"]),
        Route("/attachments/{id}", files.fetch),
        Route("/uploads/{id}", Reception(web, hub.store, settings.home).send, methods=["PUT"]),
    ]
    await feed.look()
    listening = asyncio.create_task(listen(hub.store, {EVENT_CHANNEL: feed.look, ACCESS_CHANNEL: visitors.recheck}))
    try:
        yield feed
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await tokens.close()
