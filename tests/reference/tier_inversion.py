"""Sales below the price of the level above."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.reference.arithmetic import quotient
from tests.reference.finding import Finding
from tests.reference.hearing import Hearing
from tests.reference.prices import (
    Spot,
    exempt,
    nearly_promoted,
    pack_factor,
    pack_factors,
    policy_price,
    usual_sale_price,
)
from tests.reference.trade import Line
from tests.reference.world import Partner, Product

RULE = "tier_inversion"


@dataclass(frozen=True, eq=False)
class Low:
    line: Line
    seller: Partner
    price: Fraction
    reference: Fraction

    @property
    def day_of_trade(self) -> tuple[Partner, Product, date]:
        return self.seller, self.line.base, self.line.day


def findings(hearing: Hearing) -> Iterator[Finding]:
    lows = [low for line in hearing.sales if (low := qualify(hearing, line)) is not None]
    together: dict[tuple[Partner, Product, date], list[Low]] = defaultdict(list)
    for low in lows:
        together[low.day_of_trade].append(low)
    for low in lows:
        yield finding(hearing, low, together[low.day_of_trade])


def spot(line: Line) -> Spot:
    return Spot(line.base, line.record.to, line.record.channel, line.seller, line.day)


def qualify(hearing: Hearing, line: Line) -> Low | None:
    seller, place, price = line.seller, line.record.to, line.unit_net
    if seller is None or seller.model == "commission_agency" or line.under_deal or price is None:
        return None
    if hearing.profile(line.day, place, seller)["price_rules"] == "off":
        return None
    reference = policy_price(hearing, "wholesale", line.base, place, line.record.channel, line.units, line.day)
    tolerance = hearing.threshold(RULE, "tol", line.day, place, line.group)
    if reference is None or price >= reference * (1 - tolerance) or exempt(hearing, spot(line), price):
        return None
    return Low(line, seller, price, reference)


def finding(hearing: Hearing, low: Low, together: list[Low]) -> Finding:
    line, place = low.line, low.line.record.to
    usual = usual_sale_price(hearing, line)
    factor = pack_factor(low.price, low.reference if usual is None else usual, pack_factors(hearing.packs[line.base]))
    units = sum((other.line.net_units for other in together), Fraction(0))
    many = len(together) >= hearing.threshold(RULE, "min_lines", line.day, place, line.group)
    much = units >= hearing.threshold(RULE, "min_pack_units", line.day, place, line.group)
    classification = "pack_suspect" if factor is not None else "below_level" if many or much else "minor"
    share = quotient(low.reference - low.price, low.reference)
    return Finding(
        rule=RULE,
        parts=line.name,
        classification=classification,
        full=classification == "below_level",
        mode=str(hearing.profile(line.day, place, low.seller)["price_rules"]),
        accused=low.seller,
        product_group=line.group,
        base=line.base,
        region=place,
        event_day=line.day,
        value_at_risk=(low.reference - low.price) * line.net_units,
        depth=quotient(share, Fraction(1, 5)),
        strength=Fraction(1) if line.invoice else Fraction(7, 10),
        circumstances=("near_promotion",) if nearly_promoted(hearing, spot(line)) else (),
    )
