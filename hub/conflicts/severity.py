"""How serious a finding is: an additive score, each term of which is kept with the finding.

Impact, depth and evidence belong to the finding; recurrence and spread are counted over its peers: findings of the same rule
about the same partner, in a full class, not resolved, in the 90 days that end with its event day.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from hub.conflicts.statements import FOLDER, run
from hub.store.database import Connection
from hub.store.statements import read_statements

WEIGHTS: Mapping[str, int] = {"impact": 30, "depth": 20, "evidence": 20, "recurrence": 15, "spread": 15}
BANDS: Mapping[str, int] = {"low": 25, "medium": 50, "high": 70, "critical": 85}
CAPS: Mapping[str, int] = {
    "pack_suspect": 10,
    "unit_mapping_suspect": 10,
    "passive_info": 20,
    "minor": 20,
    "territory_disputed": 20,
    "unconfirmed": 25,
    "nested": 25,
    "shared": 25,
    "stale_stock": 25,
    "promo_preload": 25,
    "price_buy_ahead": 25,
    "launch": 25,
    "reviewed": 25,
    "near_promotion": 25,
    "natural": 30,
    "benign": 35,
    "continuity": 45,
    "fuzzy": 45,
    "natural_key": 45,
    "possible": 45,
    "anomaly": 45,
    "quarter_end": 45,
    "observe": 45,
}


class Weights(Struct, frozen=True, kw_only=True):
    """What a term weighs, where bands begin and what caps a score; caps are named by rule, class, mode or circumstance."""

    weights: Mapping[str, Decimal]
    bands: Mapping[str, Decimal]
    caps: Mapping[str, Decimal]

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> "Weights":
        """Return the built-in numbers with what [severity] of a policy says otherwise."""
        return cls(
            weights=merged(WEIGHTS, section.get("weights", {})),
            bands=merged(BANDS, section.get("bands", {})),
            caps=merged(CAPS, section.get("caps", {})),
        )


def merged(built_in: Mapping[str, int], said: Mapping[str, Any]) -> dict[str, Decimal]:
    """Return numbers by name, those that were said before the built-in ones."""
    return {name: Decimal(str(said.get(name, value))) for name, value in built_in.items()}


async def score(connection: Connection, values: Mapping[str, object], *, everything: bool) -> None:
    """Score what the batch touched, and again the peers of findings that opened because their score grew."""
    while True:
        await run(connection, SEVERITY["everything" if everything else "touched"], values)
        await run(connection, SEVERITY["score"], values)
        await connection.execute("ANALYZE scored")
        for name in ("remember", "write"):
            await run(connection, SEVERITY[name], values)
        if not await connection.fetch(SEVERITY["reopen"].sql):
            return
        await connection.execute("TRUNCATE scored")


SEVERITY = read_statements(FOLDER / "severity.sql")
