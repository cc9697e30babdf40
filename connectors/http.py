"""One HTTP session per source: pacing, Retry-After, time-outs, retries, and no secret in any error.

The only place of the connectors where HTTP leaves the house.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import aiohttp
import orjson
import stamina
from msgspec import Struct

from connectors.manifest import Bucket
from hub.clock import now
from hub.errors import SettingsError, SourceBusy, SourceDown

CONNECT_S, IDLE_S = 10, 120
TRIES = 5  # the first and four more
LONGEST_PAUSE_S = 60.0
# A wait the source asks for beyond this parks the run instead of holding a worker.
LONGEST_WAIT_S = 60.0
A_DAY_S = 86_400.0

Sleep = Callable[[float], Awaitable[object]]
TakenT = TypeVar("TakenT")


class Answer(Struct, frozen=True):
    """What a source answered. Anything but 429 and 5xx reaches the connector as it is."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Http:
    """A source's session with its counters; made by `open_http`."""

    source: str
    session: aiohttp.ClientSession
    bucket: Bucket | None
    secrets: Sequence[str]
    sleep: Sleep
    requests: int = 0
    received: int = 0
    throttled: int = 0
    waited_s: float = 0.0
    _tokens: float = field(default=0.0, init=False)
    _filled_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._tokens = self.bucket.capacity if self.bucket else 0.0
        self._filled_at = time.monotonic()

    async def request(
        self,
        method: str,
        url: str,
        *,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask the source. Raises SourceBusy when it wants a long wait, SourceDown when five tries fail."""
        return await self.read(lambda answer: answer, method, url, json=json, headers=headers, params=params)

    async def read(
        self,
        take: Callable[[Answer], TakenT],
        method: str,
        url: str,
        *,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> TakenT:
        """Ask the source and return what `take` makes of its answer; one it calls SourceDown is asked for again, like a 5xx."""
        body = json if isinstance(json, bytes) or json is None else orjson.dumps(json)
        sent = {"Accept": "application/json", **({"Content-Type": "application/json"} if body else {}), **(headers or {})}
        async for attempt in stamina.retry_context(
            on=SourceDown, attempts=TRIES, timeout=None, wait_initial=0.2, wait_jitter=1.0, wait_max=LONGEST_PAUSE_S
        ):
            with attempt:
                return take(await self._try(method, url, body, sent, params))
        raise AssertionError("a retry loop ends by an answer or an error")

    async def _try(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], params: Mapping[str, str] | None
    ) -> Answer:
        for _ in range(TRIES):
            await self._pace()
            answer = await self._send(method, url, body, headers, params)
            if answer.status >= 500:
                raise SourceDown(f"{self.source} answered {answer.status} at {self.shown(url)}.")
            if answer.status != 429:
                return answer
            await self._wait_as_asked(answer)
        raise SourceBusy(self.source, wait_s=LONGEST_WAIT_S)

    async def _send(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], params: Mapping[str, str] | None
    ) -> Answer:
        self.requests += 1
        try:
            # A redirect would carry the login to a place that nobody named.
            async with self.session.request(
                method, url, data=body, headers=headers, params=params, allow_redirects=False
            ) as response:
                content = await response.read()
                self.received += len(content)
                return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, content)
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            raise SettingsError(f"What stands as the address of {self.source} is none; correct it in its settings.") from None
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            what = self.redacted(str(error)) or type(error).__name__
            raise SourceDown(f"{self.source} did not answer at {self.shown(url)}: {what}.") from None

    async def _pace(self) -> None:
        if self.bucket is None:
            return
        moment = time.monotonic()
        refill = (moment - self._filled_at) * self.bucket.refill_per_second
        self._tokens = min(self.bucket.capacity, self._tokens + refill)
        self._filled_at = moment
        self._tokens -= 1
        if self._tokens < 0:
            await self._pause(-self._tokens / self.bucket.refill_per_second)

    async def _wait_as_asked(self, answer: Answer) -> None:
        self.throttled += 1
        wait_s = retry_after(answer.headers.get("retry-after"), now())
        if wait_s > LONGEST_WAIT_S:
            raise SourceBusy(self.source, wait_s=wait_s)
        await self._pause(wait_s)

    async def _pause(self, wait_s: float) -> None:
        self.waited_s += wait_s
        await self.sleep(wait_s)

    def hide(self, secret: str) -> None:
        """Keep a secret learnt on the way, such as a session, out of every error."""
        self.secrets = (*self.secrets, secret)

    def redacted(self, text: str) -> str:
        """Return a text without any of the source's secrets, neither as they are nor as they stand in an address."""
        for secret in filter(None, self.secrets):
            text = text.replace(secret, "•••").replace(quote(secret, safe=""), "•••")
        return text

    def shown(self, url: str) -> str:
        """Return an address as it may be shown: without user, password and query."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        place = f"{host}:{parts.port}" if parts.port else host
        return self.redacted(urlunsplit((parts.scheme, place, parts.path, "", "")))


def retry_after(value: str | None, at: datetime) -> float:
    """Return the seconds a Retry-After header asks for, given as seconds or as a date; 1 when it does not say.

    A source that asks for more than a day is asked again after a day.
    """
    if value is None:
        return 1.0
    try:
        wait_s = float(value)
    except ValueError:
        try:
            until = parsedate_to_datetime(value)
        except ValueError:
            return 1.0
        wait_s = (until.replace(tzinfo=until.tzinfo or UTC) - at).total_seconds()
    return min(max(0.0, wait_s), A_DAY_S) if math.isfinite(wait_s) else 1.0


@asynccontextmanager
async def open_http(
    source: str, bucket: Bucket | None, *, secrets: Sequence[str] = (), sleep: Sleep = asyncio.sleep
) -> AsyncIterator[Http]:
    """Open a source's session for as long as the block runs."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=IDLE_S)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=False, auto_decompress=True) as session:
        yield Http(source, session, bucket, secrets, sleep)
