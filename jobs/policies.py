"""Policies that a run brought: those that need nobody's word hold at once, the others are told of."""

from hub.conflicts.publication import publish_landed
from hub.settings import Settings
from hub.store.database import Store
from hub.store.sync_run import Claim, Counts, count


async def publish_policies(store: Store, settings: Settings, held: Claim) -> None:
    """Let the policies of a run hold where nobody has to agree, and note on the run which ones wait for people."""
    async with store.transaction() as connection:
        said = await publish_landed(connection, held.source_id, held.at, settings.two_person)
        if said:
            await count(connection, held.run_id, Counts(), note=" ".join(said))
