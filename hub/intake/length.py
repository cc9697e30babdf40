"""How long texts may be that records are looked up by: an entry of an index is bounded, and one name must not stop a sync."""

import unicodedata
from collections.abc import Iterable, Mapping

from hub.errors import MappingError
from hub.records import CanonicalRecord, Customer, DealRegistration, Offer, PartnerAlias, Product

# In UTF-8, as it stands or as it is compared. With the longest channel beside it, still an entry of an index.
MOST_BYTES = 2_000
LOOKED_UP: Mapping[type, tuple[str, ...]] = {
    Customer: ("name", "domain"),
    Product: ("name",),
    PartnerAlias: ("alias",),
    Offer: ("seller",),
    DealRegistration: ("account_name", "account_domain"),
}


def bounded(records: Iterable[CanonicalRecord]) -> tuple[CanonicalRecord, ...]:
    """Return the records of a payload. Raises MappingError when one has a text that is too long to be looked up by."""
    kept = tuple(records)
    for record in kept:
        for field in LOOKED_UP.get(type(record), ()):
            text = getattr(record, field)
            # Most texts are short enough however they are written.
            if text is not None and len(text) > 100 and longest(text) > MOST_BYTES:
                message = f"{field} has more than {MOST_BYTES:,} bytes; records are looked up by it, so shorten it."
                raise MappingError(message, code="too_long", field=field, value=text[:200])
    return kept


def longest(text: str) -> int:
    """Return the bytes of a text as it stands or as it is compared, whichever has more."""
    return max(len(text.encode()), len(unicodedata.normalize("NFKC", text).lower().encode()))
