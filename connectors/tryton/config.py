"""What a Tryton source is told: where the system is, whose it is, and what its places are called here."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct


class TrytonConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One database of one Tryton server. The manifest says what each setting means."""

    url: str
    database: str
    username: str
    password: str
    partner: str
    channel: str = "trade"
    time_zone: str = "UTC"
    regions: Mapping[str, str] = {}

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.time_zone)
        except ZoneInfoNotFoundError as error:
            raise ValueError(f"{self.time_zone!r} is no time zone; write for example Europe/Berlin.") from error
