"""Purchases well above what goes out again."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction

from tests.reference.arithmetic import quotient
from tests.reference.finding import Finding, code, month_of
from tests.reference.hearing import Hearing
from tests.reference.prices import first_of, policy_price
from tests.reference.statistics import median
from tests.reference.stock import Quantities, end_of, months_before, pooled, preloading
from tests.reference.territory import covers
from tests.reference.world import Partner, Product

RULE = "channel_stuffing"


def findings(hearing: Hearing) -> Iterator[Finding]:
    for (partner, base), months in pooled(hearing).items():
        for month in months:
            found = load(hearing, partner, base, month, months)
            if found is not None:
                yield found
    yield from quarter_ends(hearing)


def threshold(hearing: Hearing, name: str, partner: Partner, base: Product, month: date) -> Fraction:
    return hearing.threshold(RULE, name, month, partner.home, base.group)


def load(hearing: Hearing, partner: Partner, base: Product, month: date, months: dict[date, Quantities]) -> Finding | None:
    year_ago = months_before(month, 12)
    most = int(threshold(hearing, "history", partner, base, month))
    before = [months[one]["sell_out"] for one in sorted(months, reverse=True) if year_ago <= one < month][:most]
    if not before or len(before) < threshold(hearing, "min_history", partner, base, month):
        return None
    base_out = quotient(sum(before, Fraction(0)), Fraction(len(before)))
    if not base_out:
        return None
    now = months[month]
    limit = threshold(hearing, "ratio", partner, base, month) * (now["sell_out"] if now["sell_out"] > 0 else base_out)
    usual = threshold(hearing, "months", partner, base, month)
    if now["sell_in"] <= limit or now["closing"] <= usual * base_out:
        return None
    classification = reason(hearing, partner, base, month, now["sell_in"])
    return Finding(
        rule=RULE,
        parts=(code(partner), code(base), month_of(month), "load"),
        classification=classification,
        full=classification == "load",
        mode="case",
        victim=partner,
        product_group=base.group,
        base=base,
        event_day=month,
        depth=quotient(now["closing"] - usual * base_out, usual * base_out),
        strength=Fraction(4, 10),
    )


def reason(hearing: Hearing, partner: Partner, base: Product, month: date, units: Fraction) -> str:
    if preloading(hearing, partner, base, month):
        return "promo_preload"
    if price_rises(hearing, partner, base, month, units):
        return "price_buy_ahead"
    end = end_of(month)
    launched = base.launched_on
    if launched is not None and end - timedelta(days=90) <= launched <= end:
        return "launch"
    return "load"


def price_rises(hearing: Hearing, partner: Partner, base: Product, month: date, units: Fraction) -> bool:
    """Say whether a factory or wholesale price goes up at the partner's seat in the month or the 31 days after.

    It is asked for what the month took in, as of any channel.
    """
    for price in hearing.world.prices:
        day = price.valid_from
        if price.base is not base or price.kind not in ("factory", "wholesale") or price.channel is not None:
            continue
        if not month <= day <= end_of(month) + timedelta(days=31):
            continue
        if price.region is not None and not covers(price.region, partner.home):
            continue
        asked = (price.kind, base, partner.home, None, units)
        now = policy_price(hearing, *asked, day)
        before = policy_price(hearing, *asked, day - timedelta(days=1))
        if now is not None and before is not None and now > before:
            return True
    return False


def quarter_ends(hearing: Hearing) -> Iterator[Finding]:
    bought: dict[tuple[Partner, Product], dict[date, list[Fraction]]] = defaultdict(
        lambda: defaultdict(lambda: [Fraction(0), Fraction(0)])
    )
    for line in hearing.lines:
        if line.kind != "sell_in" or line.record.buyer is None or line.net_units == 0:
            continue
        last_month = first_of(line.day).replace(month=(line.day.month + 2) // 3 * 3)
        quarter = bought[line.record.buyer, line.base][last_month]
        quarter[0] += line.net_units
        if line.day > end_of(last_month) - timedelta(days=7):
            quarter[1] += line.net_units
    for (partner, base), quarters in bought.items():
        shares = {month: quotient(late, total) or Fraction(0) for month, (total, late) in quarters.items()}
        for month, share in shares.items():
            earlier = [shares[one] for one in shares if one < month]
            if len(earlier) < 4 or share <= 2 * median(earlier):
                continue
            if share <= threshold(hearing, "quarter_end_share", partner, base, month):
                continue
            yield Finding(
                rule=RULE,
                parts=(code(partner), code(base), month_of(month), "quarter_end"),
                classification="quarter_end",
                full=False,
                mode="case",
                victim=partner,
                product_group=base.group,
                base=base,
                event_day=month,
                depth=share,
                strength=Fraction(2, 10),
            )
