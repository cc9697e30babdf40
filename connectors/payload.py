"""A payload read into a typed struct; what does not fit is set aside with the path of the field at fault."""

import re
from typing import TypeVar

import msgspec

from hub.errors import MappingError

MISSING = re.compile("Object missing required field `(.*)`")
RowT = TypeVar("RowT")


def decode(raw: bytes, row: type[RowT]) -> RowT:
    """Read one payload as JSON. Raises MappingError."""
    try:
        return msgspec.json.decode(raw, type=row)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at ")
        path = path.strip("`") or "$"
        if missing := MISSING.match(what):
            raise MappingError(f"{error}.", code="missing", field=f"{path}.{missing[1]}") from error
        raise MappingError(f"{error}.", code="bad_value", field=path) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MappingError(f"The payload is no JSON: {error}.", code="undecodable", field="$") from error
