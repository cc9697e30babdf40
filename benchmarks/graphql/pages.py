"""Cursors for pages far in: reached by paging, before anything is timed."""

from benchmarks.graphql.peers import Hub
from benchmarks.graphql.questions import ALIASES, FAR, FAR_PAGE, FIRST_PAGE, PAGE, SCREEN, WALK, Question, many, screen
from benchmarks.graphql.wire import Wire, connected

PAGES = 100


async def paged(hub: Hub, orders: int) -> list[Question]:
    """Return q3, the first screenful and one far in of so many orders."""
    # The last full one where there are not that many.
    far = min(FAR, orders // SCREEN)
    pages, rest = divmod((far - 1) * SCREEN, PAGE)
    async with connected(hub.port) as wire:
        cursors: list[str | None] = [None]
        for _ in range(pages):
            cursors.append(await end(wire, hub, PAGE, cursors[-1]))
        last = await end(wire, hub, rest, cursors[-1]) if rest else cursors[-1]
    whole = min(PAGES, len(cursors) // ALIASES * ALIASES)
    return [many(cursors[:whole]), screen(FIRST_PAGE, None), screen(FAR_PAGE, last)]


async def end(wire: Wire, hub: Hub, first: int, after: str | None) -> str:
    """Return where a page ends."""
    answer = await wire.post("/graphql", {"query": WALK, "variables": {"first": first, "after": after}}, hub.token)
    return str(hub.following(answer)["after"])
