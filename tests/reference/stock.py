"""Inventory months in base units, pooled over the packs of an article."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction

from tests.reference.hearing import Hearing
from tests.reference.prices import for_article
from tests.reference.territory import covers
from tests.reference.world import Partner, Product

Quantities = dict[str, Fraction]


def pooled(hearing: Hearing) -> Mapping[tuple[Partner, Product], dict[date, Quantities]]:
    """Return what each partner says of each article by month."""
    found: dict[tuple[Partner, Product], dict[date, Quantities]] = defaultdict(dict)
    for record in hearing.world.months:
        months = found[record.partner, record.product.base]
        quantities = months.setdefault(record.first, defaultdict(Fraction))
        for name, quantity in record.quantities.items():
            quantities[name] += quantity * record.product.pack
    return found


def months_before(month: date, count: int) -> date:
    """Return the first day of the month so many months before (after, when negative)."""
    number = month.year * 12 + month.month - 1 - count
    return date(number // 12, number % 12 + 1, 1)


def end_of(month: date) -> date:
    """Return the last day of a month."""
    return months_before(month, -1) - timedelta(days=1)


def preloading(hearing: Hearing, partner: Partner, base: Product, month: date) -> bool:
    """Say whether a promotion the partner may be stocking up for starts within 31 days after the month."""
    end = end_of(month)
    return any(
        end < promotion.valid_from <= end + timedelta(days=31)
        and for_article(promotion, base)
        and promotion.partner in (None, partner)
        and (promotion.region is None or covers(promotion.region, partner.home))
        for promotion in hearing.world.promotions
    )
