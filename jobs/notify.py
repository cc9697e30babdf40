"""Send what is due: take it, write it, send it, record what became of it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from msgspec import Struct

from hub.alerts import outbox
from hub.alerts.digest import digest_of
from hub.alerts.message import Facts, Message, compose, compose_digest, known, language
from hub.alerts.outbox import Due
from hub.alerts.post import ADMINISTRATORS, AFFECTED
from hub.alerts.route import is_reference, routes_of
from hub.clock import now
from hub.errors import HubError, SettingsError
from hub.settings import Settings, secret
from hub.store.database import Store
from hub.store.statements import statement

log = structlog.get_logger(__name__)

NOTHING_TO_SAY = "The case of this alert is gone; there is nothing to say."
REFUSED = "The target did not accept the message or did not answer."


class Notified(Struct, frozen=True, kw_only=True):
    """What became of the tries: each is counted once."""

    delivered: int = 0
    retrying: int = 0
    failed: int = 0


class Parcel(Struct, frozen=True, kw_only=True):
    """Where a message goes: an e-mail address, or the reference of a target with that of the secret that signs.

    `key` is the same whenever the message is tried again.
    """

    recipient: str
    secret: str | None
    key: str


class Letter(Struct, frozen=True, kw_only=True):
    """A message and where it goes."""

    parcel: Parcel
    message: Message


async def notify(store: Store, settings: Settings) -> Notified:
    """Try every due delivery once and record its outcome.

    Two notifiers share the work. One that dies between sending and recording leaves its message due again: it may come
    twice, it is never lost.
    """
    outcomes: list[str] = []
    while True:
        async with store.transaction() as connection:
            taken = await outbox.due(connection)
        if not taken:
            break
        ready = await letters(store, settings, taken)
        outcomes += await asyncio.gather(*(deliver(store, settings, one, ready.get(one.id)) for one in taken))
    return Notified(**{state: outcomes.count(state) for state in Notified.__struct_fields__})


async def deliver(store: Store, settings: Settings, due: Due, letter: Letter | None) -> str:
    """Make one try and record it; return the delivery's state."""
    error = NOTHING_TO_SAY if letter is None else await dispatched(settings, letter.parcel, letter.message)
    async with store.transaction() as connection:
        state = await outbox.settle(connection, due, error)
    log.info("alert " + state, route=due.route, channel=due.channel, attempts=due.attempts)
    return state


async def dispatched(settings: Settings, parcel: Parcel, message: Message) -> str | None:
    """Send one message; return None when it was accepted, else why not. No address is ever part of the reason."""
    try:
        if not is_reference(parcel.recipient):
            return await by_apprise(mail(settings, parcel.recipient), message)
        target = secret(parcel.recipient)
        if target.startswith(("http://", "https://")):
            return await by_webhook(target, parcel, message)
        return await by_apprise(target, message)
    except HubError as error:
        return str(error)


async def by_apprise(address: str, message: Message) -> str | None:
    """Send by one of the services Apprise knows."""
    # Apprise and its hundred services cost a second to import: only for those who have something to send.
    from hub.alerts.send import send

    return None if await send(address, message) else REFUSED


async def by_webhook(address: str, parcel: Parcel, message: Message) -> str | None:
    """Send by our own webhook."""
    from hub.alerts.webhook import call

    if parcel.secret is None:
        raise SettingsError("The target is a webhook and its route has no `secret`; add the reference of what signs messages.")
    return await call(address, secret(parcel.secret), message, delivery=parcel.key, at=now())


def mail(settings: Settings, recipient: str) -> str:
    """Return the address that sends one e-mail. Raises SettingsError when there is no server for it."""
    from hub.alerts.send import mail_address

    if settings.smtp is None:
        raise SettingsError("There is no [smtp] in the settings; add the server that sends our mail.")
    return mail_address(settings.smtp, recipient)


async def letters(store: Store, settings: Settings, taken: Sequence[Due]) -> dict[int, Letter]:
    """Return the letter of each delivery, in its reader's language; none where there is nothing left to say."""
    async with store.connection() as connection:
        rows = await connection.fetch(FACTS.sql, list({one.alert_id for one in taken if one.alert_id is not None}))
        digests = await connection.fetch(DIGESTS.sql, list({one.digest_id for one in taken if one.digest_id is not None}))
        users = await connection.fetch(LOCALES.sql, list({one.user_id for one in taken if one.user_id is not None}))
        routes = {route.name: route for route in await routes_of(connection, settings)}
    facts = {row["alert_id"]: row for row in rows}
    told = {row["id"]: digest_of(row) for row in digests}
    locales = {row["id"]: row["locale"] for row in users}
    found: dict[int, Letter] = {}
    for one in taken:
        route = routes.get(one.route)
        locale = language(locales.get(one.user_id) or (None if route is None else route.locale))
        if one.alert_id in facts:
            message = compose(facts_of(facts[one.alert_id], one.route), locale)
        elif one.alert_id is None and one.digest_id in told:
            message = compose_digest(told[one.digest_id], locale)
        else:
            continue
        signs = None if route is None else route.secret
        found[one.id] = Letter(parcel=Parcel(recipient=one.recipient, secret=signs, key=str(one.id)), message=message)
    return found


def facts_of(row: Mapping[str, Any], route: str) -> Facts:
    """Return what a row says of an alert's case to the readers of one route."""
    return Facts(
        reason=row["reason"],
        severity=row["severity"],
        number=row["number"],
        rule=row["rule"],
        score=row["score"],
        classification=row["classification"],
        partner=row["accused"],
        region=row["region"],
        product_group=row["product_group"],
        event_day=row["event_day"],
        findings=row["findings"],
        money=known(row["currencies"], row["amounts"]),
        # What one partner sold is not for those who look after the other.
        money_shown=route != AFFECTED,
        unread=route == ADMINISTRATORS,
    )


FACTS = statement("alert", "facts")
DIGESTS = statement("post", "digests_taken")
LOCALES = statement("alert", "locales")
