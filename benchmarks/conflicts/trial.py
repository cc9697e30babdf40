"""Let the hub judge a folder: a throw-away server, the ordinary import, one run of detection, and what was found."""

import tempfile
from pathlib import Path

from msgspec import Struct

from benchmarks.conflicts.generate import Facts
from benchmarks.conflicts.label import Found
from hub.conflicts.registry import all_rules
from hub.settings import Settings, SourceSettings
from hub.store.database import Store
from jobs.detect import detect
from jobs.hub import open_hub
from jobs.sources import ensure_source
from jobs.sync import sync_source


class Trial(Struct, frozen=True, kw_only=True):
    """What came of it. `thresholds` are those the rules were judged with."""

    loaded: int
    rejected: int
    findings: list[Found]
    not_run: dict[str, str]
    thresholds: dict[str, dict[str, str]]


async def judge(folder: Path, facts: Facts) -> Trial:
    """Load the folder into a new database and detect as of its instant."""
    with tempfile.TemporaryDirectory(prefix="channelhub-bench-") as home:
        # As root the server belongs to another user, who must pass.
        Path(home).chmod(0o755)
        async with open_hub(Settings(home=Path(home)), connections=4) as store:
            return await judge_in(store, Settings(home=Path(home)), folder, facts)


async def judge_in(store: Store, settings: Settings, folder: Path, facts: Facts) -> Trial:
    """Load the folder into an empty database and detect as of its instant."""
    one = SourceSettings(name=facts.source, connector="sheet", settings={"folder": str(folder.absolute())})
    await ensure_source(store, settings, one, managed_by="api")
    outcomes = await sync_source(store, settings, facts.source, one=one)
    done = await detect(store, at=facts.at, full=True)
    async with store.connection() as connection:
        rows = await connection.fetch(
            "SELECT rule, parts, classification, is_full FROM conflict WHERE state <> 'resolved_by_data' ORDER BY rule, parts"
        )
    return Trial(
        loaded=sum(outcome.counts.new for outcome in outcomes),
        rejected=sum(outcome.counts.rejected for outcome in outcomes),
        findings=[
            Found(rule=row["rule"], key=tuple(row["parts"]), classification=row["classification"], full=row["is_full"])
            for row in rows
        ],
        not_run={name: count.not_run for name, count in done.rules.items() if count.not_run},
        thresholds={
            name: {one: f"{value:f}" for one, value in pair.rule.thresholds.items()} for name, pair in all_rules().items()
        },
    )
