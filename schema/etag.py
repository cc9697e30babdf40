"""What a client's copy of an answer is called, so that one that is good still is not sent again.

The name is made of all that the answer hangs on: who asks for what, the release that answers, and the state of the data.
The state is looked up before the answer is read: when data changes meanwhile the copy is newer than its name, so it is sent
once more, and no copy is ever older than its name. Only what was answered from data alone gets a name: whatever the clock
tells may differ although nothing changed.
"""

import hashlib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import orjson

import hub
import schema
from hub.clock import now
from hub.store.change import version
from hub.store.database import Store
from schema.ask import Ask
from schema.compiler.row import rules, wording
from schema.context import Viewer


@dataclass
class Tags:
    """Names the answers of this hub."""

    store: Store
    production: bool

    async def name(self, ask: Ask, viewer: Viewer, media: str) -> str:
        """Return what the answer to a document named by its hash is called now; costs one statement."""
        async with self.store.connection() as connection:
            state = await version(connection, now())
        words = [ask.hash, ask.operation_name, ask.variables, scope(viewer), media, self.production, release(), state]
        # Weak: the request id differs in every answer.
        return f'W/"{hashlib.sha256(orjson.dumps(words, option=orjson.OPT_SORT_KEYS)).hexdigest()[:40]}"'


def scope(viewer: Viewer) -> list[Any]:
    """Return all that is known of a viewer, in an order of its own."""
    values = [getattr(viewer, one.name) for one in fields(viewer)]
    return [sorted(value) if isinstance(value, frozenset) else value for value in values]


@cache
def release() -> str:
    """Return what tells this release from every other: its files, and the texts of rules from other packages."""
    known = hashlib.sha256(orjson.dumps([wording(), rules()], option=orjson.OPT_SORT_KEYS))
    for room in (hub, schema):
        for file in sorted(Path(room.__path__[0]).rglob("*.*")):
            if file.suffix in {".py", ".sql"}:
                known.update(file.read_bytes())
    return known.hexdigest()


def offered(header: str | None) -> set[str]:
    """Return the names of the copies a client has. That a proxy made one of them weak changes nothing, they all are."""
    return {one.strip() for one in (header or "").split(",")}
