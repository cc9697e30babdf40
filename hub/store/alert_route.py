"""Where alert routes rest: those of the settings, to be shown, and those made through the API."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, convert, structs
from tortoise import fields

from hub.store.base import ArrayField, Now, Row, empty_array
from hub.store.database import Connection
from hub.store.statements import statement


class AlertRouteRow(Row):
    """Which alerts go where. `managed_by` is `file` or `api`; never both for one name. `target` and `secret` are references."""

    name = fields.TextField()
    rule_ids = ArrayField("text", db_default=empty_array("text"))
    severity = fields.TextField(db_default="medium")
    regions = ArrayField("text", db_default=empty_array("text"))
    product_groups = ArrayField("text", db_default=empty_array("text"))
    partners = ArrayField("text", db_default=empty_array("text"))
    addresses = ArrayField("text", db_default=empty_array("text"))
    target = fields.TextField(null=True)
    secret = fields.TextField(null=True)
    locale = fields.TextField(db_default="en")
    managed_by = fields.TextField(db_default="api")
    changed_at = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "alert_route"
        unique_together = (("name",),)


class Route(Struct, frozen=True, kw_only=True):
    """Which alerts go where. What is empty is any; `partners`, `regions` and `product_groups` are codes."""

    name: str
    rule_ids: tuple[str, ...] = ()
    severity: str = "medium"
    regions: tuple[str, ...] = ()
    product_groups: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    target: str | None = None
    secret: str | None = None
    locale: str = "en"


async def declare_routes(connection: Connection, routes: Sequence[Route]) -> None:
    """Show the routes of the settings and no other ones as managed by the file; a name the API used becomes the file's."""
    await connection.execute(FORGET_OTHERS.sql, [route.name for route in routes])
    for route in routes:
        await connection.execute(DECLARE.sql, *DECLARE.arguments(structs.asdict(route)))


async def upsert_route(connection: Connection, route: Route, at: datetime) -> int | None:
    """Make or replace a route of the API; return its id, or None when the settings hold a route of that name."""
    made = await connection.fetchval(UPSERT.sql, *UPSERT.arguments(structs.asdict(route) | {"at": at}))
    return None if made is None else int(made)


async def unknown_regions(connection: Connection, route: Route) -> list[str]:
    """Return the codes a route names of regions there are none of: it would never fit there."""
    return [row["code"] for row in await connection.fetch(UNKNOWN.sql, list(route.regions))]


async def delete_route(connection: Connection, route_id: int) -> bool:
    """Remove a route of the API; False when there is none, or it is the settings'."""
    return await connection.fetchval(DELETE.sql, route_id) is not None


async def route_name(connection: Connection, route_id: int) -> str:
    """Return the name of a route there is."""
    return str(await connection.fetchval(NAME.sql, route_id))


async def api_routes(connection: Connection) -> list[Route]:
    """Return the routes made through the API, by name."""
    return [convert(dict(row), Route) for row in await connection.fetch(OF_API.sql)]


FORGET_OTHERS = statement("alert_route", "forget_others")
DECLARE = statement("alert_route", "declare")
UPSERT = statement("alert_route", "upsert")
DELETE = statement("alert_route", "delete")
NAME = statement("alert_route", "name")
UNKNOWN = statement("alert_route", "unknown_regions")
OF_API = statement("alert_route", "of_api")
