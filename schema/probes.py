"""/healthz says that the process lives, /readyz that it serves, /metrics how it does."""

from dataclasses import dataclass, field

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from hub.store.database import Store
from schema.operation import Answer


@dataclass
class Metrics:
    """What is counted; one registry per app."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.operations = Counter("channelhub_operations", "Operations answered.", ["kind", "outcome"], registry=self.registry)
        self.seconds = Histogram(
            "channelhub_operation_seconds", "Time from reading an operation to its answer.", ["kind"], registry=self.registry
        )
        self.throttled = Counter("channelhub_throttled", "Operations refused for their cost.", ["code"], registry=self.registry)
        self.sockets = Gauge("channelhub_sockets", "WebSockets and event streams open now.", registry=self.registry)

    def operation(self, kind: str, answer: Answer, seconds: float) -> None:
        """Count one operation."""
        self.operations.labels(kind, "errors" if answer.errors else "ok").inc()
        self.seconds.labels(kind).observe(seconds)


@dataclass
class Probes:
    """The three addresses that a machine asks. `store` is None until the hub serves and after it has stopped."""

    metrics: Metrics
    store: Store | None = None

    async def healthz(self, _request: Request) -> Response:
        """Answer as long as the process does."""
        return PlainTextResponse("ok")

    async def readyz(self, _request: Request) -> Response:
        """Answer 200 only when a query would be answered: the app is up and the database answers."""
        if self.store is None:
            return PlainTextResponse("starting", 503)
        if not await self.store.answers():
            return PlainTextResponse("the database does not answer", 503)
        return PlainTextResponse("ready")

    async def measured(self, _request: Request) -> Response:
        """Return the counters in the text form of Prometheus."""
        return Response(generate_latest(self.metrics.registry), media_type=CONTENT_TYPE_LATEST)
