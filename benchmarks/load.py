"""One sync of the depot in a process of its own: `python -m benchmarks.load ADDRESS STREAM FILE`.

Prints one JSON object. What is timed is what a sync does, from claiming the run to closing it.
"""

import asyncio
import sys
import time
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

from benchmarks.measure import peak_mib
from benchmarks.world import MANIFEST, Delivery, Depot
from connectors.base import Context
from connectors.http import open_http
from hub.clock import now
from hub.intake.identity import Origin
from hub.settings import SourceSettings
from hub.store.database import Store, open_store
from hub.store.sync_run import Counts, claim, finish, request
from jobs.sources import OpenSource
from jobs.sync import read

SOURCE = "depot"


class Loaded(Struct, frozen=True, kw_only=True):
    """What a load did, how long it took and the most memory it held."""

    seconds: float
    peak_mib: float
    counts: Counts


async def load(address: str, stream: str, file: Path) -> Loaded:
    """Bring one stream of the depot up to a file."""
    async with open_store(address, connections=2) as store, open_http(SOURCE, None) as http:
        run_id, source_id = await requested(store, stream)
        settings = SourceSettings(name=SOURCE, connector=MANIFEST.name)
        config = Delivery(**{stream: str(file)})
        context = Context(source=SOURCE, config=config, http=http, now=now, log=structlog.get_logger().debug)
        source = OpenSource(Origin(source_id, SOURCE), settings, MANIFEST, Depot(), context)
        counts = Counts()
        began = time.perf_counter()
        held = await claim(store, run_id)
        assert held is not None
        await read(store, source, held, counts, set(), None)
        await finish(store, held, "succeeded")
        return Loaded(seconds=time.perf_counter() - began, peak_mib=peak_mib(), counts=counts)


async def requested(store: Store, stream: str) -> tuple[int, int]:
    """Ask for a run; return its id and the source's."""
    async with store.connection() as connection:
        row = await connection.fetchrow(
            "SELECT st.id, st.source_id, clock_timestamp() AS slot FROM stream AS st JOIN source AS s ON s.id = st.source_id"
            " WHERE s.name = $1 AND st.name = $2",
            SOURCE,
            stream,
        )
        run_id = await request(connection, source_id=row["source_id"], stream_id=row["id"], slot=row["slot"])
    assert run_id is not None
    return run_id, row["source_id"]


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    print(msgspec.json.encode(asyncio.run(load(sys.argv[1], sys.argv[2], Path(sys.argv[3])))).decode())
