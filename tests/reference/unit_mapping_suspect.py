"""Prices that are a whole multiple or part of the usual one: a mapping to check."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from tests.reference.arithmetic import quotient
from tests.reference.finding import Finding, month_of
from tests.reference.hearing import Hearing
from tests.reference.prices import first_of, pack_factor, pack_factors, reference_price, usual_offer_price, usual_sale_price
from tests.reference.world import Product

RULE = "unit_mapping_suspect"
Member = tuple[str, Product, str, int, date]


def findings(hearing: Hearing) -> Iterator[Finding]:
    members: dict[Member, int] = defaultdict(int)
    for source, product, day, price, usual in prices(hearing):
        k = pack_factor(price, usual, pack_factors(hearing.packs[product.base]))
        if k is not None and price is not None and usual is not None:
            direction = "per_unit_too_low" if price < usual else "per_unit_too_high"
            members[source, product, direction, k, first_of(day)] += 1
    for (source, product, direction, k, month), count in members.items():
        known = k in pack_factors(hearing.packs[product.base])
        yield Finding(
            rule=RULE,
            parts=(source, product.code, direction, str(k), month_of(month)),
            classification="pack_factor" if known else "integer_ratio",
            full=False,
            mode="case",
            product_group=product.base.group,
            base=product.base,
            event_day=month,
            depth=Fraction(0),
            strength=Fraction(2, 10),
            evidence={
                "members": count,
                "k": k,
                "units_per_pack": product.pack,
                "proposed_units_per_pack": (
                    quotient(product.pack, Fraction(k)) if direction == "per_unit_too_low" else product.pack * k
                ),
            },
        )


def prices(hearing: Hearing) -> Iterator[tuple[str, Product, date, Fraction | None, Fraction | None]]:
    """Yield source, article, day, price and usual price of everything that is checked."""
    for line in hearing.sales:
        yield line.record.source, line.product, line.day, line.unit_net, usual_sale_price(hearing, line)
    for offer in hearing.offers:
        if offer.record.price_kind != "advertised":
            continue
        usual = usual_offer_price(hearing, offer)
        if usual is None:
            reference = reference_price(hearing, offer)
            usual = reference and reference[1]
        yield offer.record.source, offer.record.product, offer.day, offer.unit_net, usual
