"""The routes that hold: those of the settings and, under other names, those made through the API."""

from collections.abc import Sequence

from msgspec import structs

from hub.errors import SettingsError
from hub.settings import RouteSettings, Settings, secret
from hub.store.alert_route import Route, api_routes
from hub.store.database import Connection

CHANNELS = {
    "mailto": "email",
    "mailtos": "email",
    "slack": "slack",
    "workflow": "teams",
    "workflows": "teams",
    "msteams": "teams",
    "dingtalk": "dingtalk",
    "wecombot": "wecom",
    "feishu": "feishu",
    "lark": "feishu",
}


async def routes_of(connection: Connection, settings: Settings) -> list[Route]:
    """Return the routes that hold now. Where both know a name it is the settings'."""
    declared = file_routes(settings)
    names = {route.name for route in declared}
    return [*declared, *(route for route in await api_routes(connection) if route.name not in names)]


def file_routes(settings: Settings) -> list[Route]:
    """Return the routes of the settings."""
    return [route_of(one) for one in settings.route]


def route_of(one: RouteSettings) -> Route:
    """Return one route of the settings."""
    return Route(
        name=one.name,
        rule_ids=tuple(one.rules),
        severity=one.severity,
        regions=tuple(one.regions),
        product_groups=tuple(one.product_groups),
        partners=tuple(one.partners),
        addresses=tuple(address.lower() for address in one.to),
        target=one.target,
        secret=one.secret,
        locale=one.locale,
    )


def laid(routes: Sequence[Route]) -> list[dict[str, object]]:
    """Return routes as a statement reads them: in their order, with the kind of each target."""
    return [
        structs.asdict(route) | {"place": place, "channel": None if route.target is None else channel_of(route.target)}
        for place, route in enumerate(routes)
    ]


def channel_of(reference: str) -> str:
    """Return the kind of target a reference stands for. One that cannot be read yet is a webhook until it is sent to."""
    try:
        scheme = secret(reference).partition("://")[0].lower()
    except SettingsError:
        return "webhook"
    return CHANNELS.get(scheme, "webhook")


def is_reference(recipient: str) -> bool:
    """Say whether a recipient is the reference of a target; else it is an e-mail address."""
    return recipient.startswith(("env:", "file:"))
