"""One account registered by two partners at the same time."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import timedelta
from fractions import Fraction

from tests.reference.arithmetic import rounded, times
from tests.reference.finding import Finding
from tests.reference.hearing import Hearing
from tests.reference.territory import related, upward
from tests.reference.world import Customer, Deal

RULE = "account_clash"
THREE_LABELS = frozenset(
    {
        "com.cn", "net.cn", "org.cn", "gov.cn", "edu.cn", "com.hk", "com.tw", "com.sg", "com.my", "co.uk", "org.uk", "ac.uk",
        "gov.uk", "co.jp", "or.jp", "ne.jp", "com.au", "net.au", "com.br", "co.in", "co.kr", "co.nz", "co.za", "com.mx",
        "com.tr",
    }
)  # fmt: skip
MAIL = frozenset(
    {
        "gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "qq.com", "163.com", "126.com", "sina.com",
        "foxmail.com", "proton.me",
    }
)  # fmt: skip
FORMS = (
    "股份有限公司", "有限责任公司", "有限公司", "公司", "incorporated", "corporation", "limited", "company", "gmbh", "corp",
    "inc", "llc", "ltd", "plc", "ag", "sa", "bv", "co",
)  # fmt: skip
# The match score of a key by what it rests on.
CERTAIN, DOMAIN, NAME = Fraction(1), Fraction(9, 10), Fraction(6, 10)
Key = tuple[str, Fraction]


def findings(hearing: Hearing) -> Iterator[Finding]:
    keyed = [(deal, key) for deal in hearing.world.deals if (key := account_key(hearing, deal)) is not None]
    for b, key in keyed:
        earlier = [(a, other) for a, other in keyed if clash(hearing, (a, other), (b, key))]
        if earlier:
            a, other = min(earlier, key=lambda pair: order_of(pair[0]))
            yield finding(hearing, a, b, min(key[1], other[1]))


def order_of(deal: Deal) -> tuple[float, bytes, bytes]:
    return deal.registered_at.timestamp(), deal.key.encode(), deal.source.encode()


def account_key(hearing: Hearing, deal: Deal) -> Key | None:
    if deal.customer is not None:
        return top(deal.customer), CERTAIN
    domain = registrable(deal.domain)
    name = normalised(deal.name)
    evidence: list[tuple[str, str | None, Callable[[Customer], str | None], Fraction]] = [
        ("t:", deal.tax_id or None, lambda customer: customer.tax_id, CERTAIN),
        ("d:", domain, lambda customer: registrable(customer.domain), DOMAIN),
        ("n:", name, lambda customer: normalised(customer.name), NAME),
    ]
    customers = sorted((one for one in hearing.world.customers if one.live), key=lambda one: one.code.encode())
    for _, value, of, score in evidence:
        for customer in customers:
            if value is not None and of(customer) == value:
                return top(customer), score
    for prefix, value, _, score in evidence:
        if value is not None:
            return prefix + value, score
    return None


def top(customer: Customer) -> str:
    return "c:" + upward(customer)[-1].code


def registrable(text: str | None) -> str | None:
    """Return the domain that somebody registered; that of a mail provider says nothing."""
    if not text:
        return None
    host = re.sub(r"^[a-z][a-z0-9+.-]*://", "", text.strip().lower())
    host = re.split(r"[/?#]", host)[0].split("@")[-1].split(":")[0].strip(".")
    host = host.removeprefix("www.")
    labels = host.split(".")
    kept = 3 if ".".join(labels[-2:]) in THREE_LABELS else 2
    domain = ".".join(labels[-kept:])
    return None if domain in MAIL or not domain else domain


def normalised(text: str | None) -> str | None:
    if not text:
        return None
    plain = "".join(letter for letter in unicodedata.normalize("NFKC", text).lower() if letter.isalnum())
    form = next((form for form in FORMS if plain.endswith(form)), "")
    return plain.removesuffix(form) or None


def clash(hearing: Hearing, first: tuple[Deal, Key], second: tuple[Deal, Key]) -> bool:
    (a, key_a), (b, key_b) = first, second
    expires = a.expires_on or hearing.day(a.registered_at) + timedelta(days=90)
    return (
        a is not b
        and key_a[0] == key_b[0]
        and (a.group == b.group or "*" in (a.group, b.group))
        and not related(a.partner, b.partner)
        and order_of(a) < order_of(b)
        and all(deal.status in ("submitted", "approved") for deal in (a, b))
        and hearing.day(b.registered_at) < expires
        and not (a.source == b.source and (a.linked == b.key or b.linked == a.key))
        and a.renewal == b.renewal
    )


def finding(hearing: Hearing, a: Deal, b: Deal, match: Fraction) -> Finding:
    day = hearing.day(b.registered_at)
    by_status = "clash" if a.status == "approved" else "race"
    classification = "possible" if match == NAME else by_status
    amount = None if b.amount is None else times(b.amount, hearing.rate(b.currency or "", day))
    return Finding(
        rule=RULE,
        parts=(b.source, b.key),
        classification=classification,
        full=classification != "possible",
        mode="case",
        accused=b.partner,
        victim=a.partner,
        product_group=a.group if b.group == "*" else b.group,
        event_day=day,
        value_at_risk=None if amount is None else rounded(amount, 2),
        depth=Fraction(1) if by_status == "clash" else Fraction(1, 2),
        strength=Fraction(7, 10) * match,
    )
