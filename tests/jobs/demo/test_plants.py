"""The plants' labels against a plain reading of the rules: record by record, no SQL, nothing of the hub's own."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from statistics import median
from typing import Any

import pytest

from hub.records import Offer, Order, OrderLine, TerritoryGrant
from jobs.demo.plants import make_world
from jobs.demo.world import Plant, World, source_of

TODAY = date(2026, 5, 20)
Found = dict[tuple[str, ...], str]


class Reading:
    """What each rule makes of a world, worked out the slow way."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.parent_of = {region.code: region.parent for region in world.regions}
        self.country = {region.code for region in world.regions if region.kind == "country"}
        self.touching = {
            pair
            for region in world.regions
            for other in region.neighbours
            for pair in ((region.code, other), (other, region.code))
        }
        self.partner = {partner.code: partner for partner in world.partners}
        self.product = {product.sku: product for product in world.products}
        self.customer = {customer.code: customer for customer in world.customers}
        self.kind_of = {location.code: location.kind for location in world.locations}

    # Places and partners

    def up(self, region: str | None) -> list[str]:
        chain = []
        while region is not None:
            chain.append(region)
            region = self.parent_of[region]
        return chain

    def covers(self, wide: str, region: str) -> bool:
        return wide in self.up(region)

    def market(self, region: str) -> str:
        return next((code for code in self.up(region) if code in self.country), self.up(region)[-1])

    def adjacent(self, held: str, region: str) -> bool:
        if self.covers(held, region):
            return False
        return any(self.covers(held, one) and self.covers(other, region) for one, other in self.touching)

    def above(self, partner: str | None) -> list[str]:
        chain = []
        while partner is not None:
            chain.append(partner)
            partner = self.partner[partner].parent
        return chain

    def europe(self, region: str) -> bool:
        return self.up(region)[-1] == "EU"

    # Territory

    def live(self, day: date, group: str) -> list[TerritoryGrant]:
        return [
            grant
            for grant in self.world.grants
            if grant.valid_from <= day and (grant.valid_to is None or day < grant.valid_to)
            and grant.product_group in {group, "*"}
        ]  # fmt: skip

    def bound(self, partner: str, group: str, day: date) -> str | None:
        holders = {grant.partner for grant in self.live(day, group)}
        return next((one for one in self.above(partner) if one in holders), None)

    def governing(self, region: str, group: str, segment: str | None, day: date) -> list[TerritoryGrant]:
        ranked = [
            ((self.up(region).index(grant.region), grant.product_group != group, grant.segment != segment), grant)
            for grant in self.live(day, group)
            if self.covers(grant.region, region) and grant.segment in {segment, "*"}
        ]
        nearest = min((rank for rank, _ in ranked), default=None)
        return [grant for rank, grant in ranked if rank == nearest]

    def authorised(self, partner: str, region: str, group: str, segment: str | None, day: date) -> bool:
        bound = self.bound(partner, group, day)
        if bound is None:
            return False
        if any(grant.partner == bound for grant in self.governing(region, group, segment, day)):
            return True
        return segment is None and any(
            grant.partner == bound and grant.segment != "*" and self.covers(grant.region, region)
            for grant in self.live(day, group)
        )

    @cached_property
    def returned(self) -> dict[tuple[str, str, int], Decimal]:
        units: dict[tuple[str, str, int], Decimal] = defaultdict(Decimal)
        for order in self.world.orders:
            for line in order.lines:
                if line.return_of is not None and line.status != "cancelled":
                    units[source_of(order.seller), *line.return_of] += self.units(line)
        return units

    def units(self, line: OrderLine) -> Decimal:
        return line.qty * self.product[line.sku].units_per_pack

    def net(self, order: Order, line: OrderLine) -> Decimal:
        return max(Decimal(0), self.units(line) - self.returned[source_of(order.seller), order.number, line.number])

    def sold(self) -> Iterator[tuple[Order, OrderLine, str | None]]:
        for order in self.world.orders:
            if order.kind == "sell_out":
                place = order.ship_to_region or (self.customer[order.customer].region if order.customer else None)
                for line in order.lines:
                    if line.status != "cancelled":
                        yield order, line, place

    def cross_region_sale(self) -> Found:
        rows = [(order, line, place, *judged) for order, line, place in self.sold() for judged in self.rows(order, line, place)]
        together: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
        for order, line, place, holder, passive, _ in rows:
            if not passive:
                together[self.cell(order, line, place, holder)] += self.net(order, line)
        found: Found = {}
        for order, line, place, holder, passive, disputed in rows:
            units = together[self.cell(order, line, place, holder)]
            key = (source_of(order.seller), order.number, str(line.number), holder)
            found[key] = self.judged(order, line, place, holder, passive, disputed, units)
        return found

    def cell(self, order: Order, line: OrderLine, place: str | None, holder: str) -> tuple[Any, ...]:
        return order.seller, holder, self.product[line.sku].product_group, place, order.ordered_on.replace(day=1)

    def rows(self, order: Order, line: OrderLine, place: str | None) -> Iterator[tuple[str, bool, bool]]:
        seller, day, group = order.seller, order.ordered_on, self.product[line.sku].product_group
        customer = self.customer[order.customer] if order.customer else None
        if place is None or seller is None or (customer and customer.key_account):
            return
        if order.ship_to_location and self.kind_of[order.ship_to_location] == "third_party":
            return
        segment = customer.segment if customer and source_of(seller) == "brand" else None
        if not self.net(order, line) or self.authorised(seller, place, group, segment, day):
            return
        governing = self.governing(place, group, segment, day)
        holders = {grant.partner for grant in governing if grant.exclusivity != "non_exclusive"}
        buyer = order.buyer_partner or (customer.partner if customer else None)
        if order.drop_ship_for in holders or buyer in holders:
            return
        if buyer and self.authorised(buyer, place, group, segment, day):
            return
        passive = order.initiated == "passive" or (order.initiated == "unknown" and self.europe(place))
        if not governing and self.bound(seller, group, day):
            yield "-", passive, False
        most = 5 if self.europe(place) else 1
        closed = all(grant.exclusivity != "non_exclusive" for grant in governing)
        disputed = len({grant.partner for grant in governing}) > 1 and bool(holders) and not (closed and len(holders) <= most)
        for holder in sorted(holders):
            sole = all(grant.exclusivity == "sole" for grant in governing if grant.partner == holder)
            if seller in self.above(holder) or (self.partner[seller].type == "direct" and sole):
                continue
            yield holder, passive, disputed

    def judged(
        self, order: Order, line: OrderLine, place: str | None, holder: str, passive: bool, disputed: bool, units: Decimal
    ) -> str:
        assert order.seller is not None
        assert place is not None
        day, product = order.ordered_on, self.product[line.sku]
        if passive:
            return "passive_info"
        if holder == "-":
            return "benign"
        if disputed:
            return "territory_disputed"
        bound = self.bound(order.seller, product.product_group, day)
        near = any(
            grant.partner == bound and self.adjacent(grant.region, place) for grant in self.live(day, product.product_group)
        )
        wholesale = self.policy_price("wholesale", product.base_sku, place, day)
        if near and units <= 12 and (wholesale is None or self.unit_net(order, line) >= wholesale * Decimal("0.99")):
            return "natural"
        at_home = self.at_home(holder, place, product.product_group, day)
        if units < 12 and not (at_home and units >= at_home / 100):
            return "minor"
        return "suspected"

    def at_home(self, holder: str, place: str, group: str, day: date) -> Decimal:
        held = [grant.region for grant in self.live(day, group) if grant.partner == holder and self.covers(grant.region, place)]
        return sum(
            (
                self.net(order, line)
                for order, line, where in self.sold()
                if order.seller == holder and where and self.product[line.sku].product_group == group
                and order.ordered_on.replace(day=1) == day.replace(day=1) and any(self.covers(one, where) for one in held)
            ),
            Decimal(0),
        )  # fmt: skip

    def territory_overlap(self) -> Found:
        found: Found = {}
        recent = self.world.today - timedelta(days=90)
        for one in self.world.grants:
            for other in self.world.grants:
                if one.grant_id >= other.grant_id or one.partner == other.partner:
                    continue
                if one.partner in self.above(other.partner) or other.partner in self.above(one.partner):
                    continue
                if {one.exclusivity, other.exclusivity} == {"non_exclusive"}:
                    continue
                same_group, same_segment = one.product_group == other.product_group, one.segment == other.segment
                if not (same_group or "*" in (one.product_group, other.product_group)):
                    continue
                if not (same_segment or "*" in (one.segment, other.segment)):
                    continue
                if not (self.covers(one.region, other.region) or self.covers(other.region, one.region)):
                    continue
                start = max(one.valid_from, other.valid_from)
                end = min(one.valid_to or date.max, other.valid_to or date.max)
                if start >= end or end <= recent:
                    continue
                expect = "nested"
                if same_group and same_segment and one.region == other.region:
                    alone = "non_exclusive" not in (one.exclusivity, other.exclusivity)
                    expect = "shared" if alone and self.europe(one.region) else "overlap"
                found["brand", one.grant_id, "brand", other.grant_id] = expect
        return found

    # Prices

    def rate(self, currency: str, day: date) -> Decimal:
        if currency == "USD":
            return Decimal(1)
        return max(
            (rate for rate in self.world.rates if rate.currency == currency and rate.date <= day), key=lambda r: r.date
        ).rate

    @cached_property
    def prices(self) -> dict[tuple[str, str], list[Any]]:
        listed: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for price in self.world.prices:
            listed[price.kind, price.sku].append(price)
        return listed

    def policy_price(self, kind: str, base: str, region: str | None, day: date) -> Decimal | None:
        fitting = [
            price
            for price in self.prices[kind, base]
            if price.valid_from <= day and (price.valid_to is None or day < price.valid_to)
            and region is not None and self.covers(price.region, region)
        ]  # fmt: skip
        return fitting[0].unit_price * self.rate(fitting[0].currency, day) if fitting else None

    def unit_net(self, order: Order, line: OrderLine) -> Decimal:
        tax = 1 + line.tax_rate if line.tax_included else Decimal(1)
        return line.amount * self.rate(order.currency, order.ordered_on) / (tax * self.units(line))

    def asked(self, offer: Offer) -> Decimal:
        tax = 1 + offer.tax_rate if offer.tax_included else Decimal(1)
        units = offer.min_qty * self.product[offer.sku].units_per_pack
        return offer.price * self.rate(offer.currency, offer.observed_at.date()) / (tax * units)

    def exempt(self, offer: Offer, partner: str | None) -> bool:
        day = offer.observed_at.date()
        return any(
            promotion.valid_from <= day < promotion.valid_to
            and promotion.sku == self.product[offer.sku].base_sku
            and (promotion.region is None or (offer.region is not None and self.covers(promotion.region, offer.region)))
            and promotion.channel in {None, offer.channel}
            and promotion.partner in {None, partner}
            and (
                promotion.floor_price is None
                or self.asked(offer) >= promotion.floor_price * self.rate(promotion.currency or "USD", day)
            )
            for promotion in self.world.promotions
        )

    def seller(self, offer: Offer) -> str | None:
        names = {
            (alias.channel, "".join(alias.alias.lower().split())): alias.partner
            for alias in self.world.aliases
            if alias.status == "confirmed"
        }
        name = "".join(offer.seller.lower().split())
        return names.get((offer.channel, name)) or names.get(("*", name))

    def below_policy_offer(self) -> Found:
        listings: dict[str, list[Offer]] = defaultdict(list)
        for offer in sorted(self.world.offers, key=lambda offer: offer.observed_at):
            if offer.price_kind == "advertised" and offer.condition == "new":
                listings[offer.listing_id].append(offer)
        found: Found = {}
        for listing, seen in listings.items():
            low = [self.low(offer) for offer in seen]
            for month in sorted({offer.observed_at.date().replace(day=1) for offer in seen}):
                here = [at for at, offer in enumerate(seen) if offer.observed_at.date().replace(day=1) == month and low[at]]
                if not here:
                    continue
                lowest = min((seen[at] for at in here), key=self.asked)
                confirmed = any(at and low[at - 1] for at in here)
                expect = "below_policy" if confirmed else "unconfirmed"
                reference = self.reference(lowest)
                assert reference is not None
                if self.factor(self.asked(lowest), reference, self.product[lowest.sku].base_sku):
                    expect = "pack_suspect"
                found["brand", listing, f"{month:%Y-%m}"] = expect
        return found

    def reference(self, offer: Offer) -> Decimal | None:
        if offer.region is None or self.europe(offer.region):
            return None
        return self.policy_price("map", self.product[offer.sku].base_sku, offer.region, offer.observed_at.date())

    def low(self, offer: Offer) -> bool:
        partner, reference = self.seller(offer), self.reference(offer)
        if reference is None or (partner and self.partner[partner].model == "commission_agency"):
            return False
        return self.asked(offer) < reference * Decimal("0.99") and not self.exempt(offer, partner)

    # Units

    def factor(self, price: Decimal, reference: Decimal, base: str) -> int | None:
        ratio = max(price, reference) / min(price, reference)
        factor = round(ratio)
        packs = [int(one.units_per_pack) for one in self.world.products if one.base_sku == base and one.units_per_pack > 1]
        plausible = {*packs, *(big // small for big in packs for small in packs if big % small == 0 and big > small)}
        fires = 2 <= factor <= 144 and abs(ratio / factor - 1) <= Decimal("0.02") and (factor >= 4 or factor in plausible)
        return factor if fires else None

    def unit_mapping_suspect(self) -> Found:
        prices: dict[tuple[Any, ...], list[tuple[tuple[str, int], Order, OrderLine, Decimal]]] = defaultdict(list)
        for order, line, place in self.sold():
            if place is not None:
                base, market = self.product[line.sku].base_sku, self.market(place)
                known = ((order.number, line.number), order, line, self.unit_net(order, line))
                prices[base, market, order.ordered_on.replace(day=1)].append(known)
        found: Found = {}
        for (base, _, month), sales in prices.items():
            for me, order, line, price in sales:
                others = [other for them, _, _, other in sales if them != me]
                same_day = [other for them, that, _, other in sales if them != me and that.ordered_on == order.ordered_on]
                compared = same_day if len(same_day) >= 5 else others
                if len(compared) >= 5:
                    self.note(found, source_of(order.seller), line.sku, price, median(compared), base, month)
        for offer in self.world.offers:
            reference = self.reference(offer)
            if offer.price_kind == "advertised" and offer.condition == "new" and reference is not None:
                month = offer.observed_at.date().replace(day=1)
                self.note(found, "brand", offer.sku, self.asked(offer), reference, self.product[offer.sku].base_sku, month)
        return found

    def note(self, found: Found, source: str, sku: str, price: Decimal, reference: Decimal, base: str, month: date) -> None:
        factor = self.factor(price, reference, base)
        if factor is not None:
            packs = {int(one.units_per_pack) for one in self.world.products if one.base_sku == base}
            direction = "per_unit_too_low" if price < reference else "per_unit_too_high"
            key = (source, sku, direction, str(factor), f"{month:%Y-%m}")
            found[key] = "pack_factor" if factor in packs else "integer_ratio"


RULES = ("cross_region_sale", "below_policy_offer", "territory_overlap", "unit_mapping_suspect")


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(7, TODAY, 0.1)


@pytest.mark.parametrize("rule", RULES)
def test_the_labels_are_what_the_rule_says(world: World, rule: str) -> None:
    expected = {plant.parts: plant.classification for plant in world.plants if plant.rule == rule and plant.classification}
    assert getattr(Reading(world), rule)() == expected


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_has_conflicts_and_look_alikes(world: World, rule: str) -> None:
    plants = [plant for plant in world.plants if plant.rule == rule]
    assert any(plant.conflict for plant in plants)
    assert any(not plant.conflict for plant in plants)


def test_planted_sales_occur_in_every_source(world: World) -> None:
    plants = [plant for plant in world.plants if plant.rule == "cross_region_sale" and plant.full]
    assert {plant.parts[0] for plant in plants} == {"brand", "shop", "erp"}


def test_no_two_plants_ask_for_the_same_finding(world: World) -> None:
    keys = [(plant.rule, plant.parts) for plant in world.plants]
    assert len(keys) == len(set(keys))


def test_price_findings_are_cases_in_one_market_and_observations_in_the_other(world: World) -> None:
    def modes(mark: str) -> set[str]:
        return {plant.mode for plant in world.plants if plant.rule == "below_policy_offer" and plant.parts[1].startswith(mark)}

    def of(plants: list[Plant]) -> bool:
        return any(plant.full for plant in plants)

    assert modes("us-") == {"case"}
    assert modes("cn-") == {"observe"}
    assert of([plant for plant in world.plants if plant.parts[1].startswith("cn-")])
