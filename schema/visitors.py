"""Who has a connection open, so that a token that stops being valid closes its sockets."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hub.clock import now
from schema.auth.tokens import Pass, Tokens


@dataclass(eq=False)
class Visit:
    """One open connection; `leave` ends it."""

    admitted: Pass
    leave: Callable[[], None]


@dataclass
class Visitors:
    """The open connections of this process, by token."""

    tokens: Tokens
    here: defaultdict[bytes, set[Visit]] = field(default_factory=lambda: defaultdict(set))

    @contextmanager
    def present(self, admitted: Pass, leave: Callable[[], None]) -> Iterator[None]:
        """Know a connection for as long as the block runs; `leave` is called when its token ends or sees other things."""
        visit = Visit(admitted, leave)
        self.here[admitted.digest].add(visit)
        ending = None
        if admitted.expires_at is not None:
            left = (admitted.expires_at - now()).total_seconds()
            ending = asyncio.get_running_loop().call_later(max(left, 0), leave)
        try:
            yield
        finally:
            if ending is not None:
                ending.cancel()
            self.here[admitted.digest].discard(visit)
            if not self.here[admitted.digest]:
                del self.here[admitted.digest]

    async def recheck(self) -> None:
        """Look every token up again, once each, and end the visits of those that changed."""
        self.tokens.forget()
        for key in list(self.here):
            first = next(iter(self.here.get(key, ())), None)
            if first is None:  # it left while another one was looked up
                continue
            found = await self.tokens.find(key, first.admitted.claimed)
            for visit in list(self.here.get(key, ())):
                if found is None or found.viewer != visit.admitted.viewer:
                    visit.leave()
