"""channelhub user: who may use the hub."""

from typing import Annotated

import typer

from hub.settings import Settings
from jobs.cli import run, settings
from jobs.cli.token import Role, partner_named

user = typer.Typer(help="Users: who may use the hub.", no_args_is_help=True)

LOCALES = ("en", "zh-CN")


@user.command()
def add(
    email: Annotated[str, typer.Argument(metavar="EMAIL")],
    role: Annotated[list[Role], typer.Option(help="What the user may see and do; may be repeated.")],
    partner: Annotated[str | None, typer.Option(metavar="CODE", help="The partner a partner's user acts for.")] = None,
    region: Annotated[list[str] | None, typer.Option(metavar="CODE", help="A region assigned; may be repeated.")] = None,
    name: Annotated[str | None, typer.Option(help="The name to show; else the e-mail address.")] = None,
    locale: Annotated[str, typer.Option(help="The language of messages: en or zh-CN.")] = "en",
) -> None:
    """Add a user.

    Example: channelhub user add li@example.com --role channel_manager --region CN-51
    """
    if "@" not in email.strip("@"):
        raise typer.BadParameter(f"{email} is not an e-mail address", param_hint="EMAIL")
    if locale not in LOCALES:
        raise typer.BadParameter(f"{locale} is none of {', '.join(LOCALES)}", param_hint="--locale")
    roles = tuple(one.value for one in role)
    if "partner" in roles and partner is None:
        raise typer.BadParameter("a partner's user needs --partner CODE", param_hint="--role")
    run(added(settings(), email, name or email, roles, partner, region or [], locale))
    typer.echo(f"Added {email}.")


async def added(
    settings: Settings, email: str, name: str, roles: tuple[str, ...], partner: str | None, regions: list[str], locale: str
) -> int:
    """Add the user and return its id."""
    from hub.store.user import Person, add_user
    from jobs.hub import open_hub

    async with open_hub(settings) as store, store.transaction() as connection:
        person = Person(
            email=email,
            name=name,
            roles=roles,
            partner_id=await partner_named(partner) if partner else None,
            region_ids=await regions_named(regions),
            locale=locale,
        )
        return await add_user(connection, person)


async def regions_named(codes: list[str]) -> tuple[int, ...]:
    """Return the ids of the regions with these codes. Raises NeedsPerson for the first there is not."""
    from hub.errors import NeedsPerson
    from hub.store.region import RegionRow

    found = {row.code: row.id for row in await RegionRow.filter(code__in=codes)}
    for code in codes:
        if code not in found:
            raise NeedsPerson(f"There is no region {code}; `channelhub import` or a sync brings regions.")
    return tuple(found[code] for code in codes)
