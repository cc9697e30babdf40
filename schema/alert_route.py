"""AlertRoute: which alerts go where. Those of channelhub.toml are read here and changed there."""

import re
from enum import Enum
from typing import Annotated

import strawberry

from hub.clock import now
from hub.conflicts.registry import all_rules
from hub.errors import SettingsError
from hub.settings import REFERENCE, ROUTE_NAME
from hub.store.alert_route import Route, delete_route, route_name, unknown_regions, upsert_route
from schema.auth.roles import demand
from schema.compiler.catalog import Sort, column, pages, table
from schema.compiler.door import read_row
from schema.compiler.follow import read_seen
from schema.conflict import Severity
from schema.context import Locale, RequestContext
from schema.directives import Cost
from schema.errors import ErrorCode
from schema.node import GLOBAL_ID, Node
from schema.paging import Connection
from schema.scalars import RegionCode, RuleId
from schema.user_error import Refusal, UserError, checked_id, invalid, not_found, refusing
from schema.where import asked, given

Info = strawberry.Info[RequestContext, None]
MOST_NAMED = 500


@strawberry.enum(description="Where a thing is declared, and so where it is changed.")
class ManagedBy(Enum):
    FILE = strawberry.enum_value("file", description="In channelhub.toml.")
    API = strawberry.enum_value("api", description="Through mutations.")


@table("alert_route", sorts={"NAME": Sort("name", "text")})
@strawberry.type(description="Which alerts go where. What is empty is any.")
class AlertRoute(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    name: str = column("name", "Name; unique.")
    rule_ids: list[RuleId] = column("rule_ids", "Rules.")
    severity: Severity = column("severity", "Least band.")
    regions: list[RegionCode] = column("regions", "Regions, with all they cover.")
    product_groups: list[str] = column("product_groups", "Product groups.")
    partners: list[str] = column("partners", "Codes of the partners concerned: the subject, else the affected one.")
    addresses: list[str] = column("addresses", "E-mail addresses it goes to.")
    target: str | None = column("target", "Reference of the address it goes to: `env:NAME` or `file:PATH`; never the address.")
    secret: str | None = column("secret", "Reference of what signs messages to a webhook.")
    locale: Locale = column("locale", "Language for readers who are no users.")
    managed_by: ManagedBy = column("managed_by", "Where it is declared.")


@strawberry.type
class AlertRouteQuery:
    alert_routes: Connection[AlertRoute] | None = pages("Alert routes, by name. ADMIN.", [("NAME", False)])


@strawberry.input(description="A route as it shall be; what is left out is any.")
class UpsertRouteInput:
    name: str = strawberry.field(description="Name: small letters, digits, `-` and `_`; 1..63 characters.")
    rule_ids: list[RuleId] | None = asked("Rules.")
    severity: Severity = strawberry.field(default=Severity.MEDIUM, description="Least band.")
    regions: list[RegionCode] | None = asked("Regions, with all they cover.")
    product_groups: list[str] | None = asked("Product groups.")
    partners: list[str] | None = asked("Codes of the partners concerned.")
    addresses: list[str] | None = asked("E-mail addresses it goes to.")
    target: str | None = asked("Reference of the address it goes to: `env:NAME` or `file:PATH`.")
    secret: str | None = asked("Reference of what signs messages to a webhook.")
    locale: Locale = strawberry.field(default=Locale.EN, description="Language for readers who are no users.")


@strawberry.input(description="A route to remove.")
class DeleteRouteInput:
    route_id: strawberry.ID = strawberry.field(description="Route.")


@strawberry.input(description="A route to try.")
class TestRouteInput:
    route_id: strawberry.ID = strawberry.field(description="Route.")


@strawberry.type(description="Whether one whom a route names got the message.")
class TriedRecipient:
    recipient: str = strawberry.field(description="E-mail address, or the route's target.")
    error: str | None = strawberry.field(description="Why it did not arrive; null = it was accepted.")


@strawberry.type(description="Answer of `testRoute`.")
class TestRoutePayload:
    recipients: list[TriedRecipient] = strawberry.field(description="Everybody the route names.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done.")


@strawberry.type(description="Answer of `upsertRoute`.")
class UpsertRoutePayload:
    route_id: strawberry.Private[int | None]
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done.")

    @strawberry.field(description="The route as it is now; null when nothing was done.")
    async def route(self, info: Info) -> AlertRoute | None:
        if self.route_id is None:
            return None
        return await read_row(info, "AlertRoute", self.route_id)  # type: ignore[return-value]


@strawberry.type(description="Answer of `deleteRoute`.")
class DeleteRoutePayload:
    deleted_route_id: strawberry.ID | None = strawberry.field(description="The route that is gone; null when nothing was done.")
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done.")


@strawberry.type
class AlertRouteMutation:
    @strawberry.mutation(
        description="Makes a route, or replaces all that is said of it; one of channelhub.toml is changed there. ADMIN.",
        directives=[Cost(weight="10")],
    )
    async def upsert_route(
        self, info: Info, input: Annotated[UpsertRouteInput, strawberry.argument(description="What to do.")]
    ) -> UpsertRoutePayload | None:
        demand(info.context.viewer, "upsertRoute")
        try:
            return UpsertRoutePayload(route_id=await kept(info, input), user_errors=[])
        except Refusal as refusal:
            return UpsertRoutePayload(route_id=None, user_errors=[refusal.error])

    @strawberry.mutation(
        description="Removes a route that was made through `upsertRoute`. ADMIN.", directives=[Cost(weight="10")]
    )
    async def delete_route(
        self, info: Info, input: Annotated[DeleteRouteInput, strawberry.argument(description="What to do.")]
    ) -> DeleteRoutePayload | None:
        demand(info.context.viewer, "deleteRoute")
        try:
            await removed(info, input)
        except Refusal as refusal:
            return DeleteRoutePayload(deleted_route_id=None, user_errors=[refusal.error])
        return DeleteRoutePayload(deleted_route_id=input.route_id, user_errors=[])

    @strawberry.mutation(
        description="Sends a test message by a route, at once, to everybody it names. ADMIN.", directives=[Cost(weight="50")]
    )
    async def test_route(
        self, info: Info, input: Annotated[TestRouteInput, strawberry.argument(description="What to do.")]
    ) -> TestRoutePayload | None:
        demand(info.context.viewer, "testRoute")
        try:
            return TestRoutePayload(recipients=await tried(info, input), user_errors=[])
        except Refusal as refusal:
            return TestRoutePayload(recipients=[], user_errors=[refusal.error])


async def tried(info: Info, input: TestRouteInput) -> list[TriedRecipient]:
    """Send the message and return what became of it."""
    route_id = checked_id("routeId", input.route_id, "AlertRoute")
    desk = info.context.desk
    if desk is None or not await read_seen(info._raw_info, "AlertRoute", [route_id]):
        raise not_found("routeId", "AlertRoute")
    async with info.context.store.connection() as connection:
        name = await route_name(connection, route_id)
    try:
        outcome = await desk.try_route(name)
    except SettingsError as error:
        raise not_found("routeId", "AlertRoute") from error
    return [TriedRecipient(recipient=recipient, error=error) for recipient, error in outcome.items()]


async def kept(info: Info, input: UpsertRouteInput) -> int:
    """Make or replace a route and return its id."""
    route = described(input)
    async with info.context.store.transaction() as connection:
        for code in await unknown_regions(connection, route):
            raise invalid("regions", "unknown_region", f"There is no region {code}.", f"没有区域 {code}。")
        route_id = await upsert_route(connection, route, now())
    if route_id is None:
        raise managed_by_file("name")
    return route_id


async def removed(info: Info, input: DeleteRouteInput) -> None:
    """Remove a route."""
    route_id = checked_id("routeId", input.route_id, "AlertRoute")
    if not await read_seen(info._raw_info, "AlertRoute", [route_id]):
        raise not_found("routeId", "AlertRoute")
    async with info.context.store.transaction() as connection:
        if not await delete_route(connection, route_id):
            raise managed_by_file("routeId")


def managed_by_file(field: str) -> Refusal:
    """Return the refusal to change what the settings declare."""
    return refusing(
        ErrorCode.POLICY_DENIED,
        "This route stands in channelhub.toml; change it there, or choose another name.",
        "该提醒路由由 channelhub.toml 管理；请在该文件中修改，或另选名称。",
        field,
    )


def described(input: UpsertRouteInput) -> Route:
    """Return what is said of a route, checked."""
    addresses = tuple(dict.fromkeys(one.strip().lower() for one in given(input.addresses) or ()))
    route = Route(
        name=input.name,
        rule_ids=tuple(given(input.rule_ids) or ()),
        severity=str(input.severity.value),
        regions=tuple(given(input.regions) or ()),
        product_groups=tuple(given(input.product_groups) or ()),
        partners=tuple(given(input.partners) or ()),
        addresses=addresses,
        target=given(input.target),
        secret=given(input.secret),
        locale=str(input.locale.value),
    )
    check(route)
    return route


def check(route: Route) -> None:
    """Refuse what can be seen to be wrong without looking anything up."""
    if not re.fullmatch(ROUTE_NAME, route.name):
        raise invalid(
            "name",
            "not_a_name",
            "A name has small letters, digits, - and _, and begins with a letter or digit.",
            "名称由小写字母、数字、- 和 _ 组成，并以字母或数字开头。",
        )
    unknown = sorted(set(route.rule_ids) - all_rules().keys())
    if unknown:
        raise invalid("ruleIds", "unknown_rule", f"There is no rule {unknown[0]}.", f"没有规则 {unknown[0]}。")
    lists = {
        "ruleIds": route.rule_ids,
        "regions": route.regions,
        "productGroups": route.product_groups,
        "partners": route.partners,
        "addresses": route.addresses,
    }
    for field, named in lists.items():
        if len(named) > MOST_NAMED:
            raise invalid(field, "too_many", f"At most {MOST_NAMED} can be named.", f"最多可指定 {MOST_NAMED} 个。")
    if not route.addresses and route.target is None:
        raise invalid(
            "addresses",
            "goes_nowhere",
            "A route needs e-mail addresses or a target.",
            "提醒路由需要电子邮件地址或发送目标。",
        )
    if any("@" not in one.strip("@") or len(one) > 254 for one in route.addresses):
        raise invalid("addresses", "not_an_address", "One of these is not an e-mail address.", "其中有一项不是电子邮件地址。")
    for field, reference in (("target", route.target), ("secret", route.secret)):
        if reference is not None and not re.fullmatch(REFERENCE, reference):
            raise invalid(
                field,
                "not_a_reference",
                "Give a reference, env:NAME or file:PATH, never the value itself.",
                "请给出引用 env:NAME 或 file:PATH，切勿直接填写其值。",
            )
