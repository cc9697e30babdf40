"""User: a person who may use the hub, and what is assigned to it."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import available_timezones

import strawberry

from hub.alerts.quiet import read_quiet
from hub.errors import Declined, SettingsError
from hub.store.user import Person, deactivate_user, prefer, upsert_user
from schema.auth.roles import demand
from schema.compiler.catalog import column, many, one, table
from schema.compiler.door import read_row
from schema.compiler.follow import read_seen
from schema.context import Locale, RequestContext, Role
from schema.directives import Cost
from schema.errors import ErrorCode
from schema.node import GLOBAL_ID, Node
from schema.user_error import Refusal, UserError, checked_id, declined, invalid, not_found, refusing
from schema.where import asked, given

if TYPE_CHECKING:
    from schema.partner import Partner
    from schema.region import Region

Info = strawberry.Info[RequestContext, None]
MOST_ASSIGNED = 500
LONGEST_SUBJECT = 255


@table("hub_user")
@strawberry.type(description="A person who may use the hub.")
class User(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    email: str = column("email", "E-mail address; unique, in small letters.")
    subject: str | None = column("subject", "How the identity provider calls it (`sub`); null unless it is known by that.")
    name: str = column("name", "Name to show.")
    roles: list[Role] = column(
        "ARRAY(SELECT upper(one) FROM unnest({roles}) AS one)", "Roles it may have tokens of.", always=True
    )
    partner: Annotated["Partner", strawberry.lazy("schema.partner")] | None = one(
        "partner_id", "Partner it acts for; null unless it has the role PARTNER."
    )
    assigned_partners: list[Annotated["Partner", strawberry.lazy("schema.partner")]] = many(
        "{id} = ANY({up.partner_ids})", "{code}", "Partners a channel manager looks after. At most 100 are shown."
    )
    assigned_regions: list[Annotated["Region", strawberry.lazy("schema.region")]] = many(
        "{id} = ANY({up.region_ids})", "{code}", "Regions a channel manager looks after. At most 100 are shown."
    )
    product_groups: list[str] = column("product_groups", "Product groups a channel manager looks after; empty = all.")
    locale: Locale = column("locale", "Language of its messages.")
    time_zone: str = column("time_zone", "Time zone, IANA name.")
    quiet_hours: str | None = column(
        "quiet_hours", "When only critical alerts are sent, as `21:00-07:30`; null = as the policy says, empty = never."
    )
    active: bool = column("active", "Whether it may use the hub.")
    created_at: datetime = column("created_at", "When it was added.")


@strawberry.input(description="A user as it shall be; what is left out is empty.")
class UpsertUserInput:
    email: str = strawberry.field(description="E-mail address; names the user.")
    name: str = strawberry.field(description="Name to show, 1..200 characters.")
    roles: list[Role] = strawberry.field(description="Roles it may have tokens of; at least one.")
    partner_id: strawberry.ID | None = asked("Partner; required for PARTNER, refused otherwise.")
    partner_ids: list[strawberry.ID] | None = asked("Partners a channel manager looks after, at most 500.")
    region_ids: list[strawberry.ID] | None = asked("Regions a channel manager looks after, at most 500.")
    product_groups: list[str] | None = asked("Product groups a channel manager looks after, at most 500; empty = all.")
    locale: Locale = strawberry.field(default=Locale.EN, description="Language of its messages.")
    time_zone: str = strawberry.field(default="UTC", description="Time zone, IANA name.")
    quiet_hours: str | None = asked(
        "When only critical alerts are sent, as `21:00-07:30`; null = as the policy says, empty = never."
    )
    subject: str | None = asked(
        "How the identity provider calls it (`sub`), 1..255 characters; needed only where it is known by that."
    )


@strawberry.input(description="How messages reach a user; what is left out stays as it is.")
class SetPreferencesInput:
    user_id: strawberry.ID | None = asked("User; null = the caller. That of somebody else is for ADMIN.")
    locale: Locale | None = asked("Language of its messages.")
    time_zone: str | None = asked("Time zone, IANA name: digests are written and hours are quiet by its clocks.")
    quiet_hours: str | None = asked(
        "When only critical alerts are sent, as `21:00-07:30`; null = as the policy says, empty = never."
    )


@strawberry.input(description="A user to shut out.")
class DeactivateUserInput:
    user_id: strawberry.ID = strawberry.field(description="User.")


@strawberry.type(description="Answer of `upsertUser`, `deactivateUser` and `setPreferences`.")
class UserPayload:
    user_id: strawberry.Private[int | None]
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done.")

    @strawberry.field(description="The user as it is now; null when nothing was done.")
    async def user(self, info: Info) -> User | None:
        if self.user_id is None:
            return None
        return await read_row(info, "User", self.user_id)  # type: ignore[return-value]


@strawberry.type
class UserMutation:
    @strawberry.mutation(
        description="Adds a user, or replaces all that is said of it and lets it in again. ADMIN.",
        directives=[Cost(weight="10")],
    )
    async def upsert_user(
        self, info: Info, input: Annotated[UpsertUserInput, strawberry.argument(description="What to do.")]
    ) -> UserPayload | None:
        demand(info.context.viewer, "upsertUser")
        try:
            return UserPayload(user_id=await let_in(info, input), user_errors=[])
        except Refusal as refusal:
            return UserPayload(user_id=None, user_errors=[refusal.error])

    @strawberry.mutation(
        description="Shuts a user and its tokens out. The last administrator stays. ADMIN.", directives=[Cost(weight="10")]
    )
    async def deactivate_user(
        self, info: Info, input: Annotated[DeactivateUserInput, strawberry.argument(description="What to do.")]
    ) -> UserPayload | None:
        demand(info.context.viewer, "deactivateUser")
        try:
            return UserPayload(user_id=await shut_out(info, input), user_errors=[])
        except Refusal as refusal:
            return UserPayload(user_id=None, user_errors=[refusal.error])

    @strawberry.mutation(
        description="Says in which language, by which clocks and outside which hours messages reach a user. Anybody for its "
        "own, ADMIN for all.",
        directives=[Cost(weight="10")],
    )
    async def set_preferences(
        self, info: Info, input: Annotated[SetPreferencesInput, strawberry.argument(description="What to do.")]
    ) -> UserPayload | None:
        demand(info.context.viewer, "setPreferences")
        try:
            return UserPayload(user_id=await preferred(info, input), user_errors=[])
        except Refusal as refusal:
            return UserPayload(user_id=None, user_errors=[refusal.error])


async def let_in(info: Info, input: UpsertUserInput) -> int:
    """Add or replace a user and return its id."""
    person = await described(info, input)
    try:
        async with info.context.store.transaction() as connection:
            user_id = await upsert_user(connection, person)
    except Declined as error:
        raise declined(error) from error
    if user_id is None:
        raise last_administrator("roles")
    return user_id


async def shut_out(info: Info, input: DeactivateUserInput) -> int:
    """Deactivate a user and return its id."""
    user_id = checked_id("userId", input.user_id, "User")
    if not await read_seen(info._raw_info, "User", [user_id]):
        raise not_found("userId", "User")
    async with info.context.store.transaction() as connection:
        if not await deactivate_user(connection, user_id):
            raise last_administrator("userId")
    return user_id


async def preferred(info: Info, input: SetPreferencesInput) -> int:
    """Change how messages reach a user and return its id."""
    text, time_zone, quiet_hours = given(input.user_id), given(input.time_zone), given(input.quiet_hours)
    user_id = info.context.viewer.user_id if text is None else checked_id("userId", text, "User")
    if user_id is None:
        raise refusing(
            ErrorCode.POLICY_DENIED,
            "This token belongs to no user, so there is nobody to write to; name one, or call with a token of one.",
            "此令牌不属于任何用户，没有收件人；请指定用户，或使用属于用户的令牌调用。",
            "userId",
        )
    if not await read_seen(info._raw_info, "User", [user_id]):
        raise not_found("userId", "User")
    if time_zone is not None:
        check_zone(time_zone)
    check_hours(quiet_hours)
    locale = given(input.locale)
    async with info.context.store.transaction() as connection:
        await prefer(
            connection,
            user_id,
            locale=None if locale is None else str(locale.value),
            time_zone=time_zone,
            quiet_hours=quiet_hours,
            hours_said=input.quiet_hours is not strawberry.UNSET,
        )
    return user_id


def last_administrator(field: str) -> Refusal:
    """Return the refusal of what would leave the hub without an administrator."""
    return refusing(
        ErrorCode.POLICY_DENIED,
        "This is the last active administrator; add another one first.",
        "这是最后一名启用的管理员；请先添加另一名。",
        field,
    )


async def described(info: Info, input: UpsertUserInput) -> Person:
    """Return what is said of a user, checked."""
    check_words(input)
    own_id = given(input.partner_id)
    own = await assigned(info, "partnerId", [] if own_id is None else [own_id], "Partner")
    return Person(
        email=input.email,
        name=input.name.strip(),
        roles=tuple(str(role.value) for role in dict.fromkeys(input.roles)),
        partner_id=own[0] if own else None,
        partner_ids=await assigned(info, "partnerIds", given(input.partner_ids) or [], "Partner"),
        region_ids=await assigned(info, "regionIds", given(input.region_ids) or [], "Region"),
        product_groups=tuple(given(input.product_groups) or ()),
        locale=str(input.locale.value),
        time_zone=input.time_zone,
        quiet_hours=given(input.quiet_hours),
        subject=given(input.subject),
    )


def check_words(input: UpsertUserInput) -> None:
    """Refuse what can be seen to be wrong without looking anything up."""
    if "@" not in input.email.strip("@ ") or len(input.email) > 254:
        raise invalid("email", "not_an_address", "This is not an e-mail address.", "这不是电子邮件地址。")
    if not 1 <= len(input.name.strip()) <= 200:
        raise invalid("name", "length", "The name has 1 to 200 characters.", "姓名为 1 至 200 个字符。")
    subject = given(input.subject)
    if subject is not None and not 1 <= len(subject) <= LONGEST_SUBJECT:
        raise invalid(
            "subject",
            "length",
            f"The subject has 1 to {LONGEST_SUBJECT} characters.",
            f"主体为 1 至 {LONGEST_SUBJECT} 个字符。",
        )
    if not input.roles:
        raise invalid("roles", "empty", "A user has at least one role.", "用户至少有一个角色。")
    if (Role.PARTNER in input.roles) != (given(input.partner_id) is not None):
        raise invalid(
            "partnerId",
            "only_for_partner",
            "The role PARTNER names its partner; no other role does.",
            "角色 PARTNER 须指定其渠道商；其他角色不得指定。",
        )
    if len(given(input.product_groups) or ()) > MOST_ASSIGNED:
        raise too_many("productGroups")
    check_zone(input.time_zone)
    check_hours(given(input.quiet_hours))


def check_zone(name: str) -> None:
    """Refuse a time zone that nobody's clocks follow."""
    if name not in available_timezones():
        raise invalid(
            "timeZone", "unknown_time_zone", "Name a time zone like Asia/Shanghai.", "请给出时区，例如 Asia/Shanghai。"
        )


def check_hours(text: str | None) -> None:
    """Refuse what are no hours of a day."""
    try:
        read_quiet(text or "")
    except SettingsError as error:
        raise invalid(
            "quietHours",
            "not_hours",
            "Write quiet hours like 21:00-07:30, or leave them empty for none.",
            "免打扰时段请写作 21:00-07:30；留空表示不设。",
        ) from error


def too_many(field: str) -> Refusal:
    """Return the refusal of more than can be assigned to a user."""
    return invalid(field, "too_many", f"At most {MOST_ASSIGNED} can be assigned.", f"最多可分配 {MOST_ASSIGNED} 个。")


async def assigned(info: Info, field: str, texts: Sequence[str], kind: str) -> tuple[int, ...]:
    """Return the ids of rows that exist."""
    if len(texts) > MOST_ASSIGNED:
        raise too_many(field)
    ids = tuple(dict.fromkeys(checked_id(field, text, kind) for text in texts))
    if ids and len(await read_seen(info._raw_info, kind, ids)) < len(ids):
        raise not_found(field, kind)
    return ids
