"""Who asks, as the answer to `viewer`."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.account import User
from schema.compiler.catalog import Alone, column, declared, one, pages, part
from schema.context import Locale
from schema.node import Actor
from schema.paging import Connection
from schema.partner import Partner

if TYPE_CHECKING:
    from schema.token import AccessToken


@strawberry.type(description="Budget of points of the caller.")
class CostStatus:
    maximum_available: float = column("{points_most}", "Points when full.", always=True)
    currently_available: float = column("{points_left}", "Points now.", always=True)
    restore_rate: float = column("{points_per_second}", "Points returned per second.", always=True)


@strawberry.type(description="Who is asking.")
class Viewer:
    actor: Actor = part(
        {
            "id": "coalesce({viewer_user}, {viewer_token}, 0)",
            "name": "{viewer_name}",
            "roles": "ARRAY[{viewer_role}]",
        },
        "Account or token.",
    )
    user: User | None = one("{id} = {viewer_user}", "The user behind the token, with its preferences; null for a service.")
    partner: Partner | None = one("{id} = {viewer_partner}", "Partner whose rows are visible; null unless the role is PARTNER.")
    cost: CostStatus = part({}, "Points left.")
    access_tokens: Connection[Annotated["AccessToken", strawberry.lazy("schema.token")]] = pages(
        "Tokens the caller may see: its own, or all for ADMIN. Newest first.", [("CREATED_AT", True)], join="true"
    )
    locale: Locale = column("{viewer_locale}", "Language of texts when no argument says otherwise.", always=True)


@strawberry.type
class ViewerQuery:
    viewer: Viewer | None = declared("Who is asking.", Alone())
