"""Whether a payload is the one we have: two 128-bit hashes, over the bytes and over what they mean."""

from collections.abc import Sequence
from hashlib import blake2b

import orjson


def fingerprint(raw: bytes) -> bytes:
    """Return the hash of the bytes; equal means unchanged, and nothing is decoded."""
    return blake2b(raw, digest_size=16).digest()


def content(raw: bytes, volatile: Sequence[str]) -> bytes:
    """Return the hash of the meaning: keys sorted, volatile fields left out. What is no JSON object means its bytes."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return fingerprint(raw)
    for path in volatile:
        drop(body, path.split("."))
    return fingerprint(orjson.dumps(body, option=orjson.OPT_SORT_KEYS))


def drop(body: object, path: list[str]) -> None:
    """Remove one field by its path; a path through a list reaches each of its items."""
    if isinstance(body, list):
        for item in body:
            drop(item, path)
    elif isinstance(body, dict):
        if len(path) == 1:
            body.pop(path[0], None)
        else:
            drop(body.get(path[0]), path[1:])
