"""Sources and streams: what is asked, how often, and what its records become."""

from datetime import timedelta
from enum import StrEnum

from msgspec import Struct


class SourceKind(StrEnum):
    """What kind of system a source is."""

    ECOMMERCE = "ecommerce"
    DISTRIBUTOR = "distributor"
    CRM = "crm"
    ERP = "erp"
    FILE = "file"
    EDI = "edi"


class DeletePolicy(StrEnum):
    """How a stream learns of deletions."""

    FEED = "feed"
    SOFT_FLAG = "soft_flag"
    SCAN = "scan"
    NONE = "none"


class StreamModel(StrEnum):
    """What the records of a stream become."""

    PRODUCT = "product"
    INVENTORY = "inventory"
    ORDER = "order"
    CUSTOMER = "customer"
    OFFER = "offer"
    SELL_THROUGH = "sell_through"
    CLAIM = "claim"
    CUSTOM = "custom"


class Stream(Struct, frozen=True, kw_only=True):
    """One list of records of a source, as its connector's manifest describes it.

    `lookback` is subtracted from the lower bound of a window, `settle` from now for its upper bound.
    `volatile` fields are left out of the content hash.
    """

    name: str
    model: StreamModel
    primary_key: tuple[str, ...]
    cursor_field: str | None = None
    lookback: timedelta = timedelta()
    settle: timedelta = timedelta()
    deletes: DeletePolicy = DeletePolicy.NONE
    volatile: tuple[str, ...] = ()
    freshness: timedelta = timedelta(minutes=15)
    removal_limit: float = 0.3
