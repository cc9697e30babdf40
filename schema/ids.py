"""Global ids: the name of a type and the id of a row, together opaque."""

import base64
import binascii
import re

from schema.errors import bad_input

FORM = re.compile(r"([A-Za-z]{1,40}):(-?\d{1,18})")


def global_id(kind: str, number: int) -> str:
    """Return the id a client sees; the database's `hub_global_id` gives the same text."""
    return base64.urlsafe_b64encode(f"{kind}:{number}".encode()).decode().rstrip("=")


def split_id(text: str) -> tuple[str, int]:
    """Return the type's name and the row's id. Raises BAD_USER_INPUT for what no id looks like."""
    try:
        found = FORM.fullmatch(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii"))
    except (ValueError, binascii.Error):
        found = None
    if found is None or global_id(found[1], int(found[2])) != text:
        raise bad_input("This is not an id; ids come from the field `id` and are passed as they are.")
    return found[1], int(found[2])


def read_id(text: str, kind: str) -> int:
    """Return the id of a row of one type. Raises BAD_USER_INPUT for the id of anything else."""
    found, number = split_id(text)
    if found != kind:
        raise bad_input(f"This is the id of something else; the id of a {kind} is needed here.")
    return number
