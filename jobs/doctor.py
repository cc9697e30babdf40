"""Say in sentences what is wrong with this installation and what to do about it."""

import socket
from collections.abc import Iterable

from hub.alerts.route import file_routes
from hub.conflicts.engine import failures, not_run
from hub.conflicts.publication import awaited
from hub.conflicts.registry import broken_packages
from hub.errors import HubError
from hub.settings import Settings, secret
from hub.store.alert_route import Route, api_routes
from hub.store.database import Connection, Store
from hub.store.source import of_api
from hub.store.statements import statement
from jobs.scheduler import read_schedule
from jobs.serve import APPLICATION

CONNECT_S = 3
PROVIDER = "schema.auth.oidc"


def unfit(settings: Settings) -> list[str]:
    """Return what is wrong with the settings beyond their form."""
    from connectors.registry import connector

    wrong = []
    for one in settings.source:
        try:
            connector(one.connector).load()
            if one.schedule is not None:
                read_schedule(one.schedule, one.time_zone)
        except HubError as error:
            wrong.append(f"The source {one.name}: {error}")
    try:
        read_schedule(settings.scans)
    except HubError as error:
        wrong.append(f"The setting scans: {error}")
    if settings.smtp is None and any(route.to for route in settings.route):
        wrong.append("A route has e-mail addresses and there is no [smtp]; add the server that sends our mail.")
    if settings.smtp is not None and settings.smtp.password is not None:
        wrong += unset("The setting smtp.password", settings.smtp.password)
    return wrong + unset_routes(file_routes(settings))


def unset_routes(routes: Iterable[Route]) -> list[str]:
    """Return the references of routes that lead to nothing."""
    return [
        sentence
        for route in routes
        for reference in (route.target, route.secret)
        if reference is not None
        for sentence in unset(f"The route {route.name}", reference)
    ]


async def unset_sources(connection: Connection) -> list[str]:
    """Return the references of sources of the API that lead to nothing."""
    from connectors.registry import all_connectors

    wrong = []
    for row in await of_api(connection):
        entry = all_connectors().get(row["settings"]["connector"])
        given = row["settings"]["settings"]
        for name, setting in entry.manifest.settings.items() if entry is not None and entry.manifest is not None else ():
            if setting.secret and name in given:
                wrong += unset(f"The source {row['name']}", str(given[name]))
    return wrong


def unset(what: str, reference: str) -> list[str]:
    """Return what is wrong with a reference, if anything is."""
    try:
        secret(reference)
    except HubError as error:
        return [f"{what}: {error}"]
    return []


def unreachable(settings: Settings) -> list[str]:
    """Return whether the server that sends our mail takes no connection within three seconds."""
    smtp = settings.smtp
    if smtp is None:
        return []
    try:
        socket.create_connection((smtp.host, smtp.port), timeout=CONNECT_S).close()
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        return [
            f"The mail server {smtp.host}, port {smtp.port}, cannot be reached ({reason}); start it, or correct [smtp]. "
            "Messages wait and are tried again for three hours."
        ]
    return []


async def unproven(settings: Settings) -> list[str]:
    """Return why tokens of the identity provider cannot be checked, if they cannot."""
    from importlib import import_module

    if settings.server.oidc is None:
        return []
    try:
        # Named by a string like the application itself: this room imports nothing above it.
        await import_module(PROVIDER).read_keys(settings.server.oidc)
    except HubError as error:
        return [
            f"{error} Correct [server.oidc], or see what ails the provider; tokens of the hub itself are good all the same."
        ]
    return []


def unloadable() -> list[str]:
    """Return whether the web application, which is named by a string alone, can be loaded."""
    from importlib import import_module

    module, _, name = APPLICATION.partition(":")
    try:
        getattr(import_module(module), name)
    except Exception as error:  # whatever an import raises is what the person has to know
        return [f"The web application {APPLICATION} cannot be loaded ({error}); install channelhub again."]
    return []


async def ailing(store: Store) -> list[str]:
    """Return what the store knows to be wrong: sources, rejects, rules, policies that wait, deliveries, routes of the API."""
    async with store.connection() as connection:
        return [
            *await ailing_sources(connection),
            *await open_rejects(connection),
            *await silent_rules(connection),
            *await failed_rules(connection),
            *await awaited(connection),
            *await failed_deliveries(connection),
            *unset_routes(await api_routes(connection)),
            *await unset_sources(connection),
        ]


async def ailing_sources(connection: Connection) -> list[str]:
    """Return the sources that are not read, with the reason and the remedy."""
    wrong = []
    for row in await connection.fetch(SOURCES.sql):
        name, reason = row["name"], row["state_reason"] or row["latest_error"] or "no reason is recorded"
        if row["state"] in ("broken", "needs_attention", "reauth_required"):
            wrong.append(f"The source {name} is not read: {reason} Mend it, then run `channelhub sync {name}`.")
        elif row["state"] == "paused":
            wrong.append(f"The source {name} is paused; resume it when it may be read again.")
        elif row["state"] == "active" and row["latest_run"] == "failed":
            wrong.append(f"The latest run of the source {name} failed: {reason}")
    return wrong


async def open_rejects(connection: Connection) -> list[str]:
    """Return how many records wait in quarantine, by source."""
    return [
        f"{row['open_rejects']:,} records of the source {row['name']} are set aside; see `rejects` in GraphQL, "
        f"mend them at the source, or run `channelhub replay {row['name']}` after mending what they refer to."
        for row in await connection.fetch(SOURCES.sql)
        if row["open_rejects"]
    ]


async def silent_rules(connection: Connection) -> list[str]:
    """Return the rules that can say nothing for want of records, once any source has brought some."""
    if not any(row["records"] for row in await connection.fetch(SOURCES.sql)):
        return []
    return [
        f"The rule {name} says nothing: it {reason}; sync or import a source that has them."
        for name, reason in (await not_run(connection)).items()
    ]


async def failed_rules(connection: Connection) -> list[str]:
    """Return the rules that could not be heard, or not even be loaded; what they had found stands as it was."""
    unheard = [
        f"The rules of the package {package} cannot be loaded ({reason}) and are not heard; mend it or remove it."
        for package, reason in broken_packages().items()
    ]
    return unheard + [
        f"The rule {name} failed ({reason}) and its findings stand as they were; mend it, or remove the package that brings "
        "it, then run `channelhub detect`: it judges everything once."
        for name, reason in (await failures(connection)).items()
    ]


async def failed_deliveries(connection: Connection) -> list[str]:
    """Return the routes whose messages did not arrive after the last try."""
    return [
        f"{row['many']:,} alerts by the route {row['route']} did not arrive: {row['error']}"
        for row in await connection.fetch(FAILED.sql)
    ]


SOURCES = statement("job", "sources")
FAILED = statement("job", "failed_deliveries")
