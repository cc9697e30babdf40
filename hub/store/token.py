"""Where API tokens rest: their hash, never the token.

Whatever may shut a caller out (a token revoked, a user changed) is told on the channel `hub_access`, so that open sockets
are closed at once.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from msgspec import Struct, convert, structs
from tortoise import fields
from tortoise.indexes import Index

from hub.clock import now
from hub.errors import Declined
from hub.store.base import Now, Row
from hub.store.database import Connection
from hub.store.statements import statement

ACCESS_CHANNEL = "hub_access"


class AccessTokenRow(Row):
    """`digest` is the SHA-256 of the token; `prefix` its first characters, to tell tokens apart."""

    name = fields.TextField()
    prefix = fields.TextField()
    digest = fields.BinaryField()
    role = fields.TextField()
    user_id = fields.BigIntField(null=True)
    partner_id = fields.BigIntField(null=True)
    created_at = fields.DatetimeField(db_default=Now())
    expires_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "access_token"
        unique_together = (("digest",),)
        indexes = (Index(fields=("user_id",)),)


class Caller(Struct, frozen=True, kw_only=True):
    """Who a token speaks for, at this moment. `user_id` is None for a service token, `token_id` for one that is not ours."""

    token_id: int | None
    role: str
    name: str
    user_id: int | None
    partner_id: int | None
    partner_ids: tuple[int, ...]
    region_ids: tuple[int, ...]
    product_groups: tuple[str, ...]
    locale: str | None
    expires_at: datetime | None


class Claimed(Struct, frozen=True, kw_only=True):
    """What a token of the identity provider says: a user by e-mail address or by subject, and a role unless its own decide."""

    email: str | None
    subject: str | None
    role: str | None
    expires_at: datetime


class NewToken(Struct, frozen=True):
    """A token that was just made; `text` exists nowhere else and is not shown again."""

    id: int
    text: str

    def __repr__(self) -> str:
        return f"NewToken(id={self.id})"


async def create_token(
    connection: Connection,
    *,
    name: str,
    role: str,
    user_id: int | None = None,
    partner_id: int | None = None,
    expires_at: datetime | None = None,
) -> NewToken:
    """Make a token for a user or, without one, for a service. Raises Declined when it could never work."""
    if (role == "partner") != (partner_id is not None):
        raise Declined(
            "only_for_partner",
            "A token of the role partner names its partner; no other token does.",
            "角色为 partner 的令牌须指定其渠道商；其他令牌不得指定。",
            field="partnerId",
        )
    if user_id is not None and not await connection.fetchval(HOLDS_ROLE.sql, user_id, role):
        raise Declined(
            "role_not_held",
            f"The user is not active or does not have the role {role}; give it the role first.",
            f"该用户未启用，或没有角色 {role}；请先授予该角色。",
            field="userId",
        )
    if user_id is not None and role == "partner" and not await connection.fetchval(ACTS_FOR.sql, partner_id, user_id):
        raise Declined(
            "other_partner",
            "The user acts for another partner; name that one, or change the user first.",
            "该用户代表另一渠道商；请指定该渠道商，或先更改用户。",
            field="partnerId",
        )
    text = secrets.token_urlsafe(32)
    values = {
        "name": name,
        "prefix": text[:8],
        "digest": digest(text),
        "role": role,
        "user_id": user_id,
        "partner_id": partner_id,
        "expires_at": expires_at,
    }
    return NewToken(await connection.fetchval(CREATE.sql, *CREATE.arguments(values)), text)


async def find_caller(connection: Connection, key: bytes) -> Caller | None:
    """Return whom the token of this digest speaks for; None when it is unknown, revoked, expired or its user is shut out.

    That it was used is written at most once a minute.
    """
    times = {"now": now(), "minute_ago": now() - timedelta(minutes=1)}
    found = await connection.fetchrow(FIND.sql, *FIND.arguments(times | {"digest": key}))
    if found is None:
        return None
    if found["unrecorded"]:
        await connection.execute(TOUCH.sql, *TOUCH.arguments(times | {"id": found["token_id"]}))
    return convert(dict(found), Caller)


async def find_claimed(connection: Connection, claimed: Claimed) -> Caller | None:
    """Return the active user that is named; None when there is none, or it may not have the role."""
    found = await connection.fetchrow(FIND_CLAIMED.sql, *FIND_CLAIMED.arguments(structs.asdict(claimed)))
    return None if found is None else convert(dict(found), Caller)


async def revoke_token(connection: Connection, token_id: int) -> bool:
    """Revoke a token; twice changes nothing. False when there is none."""
    done = await connection.fetchval(REVOKE.sql, *REVOKE.arguments({"id": token_id, "now": now()}))
    await connection.execute(ACCESS_CHANGED.sql)
    return done is not None


def digest(text: str) -> bytes:
    """Return what is stored of a token. It is random throughout, so a plain hash is enough."""
    return hashlib.sha256(text.encode()).digest()


CREATE = statement("token", "create")
HOLDS_ROLE = statement("token", "holds_role")
ACTS_FOR = statement("token", "acts_for")
FIND = statement("token", "find")
FIND_CLAIMED = statement("token", "find_claimed")
TOUCH = statement("token", "touch")
REVOKE = statement("token", "revoke")
ACCESS_CHANGED = statement("token", "access_changed")
