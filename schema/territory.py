"""TerritoryGrant (授权区域): who may sell what where, from when until when."""

from datetime import datetime
from enum import Enum

import strawberry

from schema.compiler.catalog import Sort, column, one, pages, table
from schema.node import GLOBAL_ID, Effective, Node
from schema.paging import Connection
from schema.partner import Partner, PartnerFilter
from schema.region import Region
from schema.scalars import RegionCode
from schema.where import Choice, IDFilter, RegionFilter, Several, StringFilter, related, where

HOLDS = (
    "{valid_from} <= ({value} AT TIME ZONE 'UTC')::date "
    "AND ({valid_to} IS NULL OR ({value} AT TIME ZONE 'UTC')::date < {valid_to})"
)
HOLDS_AT = "Holds at this instant, by the day in UTC. Default: all, past and future."
BY_START = {"VALID_FROM": Sort("valid_from", "date")}
GROUP, SEGMENT = "nullif({product_group}, '*')", "nullif({segment}, '*')"


@strawberry.enum(description="How a grant excludes others.")
class Exclusivity(Enum):
    EXCLUSIVE = strawberry.enum_value("exclusive", description="Nobody else, the brand included.")
    SOLE = strawberry.enum_value("sole", description="No other partner; the brand may sell.")
    OPEN = strawberry.enum_value("non_exclusive", description="Others may hold the same territory.")


@table("territory_grant", live="{deleted_at} IS NULL", sorts=BY_START)
@strawberry.type(description="Right of a partner to sell a product group in a region.")
class TerritoryGrant(Node, Effective):
    id: strawberry.ID = column("id", GLOBAL_ID)
    partner: Partner = one("partner_id", "Partner that holds it.")
    region: Region = one("region_id", "Region, with all regions below it.")
    product_group: str | None = column(GROUP, "Product group; null = all.")
    segment: str | None = column(SEGMENT, "Customer segment; null = all.")
    exclusivity: Exclusivity = column("exclusivity", "How it excludes others.")
    contract_ref: str | None = column("contract_ref", "Contract it stands in.")
    version: int = column("revision", "Number that grows with every change; for `expectedVersion`.")


@strawberry.input(description="Conditions on Exclusivity.")
class ExclusivityFilter(Choice[Exclusivity]):
    pass


@strawberry.input(description="Which grants.")
class TerritoryGrantFilter:
    partner: IDFilter | None = where("partner_id", "Partner.", to="Partner")
    region: RegionFilter | None = where("region_id", "Region of the grant.")
    covers: RegionCode | None = where(
        "{region_id} IN (SELECT cover.region_id FROM region_cover AS cover JOIN region AS place "
        "ON place.id = cover.covered_id WHERE place.code = {value})",
        "Region that the grant covers, itself or by a region above it.",
    )
    product_group: StringFilter | None = where(GROUP, "Product group.")
    exclusivity: ExclusivityFilter | None = where("exclusivity", "Exclusivity.")
    partner_is: PartnerFilter | None = related("Partner", "partner_id", "`partner` is such.")
    valid_at: datetime | None = where(HOLDS, HOLDS_AT, cast="timestamptz")


@strawberry.input(description="Conditions on grants of something.")
class TerritoryGrantsFilter(Several[TerritoryGrantFilter]):
    pass


@strawberry.type
class TerritoryQuery:
    territory_grants: Connection[TerritoryGrant] | None = pages(
        "Territory grants. Default order: newest `validFrom` first.",
        [("VALID_FROM", True)],
        filter=TerritoryGrantFilter | None,
    )
