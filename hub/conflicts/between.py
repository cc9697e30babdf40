"""What holds on one day against what holds on another: versions of the policy, grants, prices, promotions, unit mappings.

Both days are read from the records as the hub knows them now. A row that a source has corrected since holds, corrected, on both
days; one that was deleted, or a mapping that was taken back, on neither.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

from msgspec import Struct

from hub.store.database import Connection
from hub.store.statements import prepared

NOUNS = ("territory_grant", "price_policy", "promotion", "unit_mapping")
# In the order a person reads them: what a row is about, what it says, from when until when, and where it comes from.
FIELDS = (
    "partner", "kind", "name", "product", "product_group", "region", "segment", "channel", "min_units", "unit_price",
    "floor_price", "currency", "units_per_piece", "exclusivity", "contract_ref", "valid_from", "valid_to", "accepted_at", "key",
    "source",
)  # fmt: skip


class Change(Struct, frozen=True, kw_only=True):
    """One row that began or ended, or one that took the place of another about the same: each by its fields, with codes."""

    change: Literal["began", "ended", "changed"]
    before: Mapping[str, str] | None
    after: Mapping[str, str] | None

    @property
    def fields(self) -> Mapping[str, tuple[str | None, str | None]]:
        """Return by name what was and what is, of the fields that differ."""
        before, after = self.before or {}, self.after or {}
        return {name: (before.get(name), after.get(name)) for name in FIELDS if before.get(name) != after.get(name)}


class Between(Struct, frozen=True, kw_only=True):
    """What is otherwise on the later day. Versions None are the built-in policy; `changes` is what they say differently."""

    from_day: date
    to_day: date
    version_before: int | None
    version_after: int | None
    changes: Sequence[Mapping[str, Any]]
    rows: Mapping[str, Sequence[Change]]


async def between(connection: Connection, from_day: date, to_day: date) -> Between:
    """Compare what holds on two days."""
    days = {"from_day": from_day, "to_day": to_day}
    held = await connection.fetchrow(*prepared("policy", "held_on", **days))
    rows: dict[str, list[Change]] = {noun: [] for noun in NOUNS}
    for row in await connection.fetch(*prepared("policy", "between", **days)):
        rows[row["noun"]].append(Change(change=row["change"], before=in_order(row["before"]), after=in_order(row["after"])))
    return Between(
        **days,
        version_before=held["before"],
        version_after=held["after"],
        changes=[dict(row) for row in await connection.fetch(*prepared("policy", "shift", **days))],
        rows=rows,
    )


def in_order(said: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """Return the fields of a row in the order they are read."""
    return None if said is None else {name: said[name] for name in sorted(said, key=FIELDS.index)}
