"""What a sheet source is told: where the folder is and how its files are written."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

Delimiter = Literal[",", ";", "\t"]
Encoding = Literal["utf-8", "utf-8-sig", "gb18030"]


class SheetConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of one folder.

    `encoding` None tries each in turn. `columns` names, per noun, the column another header stands for. `snapshot` lists
    the nouns whose files hold everything there is.
    """

    folder: str
    delimiter: Delimiter = ","
    encoding: Encoding | None = None
    time_zone: str = "UTC"
    columns: Mapping[str, Mapping[str, str]] = {}
    snapshot: tuple[str, ...] = ()
