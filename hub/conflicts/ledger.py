"""Same key, same finding: what is found is raised or renewed, what is gone is closed as resolved_by_data.

What a person decided, dismissed or confirmed, survives every run.
"""

from collections.abc import Mapping, Sequence

from hub.conflicts.registry import Pair
from hub.conflicts.statements import FOLDER, run
from hub.store.database import Connection
from hub.store.event import Happening
from hub.store.statements import read_statements


async def record(connection: Connection, pair: Pair, values: Mapping[str, object]) -> None:
    """Take what the rule laid into `found` into the books; scores follow when all rules have been heard."""
    ruled = {**values, "full": sorted(pair.rule.full), "version": pair.rule.version}
    for name in ("identify", "remember_changed", "rewrite", "raise"):
        await run(connection, LEDGER[name], ruled)


async def retract(connection: Connection, values: Mapping[str, object]) -> None:
    """Close the findings of the judged scopes that were not found again."""
    gone = LEDGER["remember_gone"]
    rows = await connection.fetch(gone.sql, *gone.arguments(values))
    if rows:
        await run(connection, LEDGER["retract"], {**values, "ids": [row["conflict_id"] for row in rows]})


async def close(connection: Connection, values: Mapping[str, object]) -> Sequence[tuple[str, Happening]]:
    """Keep what stood before; return by rule what happened."""
    await run(connection, LEDGER["close_books"], values)
    return [
        (row["rule"], Happening("conflict", row["kind"], row["conflict_id"], body(row["kind"], row["score"])))
        for row in await connection.fetch(LEDGER["told"].sql)
    ]


def body(kind: str, score_before: object) -> dict[str, object]:
    """Return what an event says beside its kind."""
    return {} if kind == "raised" else {"score_before": float(str(score_before))}


LEDGER = read_statements(FOLDER / "ledger.sql")
