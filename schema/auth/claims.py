"""A token of the identity provider: whether it holds, and whom it names.

Claims are believed only after the signature, and only an algorithm that the settings allow is tried; what a token says of
where its key may be found is never looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import orjson
import structlog
from joserfc import jws
from joserfc.errors import ClaimError
from joserfc.jwt import JWTClaimsRegistry

from hub.clock import now
from hub.settings import OidcSettings
from hub.store.token import Claimed
from schema.auth.oidc import Key, Keys

log = structlog.get_logger(__name__)

# The last instant that a token may name; what is later is as good as never.
LAST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


class Unproven(Exception):
    """A token proves nothing; the text says what is wrong, for the log alone."""


class Head(msgspec.Struct):
    """What a token says of its signature."""

    alg: str
    kid: str | None = None


class Sizes(jws.JWSRegistry):
    """How long the parts of a token may be: a person can be in many groups, and a head may hold a certificate."""

    max_header_length = 4 * 1024
    max_payload_length = 16 * 1024


@dataclass
class Provider:
    """The identity provider, as far as its tokens go."""

    settings: OidcSettings
    keys: Keys

    async def read(self, text: str) -> Claimed | None:
        """Return whom a token speaks for; None when it proves nothing."""
        try:
            return self.named(await self.claims(text))
        except Unproven as error:
            log.info("a token of the identity provider was refused", reason=str(error))
            return None

    async def claims(self, text: str) -> dict[str, Any]:
        """Return what a token says, once it is known to be true and to be meant for us. Raises Unproven."""
        registry = Sizes(algorithms=self.settings.algorithms, strict_check_header=False)
        signed, head = opened(text, registry)
        if head.alg not in self.settings.algorithms:
            raise Unproven("its algorithm is not allowed")
        key = await self.keys.find(head.alg, head.kid)
        if key is None:
            raise Unproven("its key is not known")
        return self.current(proven(signed, key, registry))

    def current(self, claims: dict[str, Any]) -> dict[str, Any]:
        """Return the claims, if they are of this issuer, for this audience and of this time."""
        expected = JWTClaimsRegistry(
            now=int(now().timestamp()),
            leeway=self.settings.clock_skew_seconds,
            iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.audience},
            exp={"essential": True},
        )
        try:
            expected.validate(claims)
        except ClaimError as error:
            raise Unproven(f"its claim {error.claim} does not hold") from error
        return claims

    def named(self, claims: Mapping[str, Any]) -> Claimed:
        """Return the user, the role and the end that the claims name."""
        name = reached(claims, self.settings.user_claim)
        if not isinstance(name, str) or not name.strip() or "\x00" in name:
            raise Unproven("it names no user")
        by_subject = self.settings.user_claim == "sub"
        # Some providers write truth as a text.
        if not by_subject and claims.get("email_verified", True) not in (True, "true"):
            raise Unproven("its e-mail address is not verified")
        ends_at = datetime.fromtimestamp(min(claims["exp"], LAST), UTC)
        return Claimed(
            email=None if by_subject else small(name.strip()),
            subject=name if by_subject else None,
            role=self.role(claims),
            expires_at=ends_at + timedelta(seconds=self.settings.clock_skew_seconds),
        )

    def role(self, claims: Mapping[str, Any]) -> str | None:
        """Return the first role of the settings that the claims hold; None when the user's own decide."""
        if self.settings.roles_claim is None:
            return None
        told = reached(claims, self.settings.roles_claim)
        held = told if isinstance(told, list) else [told]
        for word, role in self.settings.roles.items():
            if word in held:
                return role
        raise Unproven("it holds no role of ours")


def opened(text: str, registry: Sizes) -> tuple[jws.CompactSignature, Head]:
    """Take a token apart. Raises Unproven."""
    try:
        signed = jws.extract_compact(text.encode("ascii"), registry=registry)
        return signed, msgspec.convert(signed.headers(), Head)
    except Exception as error:  # anybody may send anything, and the library checks form only here and there
        raise Unproven("it is no token") from error


def proven(signed: jws.CompactSignature, key: Key, registry: Sizes) -> dict[str, Any]:
    """Return what a token says, if the key signed it. Raises Unproven."""
    try:
        holds = jws.validate_compact(signed, key, registry=registry)
    except Exception as error:  # the same
        raise Unproven("its head is not in order") from error
    if not holds:
        raise Unproven("its signature does not hold")
    try:
        claims = orjson.loads(signed.payload)
    except orjson.JSONDecodeError as error:
        raise Unproven("what it says is not JSON") from error
    if not isinstance(claims, dict):
        raise Unproven("what it says is no object")
    return claims


def reached(claims: Mapping[str, Any], path: str) -> Any:
    """Return a claim by its name or, for one inside another, by its path. Names may be addresses, which have points too."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def small(address: str) -> str:
    """Return an e-mail address as users are stored. Letters beyond ASCII stay: some of them have a small form within it."""
    return address.lower() if address.isascii() else address
