"""Try sources: can we log in, may we read each stream, what does it hold? Nothing is stored of it but the answer."""

import asyncio

import structlog

from connectors.base import Catalog, CheckResult
from hub.errors import ConnectorBug, HubError, SourceDown
from hub.settings import Settings
from hub.store.database import Store
from hub.store.source_check import answered, failed, waiting
from jobs.sources import open_source, source_settings

log = structlog.get_logger(__name__)

LIMIT_S = 60


async def check_source(store: Store, settings: Settings, name: str) -> tuple[CheckResult, Catalog]:
    """Ask a source. Raises SourceDown when it has not answered within a minute."""
    one = await source_settings(store, settings, name)
    async with open_source(store, settings, one) as source:
        try:
            async with asyncio.timeout(LIMIT_S):
                result = await source.connector.check(source.context)
                return result, await source.connector.discover(source.context)
        except HubError:
            raise
        except TimeoutError:
            raise SourceDown(f"{name} has not answered within {LIMIT_S} s; see whether it is up, then try again.") from None
        except Exception as error:  # foreign code
            said = source.context.http.redacted(f"{type(error).__name__}: {error}")
            raise ConnectorBug(f"The connector of {name} failed when it was tried: {said}") from error


async def answer_waiting(store: Store, settings: Settings) -> None:
    """Try the sources somebody asked about, one after the other; whatever one raises must not stand before the others."""
    async with store.connection() as connection:
        asked_for = await waiting(connection)
    for row in asked_for:
        try:
            result, catalog = await check_source(store, settings, row["source"])
        except HubError as error:
            async with store.transaction() as connection:
                await failed(connection, row["id"], str(error))
            log.info("source does not answer", source=row["source"], reason=str(error))
            continue
        streams = [{"name": stream, "records": catalog.counts.get(stream)} for stream in catalog.streams]
        async with store.transaction() as connection:
            await answered(connection, row["id"], result.account, streams, result.missing)
