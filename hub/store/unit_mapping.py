"""What one piece of an article means at one source, where that is not what the masters say.

A proposal of the unit doctor becomes a mapping by a person's word, by two people's where many lines hang on it. Intake counts
by it: the line then stands for the base article, so that the units come out whole whatever the pack.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct
from tortoise import fields
from tortoise.indexes import Index

from hub.errors import Declined
from hub.store.base import Numeric, Row
from hub.store.database import Connection
from hub.store.statements import prepared

# Above so many lines a mapping needs two people.
MANY_LINES = 1_000
Step = Literal["accepted", "waiting"]


class UnitMappingRow(Row):
    """One piece of `product_id` at `source_id` is `numerator` / `denominator` base units; `line_count` hung on it."""

    source_id = fields.BigIntField()
    product_id = fields.BigIntField()
    numerator = Numeric()
    denominator = Numeric()
    conflict_id = fields.BigIntField()
    line_count = fields.IntField()
    state = fields.TextField(db_default="proposed")
    proposed_by = fields.BigIntField()
    proposed_at = fields.DatetimeField()
    accepted_by = fields.BigIntField(null=True)
    accepted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "unit_mapping"
        unique_together = (("source_id", "product_id"),)
        indexes = (Index(fields=("conflict_id",)), Index(fields=("proposed_at", "id")))


class Units(Struct, frozen=True):
    """What one piece stands for: so many units of the base article, as a fraction."""

    base_id: int
    numerator: Decimal
    denominator: Decimal


async def units_of(connection: Connection, source_id: int) -> Mapping[int, Units]:
    """Return what is mapped at a source, by product."""
    rows = await connection.fetch(*prepared("unit_mapping", "of_source", source_id=source_id))
    return {row["product_id"]: Units(row["base_id"], row["numerator"], row["denominator"]) for row in rows}


async def accept(connection: Connection, conflict_id: int, user_id: int, at: datetime) -> Step:
    """Accept what a finding proposes, or note the word of the first of two people.

    Raises Declined when the finding proposes nothing, or its article is mapped already.
    """
    proposal = await connection.fetchrow(*prepared("unit_mapping", "proposal", conflict_id=conflict_id))
    if proposal is None:
        raise Declined(
            "policy",
            "Only an open finding of unit_mapping_suspect proposes a unit mapping.",
            "只有 unit_mapping_suspect 的未决线索才会提议单位换算。",
        )
    asked = await connection.fetchrow(*prepared("unit_mapping", "held", conflict_id=conflict_id))
    if asked is None:
        made = await connection.fetchval(*prepared("unit_mapping", "propose", **dict(proposal), user_id=user_id, at=at))
        if made is None:
            sku, source = proposal["sku"], proposal["source"]
            raise Declined(
                "policy",
                f"There is a mapping of {sku} of {source} already; withdraw it before another is accepted.",
                f"{source} 的 {sku} 已有单位换算；请先撤回，再接受新的换算。",
            )
        if proposal["line_count"] > MANY_LINES:
            return "waiting"
    elif asked["state"] == "accepted":
        raise Declined("policy", "This proposal is accepted already.", "该提议已被接受。")
    elif asked["proposed_by"] == user_id:
        raise Declined(
            "policy",
            f"More than {MANY_LINES:,} lines hang on this mapping: another person than its proposer accepts it.",
            f"此单位换算涉及超过 {MANY_LINES:,} 行：须由提议人以外的另一人接受。",
        )
    await connection.execute(*prepared("unit_mapping", "accept", conflict_id=conflict_id, user_id=user_id, at=at))
    return "accepted"


async def withdraw(connection: Connection, conflict_id: int) -> None:
    """Take back what was accepted or proposed by a finding. Raises Declined when nothing was."""
    if await connection.fetchval(*prepared("unit_mapping", "withdraw", conflict_id=conflict_id)) is None:
        raise Declined("policy", "No unit mapping rests on this finding.", "没有依据此线索的单位换算。")
