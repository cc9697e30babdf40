"""An identity provider on loopback: tells what it is and what its keys are, and signs tokens."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.clock import now
from hub.settings import OidcSettings
from tests.web import served

Key = RSAKey | ECKey
EMAIL = "li@example.com"
KEYS = "/keys"


@cache
def rsa(kid: str) -> RSAKey:
    """Make a key, once a run: it takes a while."""
    return RSAKey.generate_key(2048, {"kid": kid})


@cache
def short(kid: str) -> RSAKey:
    """Make a key that proves little; the library warns of it."""
    with pytest.warns(UserWarning, match="2048"):
        return RSAKey.generate_key(1024, {"kid": kid})


@cache
def curve(kid: str) -> ECKey:
    """Make a key on a curve."""
    return ECKey.generate_key("P-256", {"kid": kid})


@dataclass
class Issuer:
    """What the provider says at this moment, and what it was asked."""

    address: str = ""
    keys: list[dict[str, Any]] = field(default_factory=lambda: [public(rsa("one"))])
    discovery: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[str] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return f"http://{self.address}"

    def settings(self, **more: Any) -> OidcSettings:
        """Return the settings of a hub that trusts it."""
        return OidcSettings.model_validate({"issuer": self.issuer, "audience": "channelhub"} | more)

    def claims(self, **more: Any) -> dict[str, Any]:
        """Return what a good token says; None takes a claim away."""
        at = int(now().timestamp())
        usual = {"iss": self.issuer, "aud": "channelhub", "sub": "u-1", "email": EMAIL, "iat": at, "exp": at + 300}
        return {name: value for name, value in (usual | more).items() if value is not None}

    def token(self, key: Key | None = None, head: dict[str, Any] | None = None, **claims: Any) -> str:
        """Sign a token."""
        signer = key or rsa("one")
        usual = {"alg": "RS256" if signer.key_type == "RSA" else "ES256", "kid": signer.kid}
        chosen = {name: value for name, value in (usual | (head or {})).items() if value is not None}
        return jwt.encode(chosen, self.claims(**claims), signer, algorithms=[chosen["alg"]])

    def app(self) -> Starlette:
        def told(value: Callable[[], object]) -> Callable[[Request], Any]:
            async def answer(request: Request) -> Response:
                self.asked.append(request.url.path)
                if self.silent:
                    await self.closing.wait()
                body = orjson.dumps(value()) if self.body is None else self.body
                return Response(body, self.status, self.headers, "application/json")

            return answer

        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", told(self.itself)),
                Route(KEYS, told(lambda: {"keys": self.keys})),
            ]
        )

    def itself(self) -> dict[str, Any]:
        return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}{KEYS}", "scopes_supported": ["openid"]} | self.discovery


@asynccontextmanager
async def issuing() -> AsyncIterator[Issuer]:
    """Serve an identity provider."""
    issuer = Issuer()
    async with served(issuer.app()) as address:
        issuer.address = address
        yield issuer
        issuer.closing.set()


def public(key: Key, **more: Any) -> dict[str, Any]:
    """Return a key as the provider tells it."""
    return dict(key.as_dict(private=False)) | more


def part(value: bytes | dict[str, Any]) -> str:
    """Return a part of a token that was put together by hand."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def by_hand(head: dict[str, Any], body: bytes | dict[str, Any]) -> str:
    """Sign by the key `one` what the library would not."""
    said = f"{part({'alg': 'RS256', 'kid': 'one'} | head)}.{part(body)}"
    signer = rsa("one").private_key
    assert signer is not None
    return f"{said}.{part(signer.sign(said.encode(), PKCS1v15(), SHA256()))}"
