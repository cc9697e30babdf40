"""Region: a place on a map. Location: a place where goods are kept."""

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.compiler.catalog import Sort, column, many, one, pages, table, text
from schema.node import GLOBAL_ID, Node
from schema.paging import Connection
from schema.scalars import RegionCode
from schema.source import Synced
from schema.where import Choice, IDFilter, RegionFilter, StringFilter, related, where

if TYPE_CHECKING:
    from schema.partner import Partner, PartnerFilter


@strawberry.enum(description="Administrative level of a region.")
class RegionLevel(Enum):
    COUNTRY = strawberry.enum_value("country", description="Country.")
    PROVINCE = strawberry.enum_value("province", description="Province, state.")
    CITY = strawberry.enum_value("city", description="City, county.")
    DISTRICT = strawberry.enum_value("district", description="District.")
    CUSTOM = strawberry.enum_value("zone", description="Sales region the installation defined.")


@strawberry.enum(description="What a location is.")
class LocationKind(Enum):
    WAREHOUSE = strawberry.enum_value("warehouse", description="Warehouse.")
    STORE = strawberry.enum_value("store", description="Shop.")
    THIRD_PARTY = strawberry.enum_value("third_party", description="Warehouse run by a logistics provider.")
    IN_TRANSIT = strawberry.enum_value("in_transit", description="Goods on the way.")


LEVEL = "CASE {kind} WHEN 'world' THEN 'zone' ELSE {kind} END"
PLACE = "CASE {kind} WHEN 'virtual' THEN 'warehouse' ELSE {kind} END"


@table("region", live="{deleted_at} IS NULL", sorts={"CODE": Sort("code", "text")})
@strawberry.type(description="A place in the tree of regions.")
class Region(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    code: RegionCode = column("code", "Code; unique.")
    name: str = text("name", "Name in the caller's language.")
    level: RegionLevel = column(LEVEL, "Level.")
    parent: Annotated["Region", strawberry.lazy("schema.region")] | None = one(
        "parent_id", "Region it lies in; null for a country."
    )
    adjacent: list[Annotated["Region", strawberry.lazy("schema.region")]] = many(
        "{id} IN (SELECT near.neighbour_id FROM region_neighbour AS near WHERE near.region_id = {up.id})",
        "{code}",
        "Regions with a common border, as loaded by the installation. At most 100.",
    )
    children: Connection[Annotated["Region", strawberry.lazy("schema.region")]] = pages(
        "Regions directly below it, by code.", [("CODE", False)], join="{parent_id} = {up.id}"
    )


@table("location", live="{deleted_at} IS NULL", sorts={"CODE": Sort("code", "text")})
@strawberry.type(description="A place where goods are kept.")
class Location(Node, Synced):
    id: strawberry.ID = column("id", GLOBAL_ID)
    code: str = column("code", "Code; unique in this installation.")
    name: str = column("name", "Name to show.")
    kind: LocationKind = column(PLACE, "What it is.")
    partner: Annotated["Partner", strawberry.lazy("schema.partner")] | None = one(
        "partner_id", "Partner that runs it; null for the brand's own or when hidden from the caller."
    )
    region: Region | None = one("region_id", "Region of its address.")


@strawberry.input(description="Conditions on RegionLevel.")
class RegionLevelFilter(Choice[RegionLevel]):
    pass


@strawberry.input(description="Conditions on LocationKind.")
class LocationKindFilter(Choice[LocationKind]):
    pass


@strawberry.input(description="Which regions.")
class RegionListFilter:
    code: StringFilter | None = where("code", "Code.")
    name: StringFilter | None = where("name", "Name in any language.")
    level: RegionLevelFilter | None = where(LEVEL, "Level.")
    within: RegionCode | None = where(
        "{id} IN (SELECT cover.covered_id FROM region_cover AS cover JOIN region AS place ON place.id = cover.region_id "
        "WHERE place.code = {value})",
        "In this region or below it.",
    )


@strawberry.input(description="Which locations.")
class LocationFilter:
    code: StringFilter | None = where("code", "Code.")
    partner: IDFilter | None = where("partner_id", "Partner that runs it.", to="Partner")
    region: RegionFilter | None = where("region_id", "Region of its address.")
    kind: LocationKindFilter | None = where(PLACE, "Kind.")
    partner_is: Annotated["PartnerFilter", strawberry.lazy("schema.partner")] | None = related(
        "Partner", "partner_id", "`partner` is such."
    )


@strawberry.type
class RegionQuery:
    regions: Connection[Region] | None = pages(
        "Regions. Default order: code.", [("CODE", False)], filter=RegionListFilter | None
    )
    locations: Connection[Location] | None = pages(
        "Locations. Default order: code.", [("CODE", False)], filter=LocationFilter | None
    )
