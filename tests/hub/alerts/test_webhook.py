"""The signed webhook against a server that checks what it gets, as a receiver would."""

import hashlib
import hmac
from datetime import UTC, datetime

import orjson
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.alerts.message import Message
from hub.alerts.webhook import call, signature
from tests.hook import hook

SECRET = "a secret of both"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MESSAGE = Message("Case 12", "第一行\nSecond line", {"kind": "alert", "case": 12})


async def send(port: int, path: str = "/") -> str | None:
    return await call(f"http://127.0.0.1:{port}{path}", SECRET, MESSAGE, delivery="77", at=NOON)


async def test_a_receiver_can_tell_that_a_message_is_ours_and_fresh() -> None:
    got: list[dict[str, object]] = []

    async def checks(request: web.Request) -> web.Response:
        body, stamp = await request.read(), request.headers["Channelhub-Timestamp"]
        expected = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        genuine = hmac.compare_digest(f"v1={expected}", request.headers["Channelhub-Signature"])
        fresh = abs(int(stamp) - NOON.timestamp()) <= 300
        got.append(orjson.loads(body))
        plain = request.content_type == "application/json" and request.headers["Channelhub-Delivery"] == "77"
        return web.Response(status=204 if genuine and fresh and plain else 403)

    async with hook(checks, "/") as port:
        assert await send(port) is None
        # Signed with something else, or sent long ago.
        assert "403" in str(await call(f"http://127.0.0.1:{port}/", "guess", MESSAGE, delivery="77", at=NOON))
        assert "403" in str(await call(f"http://127.0.0.1:{port}/", SECRET, MESSAGE, delivery="77", at=NOON.replace(hour=11)))
    assert got[0] == {"kind": "alert", "case": 12, "delivery": "77", "subject": "Case 12", "body": "第一行\nSecond line"}


async def test_nothing_is_followed() -> None:
    asked: list[str] = []

    async def points_elsewhere(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with hook(points_elsewhere, "/", "/elsewhere") as port:
        assert "307" in str(await send(port))
    assert asked == ["/"]


async def test_an_answer_without_end_is_not_read() -> None:
    async def talks(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": str(10**12)})
        await answer.prepare(request)
        await answer.write(b"x" * 65_536)
        return answer

    async with hook(talks, "/") as port:
        assert await send(port) is None


@pytest.mark.parametrize("status", [301, 400, 404, 429, 500, 503])
async def test_what_does_not_accept_is_tried_again_later(status: int) -> None:
    async def refuses(request: web.Request) -> web.Response:
        return web.Response(status=status)

    async with hook(refuses, "/") as port:
        assert str(status) in str(await send(port))


async def test_one_that_is_away_or_no_address_is_said_without_the_address() -> None:
    async def never(request: web.Request) -> web.Response:
        return web.Response()

    async with hook(never, "/") as port:
        pass
    for one in (f"http://127.0.0.1:{port}/hidden", "http://", "http://user:hidden@127.0.0.1:99999/"):
        said = await call(one, SECRET, MESSAGE, delivery="77", at=NOON)
        assert said is not None
        assert "did not answer" in said
        assert "hidden" not in said


@settings(max_examples=50, deadline=None)
@given(secret=st.text(min_size=1), stamp=st.integers(0, 2**40), body=st.binary(), other=st.binary())
def test_a_signature_holds_for_one_body_and_one_time(secret: str, stamp: int, body: bytes, other: bytes) -> None:
    signed = signature(secret, str(stamp), body)
    assert signed == f"v1={hmac.new(secret.encode(), str(stamp).encode() + b'.' + body, hashlib.sha256).hexdigest()}"
    assert (signature(secret, str(stamp), other) == signed) is (other == body)
    assert signature(secret, str(stamp + 1), body) != signed
