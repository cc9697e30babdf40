"""The keys of the identity provider: where they are, and how they are fetched, kept and renewed.

A token whose key is known is checked whatever has become of the provider since. A key that is not known is looked for, but
not for each token that names one: anybody can make up names.
"""

import asyncio
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from time import monotonic
from typing import Any, TypeVar

import aiohttp
import msgspec
import structlog
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from hub.errors import RetryLater
from hub.settings import OidcSettings, guarded_address

log = structlog.get_logger(__name__)

FETCH_S = 5.0
LARGEST = 256 * 1024
# A key that the provider withdrew is known for at most this long, if the provider can be reached.
KEPT_S = 600.0
# The shortest time from one fetch to the next.
PAUSE_S = 10.0
DISCOVERY = "/.well-known/openid-configuration"

Key = RSAKey | ECKey
KINDS: dict[str, type[Key]] = {"RSA": RSAKey, "EC": ECKey}
DocumentT = TypeVar("DocumentT")


class ProviderDown(RetryLater):
    """The identity provider did not tell its keys."""


class Discovery(msgspec.Struct):
    """What we read of the provider's description of itself."""

    issuer: str
    jwks_uri: str


class KeySet(msgspec.Struct):
    """What the provider tells of its keys."""

    keys: list[dict[str, Any]]


@dataclass
class Keys:
    """The keys that are known now."""

    settings: OidcSettings
    clock: Callable[[], float] = monotonic
    known: Sequence[Key] = ()
    read_at: float = field(default=-inf, init=False)
    tried_at: float = field(default=-inf, init=False)
    latest: "asyncio.Task[None] | None" = field(default=None, init=False)

    async def find(self, algorithm: str, kid: str | None) -> Key | None:
        """Return the key that a token names; one that names none means the only one there is."""
        found = chosen(self.known, algorithm, kid)
        if found is None:
            # Shielded: a client that goes away does not take along what others wait for.
            await asyncio.shield(self.renew())
            return chosen(self.known, algorithm, kid)
        if self.clock() - self.read_at >= KEPT_S:
            self.renew()
        return found

    def renew(self) -> "asyncio.Task[None]":
        """Begin to read the keys, unless that was tried a moment ago; return the latest try."""
        if self.latest is None or (self.latest.done() and self.clock() - self.tried_at >= PAUSE_S):
            self.tried_at = self.clock()
            self.latest = asyncio.create_task(self.read())
        return self.latest

    async def read(self) -> None:
        """Read the keys; when that fails those that are known stay."""
        try:
            self.known = await read_keys(self.settings)
            self.read_at = self.clock()
        except ProviderDown as error:
            log.warning("the keys of the identity provider could not be read", reason=str(error))

    async def close(self) -> None:
        """End what is under way."""
        if self.latest is not None:
            self.latest.cancel()
            await asyncio.gather(self.latest, return_exceptions=True)


async def read_keys(settings: OidcSettings) -> Sequence[Key]:
    """Fetch the provider's keys for the algorithms that are allowed. Raises ProviderDown."""
    try:
        async with asyncio.timeout(FETCH_S), aiohttp.ClientSession() as session:
            address = settings.jwks_url or await discovered(session, settings.issuer)
            entries = (await fetched(session, address, KeySet)).keys
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise ProviderDown(f"The identity provider {settings.issuer} did not tell its keys: {reason}.") from error
    found = [key for key in usable(entries) if any(fits(key, algorithm) for algorithm in settings.algorithms)]
    if not found:
        allowed = ", ".join(settings.algorithms)
        raise ProviderDown(f"The identity provider {settings.issuer} has no key for signatures by {allowed}.")
    return found


async def discovered(session: aiohttp.ClientSession, issuer: str) -> str:
    """Return the address of the keys as the provider tells it."""
    told = await fetched(session, issuer.rstrip("/") + DISCOVERY, Discovery)
    if told.issuer != issuer:
        raise ValueError("what it calls itself is another issuer, and the two have to be equal to the letter")
    return guarded_address(told.jwks_uri)


async def fetched(session: aiohttp.ClientSession, address: str, kind: type[DocumentT]) -> DocumentT:
    """Return a document of bounded size. Nothing is followed: it would lead to a place that nobody named."""
    async with session.get(address, headers={"Accept": "application/json"}, allow_redirects=False) as answer:
        if answer.status != 200:
            raise ValueError(f"it answered with the status {answer.status}")
        body = bytearray()
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > LARGEST:
                raise ValueError(f"its answer is longer than {LARGEST} bytes")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError("its answer is not what OpenID Connect says it is") from error


def usable(entries: Iterable[dict[str, Any]]) -> Sequence[Key]:
    """Return the keys that can be read; others may stand beside them, of kinds we do not know or too short to prove a thing."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("error", SecurityWarning)
        for entry in entries:
            # The library checks form only here and there, and somebody else wrote this.
            with suppress(Exception):
                found.append(KINDS[entry["kty"]].import_key(entry))
    return found


def chosen(keys: Iterable[Key], algorithm: str, kid: str | None) -> Key | None:
    """Return the key of that name for the algorithm; without a name the only one, if it is."""
    found = [key for key in keys if (kid is None or key.kid == kid) and fits(key, algorithm)]
    return found[0] if len(found) == 1 or (found and kid is not None) else None


def fits(key: Key, algorithm: str) -> bool:
    """Say whether a key is for signatures by an algorithm."""
    try:
        JWSRegistry.algorithms[algorithm].check_key(key)
    except JoseError:
        return False
    return True
