"""The events of this process: one ear for all who follow.

An event rests in its table, so a follower only remembers how far it has read. A notice wakes whoever waits for the topic;
what then is read is shared by all who ask for the same from the same place. A slow follower falls behind in the table,
not in memory, and one that resumes joins the others without a gap.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from hub.store.database import Store
from hub.store.event import last_numbers

KEPT = 256

Read = TypeVar("Read")


class Feed:
    """Where the table of events stands, by topic."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.last: defaultdict[str, int] = defaultdict(int)
        self.seen = 0
        self.bells: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        # A reading is known for as long as somebody waits for it, and the latest for those who come a little later.
        self.readings: WeakValueDictionary[Hashable, asyncio.Task[Any]] = WeakValueDictionary()
        self.lately: deque[asyncio.Task[Any]] = deque(maxlen=KEPT)

    async def look(self) -> None:
        """See how far the table goes, and wake whoever waits for a topic that went on."""
        async with self.store.connection() as connection:
            found = await last_numbers(connection, self.seen)
        for topic, number in found.items():
            self.seen = max(self.seen, number)
            self.last[topic] = number
            self.bells.pop(topic, asyncio.Event()).set()

    async def beyond(self, topic: str, number: int) -> int:
        """Wait for an event of the topic after this one; return the number of the last."""
        while self.last[topic] <= number:
            await self.bells[topic].wait()
        return self.last[topic]

    async def shared(self, key: Hashable, read: Callable[[], Awaitable[Read]]) -> Read:
        """Return what `read` gives, asking once for all who come with the same key."""
        reading = self.readings.get(key)
        if reading is None:
            reading = self.readings[key] = asyncio.ensure_future(read())
            reading.add_done_callback(lambda done: self.forget_failure(key, done))
            self.lately.append(reading)
        # Shielded: the reading is for others too, when the one who asked first goes away.
        result: Read = await asyncio.shield(reading)
        return result

    def forget_failure(self, key: Hashable, done: asyncio.Task[Any]) -> None:
        """Let the next one try again."""
        if done.cancelled() or done.exception() is not None:
            self.readings.pop(key, None)
