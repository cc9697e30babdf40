"""channelhub token: keys to the API."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from hub.settings import Settings
from jobs.cli import run, settings

token = typer.Typer(help="Tokens: keys to the API.", no_args_is_help=True)


class Role(StrEnum):
    """What a caller may see and do."""

    ADMIN = "admin"
    ANALYST = "analyst"
    CHANNEL_MANAGER = "channel_manager"
    DIRECT_SALES = "direct_sales"
    PARTNER = "partner"
    SERVICE = "service"


@token.command()
def create(
    role: Annotated[Role, typer.Option(help="What the token may see and do.")],
    user: Annotated[str | None, typer.Option(metavar="EMAIL", help="Whose token it is; else a service's.")] = None,
    partner: Annotated[str | None, typer.Option(metavar="CODE", help="The partner of a token of the role partner.")] = None,
    expires: Annotated[datetime | None, typer.Option(help="When it stops working, in UTC; else never.")] = None,
    name: Annotated[str, typer.Option(help="What it is for, to tell tokens apart.")] = "command line",
) -> None:
    """Make a token and print it alone. It is shown this once; the hub keeps its hash.

    Example: channelhub token create --role admin
    """
    ends = expires.replace(tzinfo=expires.tzinfo or UTC) if expires else None
    if ends is not None and ends <= datetime.now(UTC):
        raise typer.BadParameter(f"{ends:%Y-%m-%dT%H:%MZ} is over already", param_hint="--expires")
    typer.echo(run(created(settings(), name, role.value, user, partner, ends)))


async def created(
    settings: Settings, name: str, role: str, user: str | None, partner: str | None, expires: datetime | None
) -> str:
    """Make the token and return its text."""
    from hub.store.token import create_token
    from hub.store.user import user_id_of
    from jobs.hub import open_hub

    async with open_hub(settings) as store, store.transaction() as connection:
        made = await create_token(
            connection,
            name=name,
            role=role,
            user_id=await user_id_of(connection, user) if user else None,
            partner_id=await partner_named(partner) if partner else None,
            expires_at=expires,
        )
        return made.text


async def partner_named(code: str) -> int:
    """Return the id of the partner with this code. Raises NeedsPerson when there is none."""
    from hub.errors import NeedsPerson
    from hub.store.partner import PartnerRow

    found = await PartnerRow.get_or_none(code=code)
    if found is None:
        raise NeedsPerson(f"There is no partner {code}; `channelhub import` or a sync brings partners.")
    return int(found.id)
