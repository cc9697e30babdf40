"""Order lines and offers in base units and base currency."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from tests.reference.arithmetic import quotient, rounded, times
from tests.reference.world import Deal, Offer, OrderLine, Partner, Product

if TYPE_CHECKING:
    from tests.reference.hearing import Hearing


@dataclass(frozen=True, eq=False)
class Line:
    """`returned_serials` are those that linked returns list."""

    record: OrderLine
    kind: str
    day: date
    seller: Partner | None
    product: Product
    base: Product
    group: str
    units: Fraction
    net_units: Fraction
    unit_net: Fraction | None
    value: Fraction | None
    deal: Deal | None
    returned_serials: frozenset[str]

    @property
    def name(self) -> tuple[str, str, str]:
        return self.record.source, self.record.order, str(self.record.number)

    @property
    def invoice(self) -> str | None:
        return invoice(self.record.invoice_ref)

    @property
    def under_deal(self) -> bool:
        """Say whether an approved or won deal stands behind the line."""
        return self.deal is not None and self.deal.status in ("approved", "won")


@dataclass(frozen=True, eq=False)
class Observation:
    """An offer with its price per base unit and the partner its seller is known as."""

    record: Offer
    day: date
    base: Product
    units: Fraction
    unit_net: Fraction | None
    partner: Partner | None


def invoice(text: str | None) -> str | None:
    """Return an invoice number as it is compared."""
    return None if text is None else text.upper().replace(" ", "") or None


def unit_price(
    amount: Fraction, rate: Fraction | None, tax_included: bool, tax_rate: Fraction, units: Fraction
) -> Fraction | None:
    return quotient(times(amount, rate), (1 + tax_rate if tax_included else Fraction(1)) * units)


def counted(hearing: Hearing) -> list[Line]:
    deals = {(deal.source, deal.key): deal for deal in hearing.world.deals}
    returned: dict[tuple[str, str, int], Fraction] = defaultdict(Fraction)
    serials: dict[tuple[str, str, int], set[str]] = defaultdict(set)
    for record in hearing.world.lines:
        if record.kind == "return" and record.return_of is not None:
            back = record.source, *record.return_of
            returned[back] += record.qty * record.product.pack
            serials[back] |= record.serials
    found = []
    for record in hearing.world.lines:
        name = record.source, record.order, record.number
        units = record.qty * record.product.pack
        net = max(Fraction(0), units - returned[name])
        rate = hearing.rate(record.currency, record.day)
        price = unit_price(record.amount, rate, record.tax_included, record.tax_rate, units)
        found.append(
            Line(
                record=record, kind=record.kind, day=record.day, seller=record.seller, product=record.product,
                base=record.product.base, group=record.product.base.group, units=units, net_units=net, unit_net=price,
                value=None if price is None else rounded(net * price, 2),
                deal=deals.get((record.source, record.deal_ref or "")), returned_serials=frozenset(serials[name]),
            )
        )  # fmt: skip
    return found


def observed(hearing: Hearing) -> list[Observation]:
    found = []
    for record in hearing.world.offers:
        day = hearing.day(record.seen)
        units = record.min_qty * record.product.pack
        rate = hearing.rate(record.currency, day)
        found.append(
            Observation(
                record=record, day=day, base=record.product.base, units=units,
                unit_net=unit_price(record.price, rate, record.tax_included, record.tax_rate, units),
                partner=record.partner or known_as(hearing, record),
            )
        )  # fmt: skip
    return found


def known_as(hearing: Hearing, offer: Offer) -> Partner | None:
    """Return the partner a confirmed alias names; one of the offer's own channel is asked first."""
    for channel in (offer.channel, "*"):
        for alias in hearing.world.aliases:
            if alias.key == offer.seller_key and alias.channel == channel and alias.status == "confirmed":
                return alias.partner
    return None
