"""What a Vendure source is told: where the shop is, whose it is, and what its places are called here."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct


class VendureConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One shop. The manifest says what each setting means."""

    url: str
    username: str
    password: str
    partner: str
    channel: str = "online"
    time_zone: str = "UTC"
    regions: Mapping[str, str] = {}

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.time_zone)
        except ZoneInfoNotFoundError as error:
            raise ValueError(f"{self.time_zone!r} is no time zone; write for example Europe/Berlin.") from error
