"""PolicyVersion: the thresholds and jurisdiction profiles that hold from a day on."""

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from hub.records.message import Json


class PolicyVersion(Struct, frozen=True, kw_only=True):
    """One policy.toml, checked. `body` is the whole document as it was written, less the four fields beside it."""

    version: int
    effective_from: date
    base_currency: str
    timezone: str = "UTC"
    body: Mapping[str, Json] = {}
