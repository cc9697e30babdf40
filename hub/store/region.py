"""Where regions and locations rest."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import ArrayField, Golden, Row, empty_array


class RegionRow(Golden):
    """`path` holds the ids from the root to the region itself, `depth` is 0 at a root, `market_id` the country above."""

    name = fields.TextField()
    kind = fields.TextField(db_default="zone")
    parent_id = fields.BigIntField(null=True)
    neighbour_codes = ArrayField("text", db_default=empty_array("text"))
    path = ArrayField("bigint", db_default=empty_array("bigint"))
    depth = fields.IntField(db_default=0)
    market_id = fields.BigIntField(null=True)

    class Meta:
        table = "region"
        unique_together = (("code",),)
        indexes = (Index(fields=("parent_id",)),)


class RegionCoverRow(Row):
    """Every region with each region it covers, itself included; `distance` counts the steps down."""

    region_id = fields.BigIntField()
    covered_id = fields.BigIntField()
    distance = fields.IntField()

    class Meta:
        table = "region_cover"
        unique_together = (("region_id", "covered_id"),)
        indexes = (Index(fields=("covered_id", "region_id")),)


class RegionNeighbourRow(Row):
    """A declared pair of touching regions, kept both ways round."""

    region_id = fields.BigIntField()
    neighbour_id = fields.BigIntField()

    class Meta:
        table = "region_neighbour"
        unique_together = (("region_id", "neighbour_id"),)


class LocationRow(Golden):
    name = fields.TextField()
    kind = fields.TextField(db_default="warehouse")
    partner_id = fields.BigIntField(null=True)
    region_id = fields.BigIntField(null=True)

    class Meta:
        table = "location"
        unique_together = (("code",),)
        indexes = (Index(fields=("partner_id",)), Index(fields=("region_id",)))
