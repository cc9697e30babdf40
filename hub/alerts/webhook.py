"""Our own webhook: one POST of JSON, signed, so that whoever gets it can tell that we sent it and when.

A receiver computes HMAC-SHA256, keyed with the shared secret, over the header `Channelhub-Timestamp`, a full stop and the body
as it came, and compares the hexadecimal digest with `Channelhub-Signature` (`v1=<digest>`) in constant time. A timestamp more
than five minutes from its own clock is turned away: it is a copy of an old message. `Channelhub-Delivery` is the same whenever
one message is tried again.

Nothing is followed: an address that points elsewhere did not accept the message, and its signature goes to nobody else.
"""

import hashlib
import hmac
from datetime import datetime

import aiohttp
import orjson

from hub.alerts.message import Message

TIMEOUT_S = 10
SCHEMES = ("http://", "https://")
REFUSED = "The webhook answered with the status {status}; a status of 200 to 299 accepts a message."
AWAY = "The webhook did not answer; see whether it is up and whether its address is right."


async def call(address: str, secret: str, message: Message, *, delivery: str, at: datetime) -> str | None:
    """Send a message; return None when it was accepted, else why not. The reason never holds the address."""
    body = orjson.dumps({**message.about, "delivery": delivery, "subject": message.subject, "body": message.body})
    timestamp = str(int(at.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Channelhub",
        "Channelhub-Delivery": delivery,
        "Channelhub-Timestamp": timestamp,
        "Channelhub-Signature": signature(secret, timestamp, body),
    }
    # The answer's body is nobody's concern, so its length cannot be a burden.
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(address, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            return None if 200 <= answer.status < 300 else REFUSED.format(status=answer.status)
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return AWAY


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return what the header Channelhub-Signature says of a body."""
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"v1={digest}"
