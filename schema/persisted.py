"""Documents by their hash.

Trusted ones were registered and are looked for in their table, so that each process knows them at once. Others are known to the
process they were sent to with their hash, until it has room for them no more; where trusted documents are required, to none.
"""

from dataclasses import replace

from hub.store.database import Store
from hub.store.trusted_document import trusted_text
from schema.ask import Ask
from schema.compiler.cache import Recent
from schema.context import Role, Viewer
from schema.documents import KEPT, LONGEST_KEPT, Refused
from schema.errors import ErrorCode, HubGraphQLError

# Clients that send a hash first look for this very word before they send the text.
NOT_FOUND = "PersistedQueryNotFound"
REQUIRED = "Only documents that were registered are executed for your role; send `documentId`."


class Persisted:
    """Finds the text of what was asked for."""

    def __init__(self, store: Store, *, required: bool) -> None:
        self.store = store
        self.required = required
        self.trusted: Recent[str] = Recent(KEPT)
        self.sent: Recent[str] = Recent(KEPT)

    async def find(self, ask: Ask, viewer: Viewer) -> tuple[Ask, bool]:
        """Return what was asked for with its text, and whether that is trusted. Raises Refused."""
        if ask.hash is not None and (text := await self.registered(ask.hash)) is not None:
            return replace(ask, query=text), True
        if ask.query and self.required and viewer.role is not Role.ADMIN:
            raise Refused([HubGraphQLError(REQUIRED, ErrorCode.PERSISTED_QUERY_REQUIRED)])
        if ask.query:
            return ask, False
        text = self.sent.find(ask.hash)
        if text is None:
            raise Refused([HubGraphQLError(NOT_FOUND, ErrorCode.PERSISTED_QUERY_NOT_FOUND)])
        return replace(ask, query=text), False

    async def registered(self, hash: str) -> str | None:
        """Return the text of a trusted document."""
        known = self.trusted.find(hash)
        if known is None:
            async with self.store.connection() as connection:
                known = await trusted_text(connection, hash)
            if known is not None:
                self.trusted.keep(hash, known)
        return known

    def remember(self, ask: Ask) -> None:
        """Know a good document that came with its hash."""
        if ask.hash is not None and not self.required and len(ask.query) <= LONGEST_KEPT:
            self.sent.keep(ask.hash, ask.query)
