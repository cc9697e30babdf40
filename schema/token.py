"""AccessToken: a key to the API. What is stored is its hash; the token itself is told once."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.clock import now
from hub.errors import Declined
from hub.store.token import NewToken, create_token, revoke_token
from schema.account import User
from schema.auth.roles import demand
from schema.compiler.catalog import Sort, column, one, table
from schema.compiler.door import read_row
from schema.compiler.follow import read_seen
from schema.context import RequestContext, Role
from schema.directives import Cost
from schema.node import GLOBAL_ID, Node
from schema.user_error import Refusal, UserError, checked_id, declined, invalid, not_found
from schema.where import asked, given

if TYPE_CHECKING:
    from schema.partner import Partner

Info = strawberry.Info[RequestContext, None]


@table("access_token", sorts={"CREATED_AT": Sort("created_at", "timestamptz")})
@strawberry.type(description="An API token. The token itself is shown once, when it is made.")
class AccessToken(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    name: str = column("name", "Name to show.")
    prefix: str = column("prefix", "First 8 characters, to recognise it.")
    role: Role = column("role", "Role.")
    user: User | None = one("user_id", "User it speaks for; null = a service's.")
    partner: Annotated["Partner", strawberry.lazy("schema.partner")] | None = one(
        "partner_id", "Partner whose rows it may see; null unless the role is PARTNER."
    )
    created_at: datetime = column("created_at", "When it was made.")
    expires_at: datetime | None = column("expires_at", "When it stops working; null = never.")
    last_used_at: datetime | None = column("last_used_at", "When it was last used, to the minute; null = never.")
    revoked_at: datetime | None = column("revoked_at", "When it was revoked; null = not.")


@strawberry.input(description="A token to make.")
class CreateTokenInput:
    name: str = strawberry.field(description="Name to show, 1..200 characters.")
    role: Role = strawberry.field(description="Role.")
    user_id: strawberry.ID | None = asked("User it speaks for, who has the role; null = a service's.")
    partner_id: strawberry.ID | None = asked("Partner; required for PARTNER, refused otherwise.")
    expires_at: datetime | None = asked("When it stops working; null = never.")


@strawberry.input(description="A token to revoke.")
class RevokeTokenInput:
    access_token_id: strawberry.ID = strawberry.field(description="Entry of the token.")


@strawberry.type(description="Answer of `revokeToken`.")
class RevokeTokenPayload:
    token_id: strawberry.Private[int | None]
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done.")

    @strawberry.field(description="The entry as it is now; null when it was not found. Revoking twice changes nothing.")
    async def access_token(self, info: Info) -> AccessToken | None:
        return await entry(info, self.token_id)


@strawberry.type(description="Answer of `createToken`.")
class CreateTokenPayload:
    token_id: strawberry.Private[int | None]
    token: str | None = strawberry.field(
        default=None, description="The token itself. Shown this once; only its SHA-256 is stored."
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done.")

    @strawberry.field(description="The entry; null when nothing was done.")
    async def access_token(self, info: Info) -> AccessToken | None:
        return await entry(info, self.token_id)


async def entry(info: Info, token_id: int | None) -> AccessToken | None:
    """Return the entry of a token as the viewer may see it."""
    if token_id is None:
        return None
    return await read_row(info, "AccessToken", token_id)  # type: ignore[return-value]


@strawberry.type
class TokenMutation:
    @strawberry.mutation(description="Makes an API token. ADMIN.", directives=[Cost(weight="10")])
    async def create_token(
        self, info: Info, input: Annotated[CreateTokenInput, strawberry.argument(description="What to do.")]
    ) -> CreateTokenPayload | None:
        demand(info.context.viewer, "createToken")
        try:
            made = await make(info, input)
        except Refusal as refusal:
            return CreateTokenPayload(token_id=None, user_errors=[refusal.error])
        return CreateTokenPayload(token_id=made.id, token=made.text, user_errors=[])

    @strawberry.mutation(description="Revokes an API token. ADMIN, or anybody for its own.", directives=[Cost(weight="10")])
    async def revoke_token(
        self, info: Info, input: Annotated[RevokeTokenInput, strawberry.argument(description="What to do.")]
    ) -> RevokeTokenPayload | None:
        demand(info.context.viewer, "revokeToken")
        try:
            token_id = checked_id("accessTokenId", input.access_token_id, "AccessToken")
            if not await read_seen(info._raw_info, "AccessToken", [token_id]):
                raise not_found("accessTokenId", "AccessToken")
        except Refusal as refusal:
            return RevokeTokenPayload(token_id=None, user_errors=[refusal.error])
        async with info.context.store.transaction() as connection:
            await revoke_token(connection, token_id)
        return RevokeTokenPayload(token_id=token_id, user_errors=[])


async def make(info: Info, input: CreateTokenInput) -> NewToken:
    """Make a token."""
    if not 1 <= len(input.name.strip()) <= 200:
        raise invalid("name", "length", "The name has 1 to 200 characters.", "名称为 1 至 200 个字符。")
    expires_at = given(input.expires_at)
    if expires_at is not None and expires_at <= now():
        raise invalid(
            "expiresAt", "must_be_later", "The token would have stopped working already.", "令牌的失效时间须晚于现在。"
        )
    partner_id = await existing(info, "partnerId", given(input.partner_id), "Partner")
    user_id = await existing(info, "userId", given(input.user_id), "User")
    try:
        async with info.context.store.transaction() as connection:
            return await create_token(
                connection,
                name=input.name.strip(),
                role=str(input.role.value),
                user_id=user_id,
                partner_id=partner_id,
                expires_at=expires_at,
            )
    except Declined as error:
        raise declined(error) from error


async def existing(info: Info, field: str, text: strawberry.ID | None, kind: str) -> int | None:
    """Return the id of a row that exists."""
    if text is None:
        return None
    number = checked_id(field, text, kind)
    if not await read_seen(info._raw_info, kind, [number]):
        raise not_found(field, kind)
    return number
