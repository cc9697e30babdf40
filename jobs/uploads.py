"""Files that were sent to be imported: the source they go to, where a run finds their sheets, and when they are removed."""

import asyncio
import re

from hub.clock import now
from hub.errors import Declined
from hub.intake.shelf import Shelf
from hub.settings import SOURCE_NAME, Settings, SourceSettings
from hub.store import sheet_upload
from hub.store.database import Store
from jobs.sources import ensure_source, source_settings

CONNECTOR = "sheet"
READ_OTHERWISE = """
    SELECT source.connector <> $2 OR source.managed_by <> 'api' OR source.state NOT IN ('active', 'needs_attention')
           OR EXISTS (SELECT FROM stream WHERE stream.source_id = source.id AND stream.schedule IS NOT NULL) AS elsewhere
      FROM source
     WHERE source.name = $1
"""


async def sheet_source(store: Store, settings: Settings, name: str) -> int:
    """Return the source that takes sheets under a name, declared when it is new. Raises Declined.

    A source that reads something by itself is left alone: its next run would undo what an upload said.
    """
    if not re.fullmatch(SOURCE_NAME, name):
        raise Declined(
            "not_a_name",
            "The name of a source has 1 to 63 small letters, digits, - and _, and begins with a letter or digit.",
            "数据源名称为 1 至 63 个小写字母、数字、- 或 _，并以字母或数字开头。",
            field="source",
        )
    async with store.connection() as connection:
        row = await connection.fetchrow(READ_OTHERWISE, name, CONNECTOR)
    if any(one.name == name for one in settings.source) or (row is not None and row["elsewhere"]):
        raise Declined(
            "reads_elsewhere",
            f"The source {name} takes no uploads: it reads something by itself, or is paused. Choose another name.",
            f"数据源 {name} 不接收上传：它自行读取数据或已暂停。请另选名称。",
            field="source",
        )
    if row is not None:
        one = await source_settings(store, settings, name)
    else:
        folder = settings.home.absolute() / "sheets" / name
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        one = SourceSettings(name=name, connector=CONNECTOR, settings={"folder": str(folder)})
    return await ensure_source(store, settings, one, managed_by="api")


def of_upload(settings: Settings, one: SourceSettings, upload_id: int) -> SourceSettings:
    """Return the settings of a source as they are for the run that reads an upload. What is not in it was not withdrawn."""
    kept = {name: value for name, value in one.settings.items() if name != "snapshot"}
    return one.model_copy(update={"settings": kept | {"folder": str(Shelf.of(settings.home).folder(upload_id))}})


async def tidy(store: Store, settings: Settings) -> None:
    """Forget uploads whose time is over, and remove the files of those that nobody will read any more."""
    shelf = Shelf.of(settings.home)
    ids = await asyncio.to_thread(shelf.ids)
    async with store.connection() as connection:
        await sheet_upload.forget(connection, now())
        kept = await sheet_upload.needed(connection, sorted(ids))
    if ids - kept:
        await asyncio.to_thread(shelf.clear, ids - kept)
