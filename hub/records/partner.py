"""Partner (渠道商): whoever sells for the brand. PartnerAlias: a seller's other names."""

from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct

PartnerType = Literal["distributor", "agent", "reseller", "retailer", "franchise", "marketplace_seller", "direct", "alliance"]
CooperationModel = Literal["buy_sell", "commission_agency", "alliance"]
ChannelKind = Literal["traditional", "vertical", "digital", "hybrid"]
PartnerStatus = Literal["prospect", "onboarding", "active", "suspended", "exiting", "closed"]
Lifecycle = Literal["development", "nurturing", "evaluation", "optimisation"]
AliasStatus = Literal["confirmed", "candidate", "not_partner"]


class Partner(Struct, frozen=True, kw_only=True):
    """A distributor, agent, shop or marketplace seller. `direct` is the brand's own sales."""

    code: str
    name: str
    parent: str | None = None
    type: PartnerType = "distributor"
    model: CooperationModel = "buy_sell"
    channel_kind: ChannelKind = "traditional"
    tier: str | None = None
    status: PartnerStatus = "active"
    lifecycle: Lifecycle = "development"
    home_region: str | None = None
    tax_id: str | None = None
    domain: str | None = None
    credit_limit: Decimal | None = None
    credit_currency: str | None = None
    joined_on: date | None = None
    manager: str | None = None
    legal_name: str | None = None
    left_on: date | None = None


class PartnerAlias(Struct, frozen=True, kw_only=True):
    """A name a partner sells under; `channel` `*` is everywhere. `candidate` never matches."""

    alias: str
    channel: str = "*"
    partner: str | None = None
    status: AliasStatus = "confirmed"
