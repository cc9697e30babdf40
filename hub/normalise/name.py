"""Names as they are compared, not as they are shown."""

import re
import unicodedata

SPACE = re.compile(r"\s+")
NOT_WORD = re.compile(r"[\W_]+")
# One trailing legal form; the longer ones first.
LEGAL_FORMS = (
    "股份有限公司", "有限责任公司", "有限公司", "公司", "incorporated", "corporation", "limited", "company", "gmbh", "corp",
    "inc", "llc", "ltd", "plc", "ag", "sa", "bv", "co",
)  # fmt: skip


def alias_key(name: str) -> str:
    """Return a seller's name as aliases are compared: NFKC, lower case, no white space."""
    return SPACE.sub("", unicodedata.normalize("NFKC", name).lower())


def company_key(name: str) -> str:
    """Return a company's name as matches are sought: NFKC, lower case, letters and digits only, one legal form removed."""
    plain = NOT_WORD.sub("", unicodedata.normalize("NFKC", name).lower())
    for form in LEGAL_FORMS:
        if plain.endswith(form) and len(plain) > len(form):
            return plain[: -len(form)]
    return plain
