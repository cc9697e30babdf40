"""Policy prices, promotions and the pack check."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import floor

from tests.reference.arithmetic import HALF, quotient, times
from tests.reference.hearing import Hearing
from tests.reference.statistics import median
from tests.reference.territory import covers, distance, market
from tests.reference.trade import Line, Observation
from tests.reference.world import Partner, Price, Product, Promotion, Region

ANYWHERE = 10**6
ENOUGH = 5


def policy_price(
    hearing: Hearing, kind: str, base: Product, region: Region | None, channel: str | None, units: Fraction, day: date
) -> Fraction | None:
    """Return the price the policy names, in base currency; unknown where it names none."""
    fitting = [
        price
        for price in hearing.world.prices
        if price.kind == kind
        and price.base is base
        and (price.region is None or covers(price.region, region))
        and price.channel in (None, channel)
        and price.min_units <= units
        and price.valid_from <= day
        and (price.valid_to is None or day < price.valid_to)
    ]

    def rank(price: Price) -> tuple[int, int, Fraction, int, bytes]:
        far = ANYWHERE if price.region is None or region is None else distance(price.region, region)
        return far, price.channel is None, -price.min_units, -price.valid_from.toordinal(), price.key.encode()

    if not fitting:
        return None
    best = min(fitting, key=rank)
    return times(best.amount, hearing.rate(best.currency, day))


@dataclass(frozen=True)
class Spot:
    """What a promotion is asked about."""

    base: Product
    region: Region | None
    channel: str
    partner: Partner | None
    day: date

    def misses(self, promotion: Promotion) -> list[str]:
        """Return what of region, channel and partner does not fit."""
        fits = {
            "region": promotion.region is None or covers(promotion.region, self.region),
            "channel": promotion.channel is None or promotion.channel == self.channel,
            "partner": promotion.partner is None or promotion.partner is self.partner,
        }
        return [name for name, fit in fits.items() if not fit]

    def about(self, promotion: Promotion) -> bool:
        """Say whether the promotion is for this article on this day."""
        return promotion.valid_from <= self.day < promotion.valid_to and for_article(promotion, self.base)


def for_article(promotion: Promotion, base: Product) -> bool:
    return promotion.base in (None, base) and promotion.group in (None, base.group)


def promoted(hearing: Hearing, spot: Spot) -> list[Promotion]:
    return [one for one in hearing.world.promotions if spot.about(one) and not spot.misses(one)]


def exempt(hearing: Hearing, spot: Spot, price: Fraction) -> bool:
    for promotion in promoted(hearing, spot):
        if promotion.floor is None:
            return True
        floor_price = times(promotion.floor, hearing.rate(promotion.currency or "", spot.day))
        if floor_price is not None and price >= floor_price:
            return True
    return False


def nearly_promoted(hearing: Hearing, spot: Spot) -> bool:
    return any(spot.about(one) and len(spot.misses(one)) == 1 for one in hearing.world.promotions)


def pack_factors(sizes: Iterable[Fraction]) -> set[Fraction]:
    packs = {size for size in sizes if size != 1}
    ratios = {a / b for a in packs for b in packs}
    return packs | {ratio for ratio in ratios if ratio.denominator == 1 and ratio >= 2}


def pack_factor(price: Fraction | None, usual: Fraction | None, factors: set[Fraction]) -> int | None:
    """Return the whole number that a price differs from the usual one by, where that smells of a pack."""
    if price is None or usual is None or price <= 0 or usual <= 0:
        return None
    ratio = quotient(max(price, usual), min(price, usual)) or Fraction(0)
    k = floor(ratio + HALF)
    if not 2 <= k <= 144:
        return None
    off = quotient(ratio, Fraction(k)) or Fraction(0)
    return k if abs(off - 1) <= Fraction(2, 100) and (k in factors or k >= 4) else None


def usual_sale_price(hearing: Hearing, line: Line) -> Fraction | None:
    """Return what others pay: the median of the day, else of the month, where there are enough."""
    place = market(line.record.to)
    others = [
        other for other in hearing.sales if other is not line and other.base is line.base and market(other.record.to) is place
    ]
    of_day = [other.unit_net for other in others if other.unit_net is not None and other.day == line.day]
    of_month = [other.unit_net for other in others if other.unit_net is not None and first_of(other.day) == first_of(line.day)]
    return enough(of_day) if len(of_day) >= ENOUGH else enough(of_month)


def usual_offer_price(hearing: Hearing, offer: Observation) -> Fraction | None:
    """Return what other sellers ask, each by its latest offer of the day, else of the month."""
    place = market(offer.record.region)
    others = [
        other
        for other in hearing.offers
        if other.record.seller_key != offer.record.seller_key
        and other.base is offer.base
        and other.unit_net is not None
        and other.record.price_kind == "advertised"
        and other.record.condition == "new"
        and market(other.record.region) is place
    ]
    of_day = latest([other for other in others if other.day == offer.day])
    of_month = latest([other for other in others if first_of(other.day) == first_of(offer.day)])
    return enough(of_day) if len(of_day) >= ENOUGH else enough(of_month)


def latest(offers: Sequence[Observation]) -> list[Fraction]:
    """Return the price of each seller's latest offer."""
    by_seller = {
        offer.record.seller_key: offer.unit_net
        for offer in sorted(offers, key=lambda offer: (offer.record.seen, offer.record.source, offer.record.listing))
    }
    return [price for price in by_seller.values() if price is not None]


def enough(prices: Sequence[Fraction]) -> Fraction | None:
    return median(prices) if len(prices) >= ENOUGH else None


def first_of(day: date) -> date:
    return day.replace(day=1)


def reference_price(hearing: Hearing, offer: Observation) -> tuple[str, Fraction] | None:
    """Return the first kind of price that the profile compares offers with and that is known."""
    record = offer.record
    for kind in hearing.profile(offer.day, record.region, offer.partner)["price_reference"]:
        price = policy_price(hearing, kind, offer.base, record.region, record.channel, offer.units, offer.day)
        if price is not None:
            return kind, price
    return None
