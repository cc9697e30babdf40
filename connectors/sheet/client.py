"""The sheet connector: what it is asked, and where the answer is."""

import asyncio
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path

from connectors.base import Catalog, CheckResult, Context
from connectors.sheet.config import SheetConfig
from connectors.sheet.folder import listing
from connectors.sheet.mapping import normalise, plan_of, zone_of
from connectors.sheet.nouns import NOUNS, STREAMS
from connectors.sheet.reading import Reading
from hub.errors import HubError, SettingsError
from hub.records import CanonicalRecord
from hub.records.message import Message, State, SyncMode, Window
from hub.records.source import Stream

# Rows are read away from the event loop, this many at a time.
BLOCK = 500


class SheetConnector:
    """CSV and XLSX files of one folder."""

    config = SheetConfig

    async def check(self, ctx: Context[SheetConfig]) -> CheckResult:
        """Can the folder be read, and do the settings fit? Names what a person has to do."""
        folder = ctx.config.folder
        try:
            check_settings(ctx.config)
            found = await asyncio.to_thread(listing, Path(folder))
        except HubError as error:
            return CheckResult(account=folder, missing=(str(error),))
        missing = [f"{name} cannot be read: {reason}" for name, reason in found.unreadable.items()]
        if not found.files:
            missing.append(f"The folder {folder} holds no sheet; put for example orders.csv there.")
        return CheckResult(account=folder, missing=tuple(missing))

    async def discover(self, ctx: Context[SheetConfig]) -> Catalog:
        """Return the nouns that have a file. Those of `snapshot` stay in the list when their last file is gone."""
        found = await asyncio.to_thread(listing, Path(ctx.config.folder))
        return Catalog(streams=tuple(name for name in STREAMS if name in found.files or name in ctx.config.snapshot))

    async def read(self, ctx: Context[SheetConfig], stream: Stream, state: State, window: Window) -> AsyncIterator[Message]:
        """Yield the rows of every file that is new or changed, with a checkpoint every 5,000 and one after each file."""
        check_settings(ctx.config)
        started = {} if window.mode is SyncMode.RECONCILE else state
        messages = Reading(ctx.config, stream.name, started).messages()
        while block := await asyncio.to_thread(list, islice(messages, BLOCK)):
            for message in block:
                yield message

    def normalise(self, config: SheetConfig, stream: Stream, raw: bytes) -> tuple[CanonicalRecord, ...]:
        """Map one row. Raises MappingError with the code of the sheet format and the column."""
        return normalise(config, stream.name, raw)


def check_settings(config: SheetConfig) -> None:
    """Refuse settings that name what does not exist. Raises SettingsError."""
    for setting, names in (("columns", config.columns), ("snapshot", config.snapshot)):
        for name in names:
            if name not in NOUNS:
                raise SettingsError(f"The setting {setting} names {name!r}, which is no noun; there are {', '.join(NOUNS)}.")
    zone_of(config)
    for name in config.columns:
        plan_of(config, name)
