"""Partner (渠道商): whoever sells for the brand."""

from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from schema.compiler.catalog import Sort, column, one, pages, table
from schema.node import GLOBAL_ID, Node
from schema.paging import Connection
from schema.region import Region
from schema.source import Synced
from schema.where import Choice, IntFilter, RegionFilter, Several, SortKey, StringFilter, asked, related, where

if TYPE_CHECKING:
    from schema.claim import Claim
    from schema.conflict import ConflictConnection, ConflictFilter, ConflictsFilter
    from schema.deal import DealRegistration
    from schema.order import OrderConnection, OrderFilter, OrdersFilter, OrderSort
    from schema.territory import TerritoryGrant, TerritoryGrantsFilter


@strawberry.enum(description="What a partner is.")
class PartnerKind(Enum):
    DISTRIBUTOR = strawberry.enum_value("distributor", description="Buys and resells.")
    AGENT = strawberry.enum_value("agent", description="Sells on commission; the brand keeps title.")
    RETAILER = strawberry.enum_value("retailer", description="Retailer or dealer.")
    FRANCHISE = strawberry.enum_value("franchise", description="Shop under the brand's franchise.")
    MARKETPLACE_SELLER = strawberry.enum_value("marketplace_seller", description="Seller on a marketplace.")
    OWN_STORE = strawberry.enum_value("direct", description="The brand's own sales.")


@strawberry.enum(description="Legal form of the cooperation.")
class CooperationModel(Enum):
    BUY_SELL = strawberry.enum_value("buy_sell", description="The partner buys and resells in its own name.")
    COMMISSION_AGENCY = strawberry.enum_value("commission_agency", description="The partner sells for a commission.")
    STRATEGIC_ALLIANCE = strawberry.enum_value("alliance", description="Jointly agreed plan.")


@strawberry.enum(description="Stage of the partner life cycle.")
class PartnerStage(Enum):
    DEVELOPMENT = strawberry.enum_value("development", description="Being recruited.")
    NURTURING = strawberry.enum_value("nurturing", description="Signed and being built up.")
    EVALUATION = strawberry.enum_value("evaluation", description="Under regular evaluation.")
    OPTIMISATION = strawberry.enum_value("optimisation", description="Being optimised.")
    EXITED = strawberry.enum_value("exited", description="Cooperation ended.")


# An alliance is a model of cooperation; whoever is in one buys and resells.
KIND = "CASE {type} WHEN 'reseller' THEN 'retailer' WHEN 'alliance' THEN 'distributor' ELSE {type} END"
MODEL = "CASE {type} WHEN 'alliance' THEN 'alliance' ELSE {model} END"
OWNED = "{partner_id} = {up.id}"
TRADED = "{partner_id} = {up.id} OR {buyer_partner_id} = {up.id}"
STAGE = "CASE WHEN {status} = 'closed' THEN 'exited' ELSE {lifecycle} END"


@table(
    "partner",
    live="{deleted_at} IS NULL",
    sorts={
        "CODE": Sort("code", "text"),
        "NAME": Sort("name", "text"),
        "TIER": Sort("tier", "text", nullable=True),
        "LEVEL": Sort("level", "int"),
        "SIGNED_ON": Sort("joined_on", "date", nullable=True),
    },
)
@strawberry.type(description="A channel partner.")
class Partner(Node, Synced):
    id: strawberry.ID = column("id", GLOBAL_ID)
    code: str = column("code", "Code of the partner in this installation; unique.")
    name: str = column("name", "Name to show.")
    legal_name: str | None = column("legal_name", "Name in the company register.")
    kind: PartnerKind = column(KIND, "What it is.")
    cooperation_model: CooperationModel | None = column(MODEL, "Legal form of the cooperation.")
    tier: str | None = column("tier", "Tier in the partner programme, as its source names it.")
    level: int = column("level", "Depth in the distribution tree, 0 = buys from the brand.")
    stage: PartnerStage = column(STAGE, "Stage of the life cycle.")
    parent: Annotated["Partner", strawberry.lazy("schema.partner")] | None = one(
        "parent_id", "Partner it buys from; null at the top or when hidden from the caller."
    )
    region: Region | None = one("home_region_id", "Home region.")
    signed_on: date | None = column("joined_on", "Day the contract began.")
    left_on: date | None = column("left_on", "Day the cooperation ended; null while it lasts, or when its source does not say.")
    territory_grants: Connection[Annotated["TerritoryGrant", strawberry.lazy("schema.territory")]] = pages(
        "Territory grants, newest first.", [("VALID_FROM", True)], join=OWNED
    )
    orders: Annotated["OrderConnection", strawberry.lazy("schema.order")] = pages(
        "Orders placed by or with the partner, newest first.",
        [("PLACED_AT", True)],
        join=TRADED,
        filter=Annotated["OrderFilter", strawberry.lazy("schema.order")] | None,
        order=list[Annotated["OrderSort", strawberry.lazy("schema.order")]] | None,
    )
    conflicts: Annotated["ConflictConnection", strawberry.lazy("schema.conflict")] = pages(
        "Findings whose records point at the partner.",
        [("SCORE", True)],
        join=OWNED,
        filter=Annotated["ConflictFilter", strawberry.lazy("schema.conflict")] | None,
        unfiltered="{state} = 'open'",
    )
    deal_registrations: Connection[Annotated["DealRegistration", strawberry.lazy("schema.deal")]] = pages(
        "Deals it registered, newest first.", [("REGISTERED_AT", True)], join=OWNED
    )
    claims: Connection[Annotated["Claim", strawberry.lazy("schema.claim")]] = pages(
        "Claims it submitted, newest first.", [("SOLD_ON", True)], join=OWNED
    )


@strawberry.input(description="Conditions on PartnerKind.")
class PartnerKindFilter(Choice[PartnerKind]):
    pass


@strawberry.input(description="Conditions on PartnerStage.")
class PartnerStageFilter(Choice[PartnerStage]):
    pass


@strawberry.input(description="Which partners.")
class PartnerFilter:
    code: StringFilter | None = where("code", "Code.")
    name: StringFilter | None = where("name", "Name.")
    kind: PartnerKindFilter | None = where(KIND, "Kind.")
    stage: PartnerStageFilter | None = where(STAGE, "Stage.")
    region: RegionFilter | None = where("home_region_id", "Home region.")
    tier: StringFilter | None = where("tier", "Tier in the partner programme.")
    level: IntFilter | None = where("level", "Depth in the tree.", cast="int")
    parent_is: "PartnerFilter | None" = related("Partner", "parent_id", "`parent` is such.")
    territory_grants: Annotated["TerritoryGrantsFilter", strawberry.lazy("schema.territory")] | None = related(
        "TerritoryGrant", OWNED, "Its grants.", several=True
    )
    orders: Annotated["OrdersFilter", strawberry.lazy("schema.order")] | None = related(
        "Order", TRADED, "Its orders.", several=True
    )
    conflicts: Annotated["ConflictsFilter", strawberry.lazy("schema.conflict")] | None = related(
        "Conflict", OWNED, "Findings whose records point at it.", several=True
    )
    and_: list["PartnerFilter"] | None = asked("All of these hold, at most 20.", "and")
    or_: list["PartnerFilter"] | None = asked("At least one of these holds, at most 20.", "or")
    not_: "PartnerFilter | None" = asked("This does not hold.", "not")


@strawberry.input(description="Conditions on partners of something.")
class PartnersFilter(Several[PartnerFilter]):
    pass


@strawberry.enum(
    description="What partners can be sorted by. The id is always added as the last key, so that the order is total."
)
class PartnerSortField(Enum):
    CODE = strawberry.enum_value("code", description="Code.")
    NAME = strawberry.enum_value("name", description="Name, by code point.")
    TIER = strawberry.enum_value("tier", description="Tier in the partner programme, by code point.")
    LEVEL = strawberry.enum_value("level", description="Depth in the tree.")
    SIGNED_ON = strawberry.enum_value("signed_on", description="Day the contract began.")


@strawberry.input(description="One sort key of partners. At most 3 keys.")
class PartnerSort(SortKey[PartnerSortField]):
    pass


@strawberry.type
class PartnerQuery:
    partners: Connection[Partner] | None = pages(
        "Partners. Default order: code.",
        [("CODE", False)],
        filter=PartnerFilter | None,
        order=list[PartnerSort] | None,
    )
