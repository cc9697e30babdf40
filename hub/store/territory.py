"""Where territory grants rest."""

from collections.abc import Mapping
from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Canonical
from hub.store.database import Connection
from hub.store.statements import prepared


class TerritoryGrantRow(Canonical):
    """`key` is the grant id. `revision` grows with each change of the record."""

    partner_id = fields.BigIntField()
    region_id = fields.BigIntField()
    product_group = fields.TextField(db_default="*")
    segment = fields.TextField(db_default="*")
    exclusivity = fields.TextField()
    valid_from = fields.DateField()
    valid_to = fields.DateField(null=True)
    contract_ref = fields.TextField(null=True)
    revision = fields.IntField(db_default=1)

    class Meta:
        table = "territory_grant"
        unique_together = (("source_id", "key"),)
        indexes = (
            Index(fields=("region_id", "product_group")),
            Index(fields=("partner_id",)),
            Index(fields=("raw_id",)),
        )


async def held(connection: Connection, grant_id: int) -> Mapping[str, Any] | None:
    """Return a grant with the codes it names, kept from others until the transaction ends."""
    row: Mapping[str, Any] | None = await connection.fetchrow(*prepared("territory_grant", "held", id=grant_id))
    return row


async def overlapping(connection: Connection, grant_id: int) -> list[int]:
    """Return the grants of others that share place, time, goods and customers with one while either excludes others."""
    return [row["id"] for row in await connection.fetch(*prepared("territory_grant", "overlapping", id=grant_id))]
