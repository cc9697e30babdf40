"""Mutations that do harm when repeated carry a key: the same key within a day gives the same answer and does nothing."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from hub.store.database import Connection
from hub.store.given_answer import find_answer, keep_answer
from schema.context import RequestContext
from schema.errors import ErrorCode
from schema.user_error import invalid, refusing

LONGEST_KEY = 64


@dataclass
class Turn:
    """One try of a mutation; `answer` is there already when the key was used before, else the mutation sets it."""

    connection: Connection
    fresh: bool
    answer: dict[str, Any]


@asynccontextmanager
async def once(context: RequestContext, mutation: str, key: str, asked: Mapping[str, object]) -> AsyncIterator[Turn]:
    """Lend a transaction for a keyed mutation. Raises Refusal when the key was used for something else."""
    if not 1 <= len(key) <= LONGEST_KEY:
        raise invalid(
            "idempotencyKey",
            "length",
            f"The key has 1 to {LONGEST_KEY} characters.",
            f"幂等键为 1 至 {LONGEST_KEY} 个字符。",
        )
    viewer = context.viewer
    caller = f"user:{viewer.user_id}" if viewer.user_id is not None else f"token:{viewer.token_id}"
    hashed = hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).digest()
    async with context.store.transaction() as connection:
        before = await find_answer(connection, caller, mutation, key, hashed)
        if before is not None and not before.same:
            raise refusing(
                ErrorCode.IDEMPOTENCY_CONFLICT,
                "The key was used for another request; choose a new key for each request.",
                "该幂等键已用于另一请求；请为每个请求选用新的键。",
                "idempotencyKey",
            )
        turn = Turn(connection, before is None, {} if before is None else before.answer)
        yield turn
        if turn.fresh:
            await keep_answer(connection, caller, mutation, key, turn.answer)
