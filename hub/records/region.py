"""Region: a place on a map. Location: a place that holds stock."""

from typing import Literal

from msgspec import Struct

RegionKind = Literal["world", "country", "province", "city", "district", "zone"]
LocationKind = Literal["warehouse", "store", "third_party", "in_transit", "virtual"]


class Region(Struct, frozen=True, kw_only=True):
    """A region covers itself and all its descendants. Neighbours are symmetric; one side is enough."""

    code: str
    name: str
    kind: RegionKind = "zone"
    parent: str | None = None
    neighbours: tuple[str, ...] = ()


class Location(Struct, frozen=True, kw_only=True):
    """A stock place; without a partner it is the brand's own."""

    code: str
    name: str
    kind: LocationKind = "warehouse"
    partner: str | None = None
    region: str | None = None
