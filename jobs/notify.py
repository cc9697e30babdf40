"""Send what is due: take it, write it, send it, record what became of it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from msgspec import Struct

from hub.alerts import outbox
from hub.alerts.message import Facts, Message, compose, known, language
from hub.alerts.outbox import Due
from hub.conflicts.registry import all_rules, finding_of
from hub.errors import HubError, SettingsError
from hub.settings import Settings, secret
from hub.store.database import Store
from hub.store.statements import statement

log = structlog.get_logger(__name__)

REFUSED = "The target did not accept the message or did not answer."


class Notified(Struct, frozen=True, kw_only=True):
    """What became of the tries: each is counted once."""

    delivered: int = 0
    retrying: int = 0
    failed: int = 0


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
        messages = await written(store, taken)
        outcomes += await asyncio.gather(*(deliver(store, settings, one, messages.get(one.id)) for one in taken))
    return Notified(**{state: outcomes.count(state) for state in Notified.__struct_fields__})


async def deliver(store: Store, settings: Settings, due: Due, message: Message | None) -> str:
    """Make one try and record it; return the delivery's state."""
    error = await tried(settings, due, message)
    async with store.transaction() as connection:
        state = await outbox.settle(connection, due, error)
    log.info("alert " + state, route=due.route, channel=due.channel, attempts=due.attempts)
    return state


async def tried(settings: Settings, due: Due, message: Message | None) -> str | None:
    """Send one message; return None when it was accepted, else why not. No address is ever part of the reason."""
    # Apprise and its hundred services cost a second to import: only for those who have something to send.
    from hub.alerts.send import send

    if message is None:
        return "The case of this alert, or the rule that found it, is gone; there is nothing to say."
    try:
        return None if await send(address(settings, due), message) else REFUSED
    except HubError as error:
        return str(error)


def address(settings: Settings, due: Due) -> str:
    """Return where a delivery goes. Raises SettingsError when the settings no longer say."""
    from hub.alerts.send import mail_address

    if "@" not in due.recipient:
        return secret(due.recipient)
    if settings.smtp is None:
        raise SettingsError("There is no [smtp] in the settings; add the server that sends our mail.")
    return mail_address(settings.smtp, due.recipient)


async def written(store: Store, taken: Sequence[Due]) -> dict[int, Message]:
    """Return the message of each delivery, in its reader's language; none where the case or its rule is gone."""
    async with store.connection() as connection:
        rows = await connection.fetch(FACTS.sql, list({one.alert_id for one in taken}))
        users = await connection.fetch(LOCALES.sql, list({one.user_id for one in taken if one.user_id is not None}))
    facts = {row["alert_id"]: facts_of(row) for row in rows if row["rule"] in all_rules()}
    locales = {row["id"]: row["locale"] for row in users}
    return {one.id: compose(facts[one.alert_id], language(locales.get(one.user_id))) for one in taken if one.alert_id in facts}


def facts_of(row: Mapping[str, Any]) -> Facts:
    """Return what a row says of an alert's case."""
    return Facts(
        reason=row["reason"],
        severity=row["severity"],
        number=row["number"],
        score=row["score"],
        finding=finding_of(row),
        money=known(row["currencies"], row["amounts"]),
    )


FACTS = statement("alert", "facts")
LOCALES = statement("alert", "locales")
