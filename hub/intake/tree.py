"""Trees stay trees: a region or partner whose parents would lead back to itself is set aside."""

from collections.abc import Mapping

from hub.intake import identity
from hub.intake.batch import Mapped
from hub.intake.identity import Identities
from hub.intake.shape import PARTNER, REGION
from hub.records import Partner, Region
from hub.store.database import Connection


async def on_cycles(connection: Connection, mapped: Mapped, found: Identities) -> dict[str, str]:
    """Return the payloads of a batch that would close a circle, each with the parent it names.

    What is stored is judged together with what the batch brings.
    """
    brought: dict[str, dict[str, tuple[int, str | None]]] = {REGION: {}, PARTNER: {}}
    for key, records in mapped.items():
        for record in records:
            if isinstance(record, Region | Partner):
                noun = REGION if isinstance(record, Region) else PARTNER
                brought[noun][key] = found.resolve[noun, record.code], record.parent
    circular: dict[str, str] = {}
    for noun, nodes in brought.items():
        if not any(parent for _, parent in nodes.values()):
            continue
        parents = {row["id"]: row["parent_id"] for row in await identity.fetch(connection, "parents", noun=noun)}
        parents.update({id: found.resolve.get((noun, parent)) if parent else None for id, parent in nodes.values()})
        circular.update({key: parent for key, (id, parent) in nodes.items() if parent and leads_back(id, parents)})
    return circular


def leads_back(start: int, parents: Mapping[int, int | None]) -> bool:
    """Say whether the way up from a node comes to it again."""
    seen: set[int] = set()
    here = parents.get(start)
    while here is not None and here not in seen:
        if here == start:
            return True
        seen.add(here)
        here = parents.get(here)
    return False
