"""channelhub user: who may use the hub."""

from typing import TYPE_CHECKING, Annotated
from zoneinfo import available_timezones

import typer

from hub.alerts.quiet import read_quiet
from hub.settings import Settings
from jobs.cli import run, settings
from jobs.cli.token import Role, partner_named

if TYPE_CHECKING:
    from hub.store.user import Person

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
    time_zone: Annotated[str, typer.Option(help="Where the user's day begins, for messages; like Asia/Shanghai.")] = "UTC",
    quiet_hours: Annotated[
        str | None, typer.Option(help="When only critical alerts are sent, as 21:00-07:30; else as the policy says.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option(metavar="SUB", help="How the identity provider calls the user, if by that.")
    ] = None,
) -> None:
    """Add a user.

    Example: channelhub user add li@example.com --role channel_manager --region CN-51
    """
    if "@" not in email.strip("@"):
        raise typer.BadParameter(f"{email} is not an e-mail address", param_hint="EMAIL")
    if locale not in LOCALES:
        raise typer.BadParameter(f"{locale} is none of {', '.join(LOCALES)}", param_hint="--locale")
    if time_zone not in available_timezones():
        raise typer.BadParameter(f"{time_zone} is no time zone", param_hint="--time-zone")
    read_quiet(quiet_hours or "")
    roles = tuple(one.value for one in role)
    if "partner" in roles and partner is None:
        raise typer.BadParameter("a partner's user needs --partner CODE", param_hint="--role")
    if partner is not None and "partner" not in roles:
        raise typer.BadParameter(
            "it names whom a user of the role partner acts for; this one has another", param_hint="--partner"
        )
    from hub.store.user import Person

    person = Person(
        email=email,
        name=name or email,
        roles=roles,
        locale=locale,
        time_zone=time_zone,
        quiet_hours=quiet_hours,
        subject=subject,
    )
    run(added(settings(), person, partner, region or []))
    typer.echo(f"Added {email}.")


async def added(settings: Settings, person: "Person", partner: str | None, regions: list[str]) -> int:
    """Add the user, with the partner and the regions of these codes, and return its id."""
    from msgspec import structs

    from hub.store.user import add_user
    from jobs.hub import open_hub

    async with open_hub(settings) as store, store.transaction() as connection:
        partner_id = await partner_named(partner) if partner else None
        whole = structs.replace(person, partner_id=partner_id, region_ids=await regions_named(regions))
        return await add_user(connection, whole)


async def regions_named(codes: list[str]) -> tuple[int, ...]:
    """Return the ids of the regions with these codes. Raises NeedsPerson for the first there is not."""
    from hub.errors import NeedsPerson
    from hub.store.region import RegionRow

    found = {row.code: row.id for row in await RegionRow.filter(code__in=codes)}
    for code in codes:
        if code not in found:
            raise NeedsPerson(f"There is no region {code}; `channelhub import` or a sync brings regions.")
    return tuple(found[code] for code in codes)
