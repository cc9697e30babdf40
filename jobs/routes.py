"""The alert routes of the settings, shown in the database beside those of the API."""

from hub.alerts.route import file_routes
from hub.settings import Settings
from hub.store.alert_route import declare_routes
from hub.store.database import Store


async def ensure_routes(store: Store, settings: Settings) -> None:
    """Show the routes of the settings as they are now."""
    async with store.transaction() as connection:
        await declare_routes(connection, file_routes(settings))
