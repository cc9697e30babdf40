"""A message sent by hand, to see whether a route works."""

from hub.alerts.message import compose_trial, language
from hub.alerts.route import routes_of
from hub.errors import SettingsError
from hub.settings import Settings
from hub.store.alert_route import Route
from hub.store.database import Store
from jobs.notify import Parcel, dispatched


async def try_route(store: Store, settings: Settings, name: str) -> dict[str, str | None]:
    """Send a message by a route to everybody it names; return why each did not get it, None for those who did.

    Raises SettingsError, with the names there are, when there is no such route.
    """
    async with store.connection() as connection:
        routes = {route.name: route for route in await routes_of(connection, settings)}
    if name not in routes:
        known = ", ".join(sorted(routes)) or "none yet"
        raise SettingsError(f"There is no route {name}; there are: {known}.")
    route = routes[name]
    message = compose_trial(name, language(route.locale))
    return {
        shown: await dispatched(settings, Parcel(recipient=recipient, secret=route.secret, key=f"trial-{name}"), message)
        for recipient, shown in recipients(route)
    }


def recipients(route: Route) -> list[tuple[str, str]]:
    """Return whom a route names, each with how it is called to a person."""
    named = [(address, address) for address in route.addresses]
    return named if route.target is None else [*named, (route.target, f"the target of {route.name}")]
