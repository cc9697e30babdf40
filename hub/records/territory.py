"""TerritoryGrant (授权区域): who may sell what where, from when until when."""

from datetime import date
from typing import Literal

from msgspec import Struct

Exclusivity = Literal["exclusive", "sole", "non_exclusive"]


class TerritoryGrant(Struct, frozen=True, kw_only=True):
    """Holds on [valid_from, valid_to). `sole` is exclusive against other partners, not against the brand's own sales."""

    grant_id: str
    partner: str
    region: str
    exclusivity: Exclusivity
    valid_from: date
    product_group: str = "*"
    segment: str = "*"
    valid_to: date | None = None
    contract_ref: str | None = None
