"""Planted offers below the price policy, and offers that only look low."""

from datetime import date
from decimal import Decimal
from typing import Any, Literal

import msgspec

from hub.records import PartnerAlias, PricePolicy, Promotion
from jobs.demo.atlas import CN, EU, GROUPS, US, Market
from jobs.demo.units import expect_unit
from jobs.demo.world import MAP, OBSERVED_ON, Article, Maker, Plant, World, cents

RULE, UNKNOWN = "below_policy_offer", "unknown_seller"
SELLERS = {"US": (("amazon", "Tool Barn Online"), ("ebay", "ClickParts")), "CN": (("tmall", "尚品旗舰店"), ("jd", "易购五金"))}


def plant_offers(maker: Maker) -> None:
    """Plant the conflicts and look-alikes of offers, and the names their sellers go by."""
    for planting in (aliases, low_offers, promoted_offers, fair_offers, strangers):
        planting(maker)


def aliases(maker: Maker) -> None:
    """The names that partners sell under."""
    for alias, channel, partner in (
        ("Tool Barn Online", "amazon", "US-TOOLBARN"),
        ("ClickParts", "*", "US-CLICK"),
        ("clickparts_outlet", "ebay", "US-CLICK"),
        ("Bay State Store", "amazon", "US-BAYSTATE"),
        ("Piedmont Parts", "amazon", "US-PIEDMONT"),
        ("尚品旗舰店", "tmall", "CN-SHANGPIN"),
        ("易购五金", "*", "CN-YIGOU"),
        ("华茂官方店", "jd", "SH-HUAMAO"),
        ("青岛代理小店", "jd", "SD-DAILI"),
    ):
        maker.world.aliases.append(PartnerAlias(alias=alias, channel=channel, partner=partner))
    maker.world.aliases.append(PartnerAlias(alias="flow-supply-99", channel="ebay", status="not_partner"))


def seen(
    maker: Maker,
    listing: str,
    market: Market,
    channel: str,
    seller: str,
    article: Article,
    shares: dict[date, str],
    *,
    pack: int = 1,
    times: Decimal = Decimal(1),
    **more: Any,
) -> None:
    """Show a listing on some days at a share of the minimum advertised price of `pack` units, times a factor."""
    least = cents(article.list_price(market) * MAP)
    for day, share in shares.items():
        maker.offer(
            listing, day, market, channel, seller, article.pack(pack), cents(least * Decimal(share) * pack * times), **more
        )


def weekly(month: date, *shares: str) -> dict[date, str]:
    """Return the weekly days of a month with their shares of the minimum price."""
    return dict(zip((month.replace(day=day) for day in OBSERVED_ON), shares, strict=True))


def expect_offer(maker: Maker, listing: str, month: date, expect: str | None, story: str, market: Market) -> None:
    """Say what must come of a listing in a month; in China a price finding is an observation."""
    full = expect == "below_policy"
    mode: Literal["case", "observe"] = "case" if market is US else "observe"
    maker.world.plants.append(Plant(RULE, ("brand", listing, f"{month:%Y-%m}"), expect, story, full=full, mode=mode))


def low_offers(maker: Maker) -> None:
    """Offers below the minimum advertised price, seen twice running."""
    _, second, third = maker.world.months
    for market in (US, CN):
        (channel, seller), (other_channel, other) = SELLERS[market.region]
        mark = market.region.lower()

        def listed(
            name: str, shares: dict[date, str], story: str, *, month: date = second, expect: str | None = "below_policy",
            where: tuple[str, str] = (channel, seller), packs: tuple[int, ...] = (), market: Market = market,
            mark: str = mark, **more: Any,
        ) -> None:  # fmt: skip
            article = maker.article(maker.random.choice(GROUPS), packs, ordinary=False)
            seen(maker, f"{mark}-{name}", market, *where, article, shares, **more)
            expect_offer(maker, f"{mark}-{name}", month, expect, story, market)

        listed("deep", weekly(second, "1.02", "0.75", "0.75", "0.76"), "a quarter below for three weeks")
        listed("slight", weekly(second, "1.00", "0.94", "0.94", "1.00"), "six in a hundred below, twice")
        listed("stranger", weekly(second, "0.80", "0.80", "0.80", "0.80"), "a seller nobody knows", where=(channel, "qq_deals"))
        listed(
            "turn", weekly(second, "1.00", "1.00", "1.00", "0.82") | weekly(third, "0.82", "1.00", "1.00", "1.00"),
            "the second sight is in the next month", month=third,
        )  # fmt: skip
        expect_offer(maker, f"{mark}-turn", second, "unconfirmed", "seen low once by the end of the month", market)
        listed(
            "taxed", weekly(second, "1.00", "1.00", "1.00", "1.00"), "looks fair, but the price includes tax",
            tax_included=True, tax_rate=Decimal(market.tax),
        )  # fmt: skip
        listed(
            "dozen", weekly(third, "0.85", "0.85", "0.85", "0.85"), "a dozen for the price of ten",
            month=third, packs=(12,), pack=12, where=(other_channel, other),
        )  # fmt: skip
        listed(
            "six", weekly(third, "0.80", "0.80", "0.80", "0.80"), "six at a time, a fifth off",
            month=third, times=Decimal(6), min_qty=Decimal(6), where=(other_channel, other),
        )  # fmt: skip
        listed("once", weekly(second, "1.01", "0.85", "1.01", "1.01"), "seen low once", expect="unconfirmed")
        listed(
            "single", weekly(second, "0.083333", "0.083333", "0.083333", "0.083333"), "a dozen at the price of one",
            expect="pack_suspect", packs=(12,), pack=12,
        )  # fmt: skip
        sku = maker.world.offers[-1].sku
        expect_unit(maker, "brand", sku, "per_unit_too_low", 12, second, "pack_factor", "a dozen listed at the price of one")
    cheap = maker.article("tools", ordinary=False)
    rate = Decimal("0.72")
    seen(
        maker, "us-loonie", US, "amazon", "ClickParts", cheap, weekly(second, *["0.85"] * 4),
        currency="CAD", times=1 / rate,
    )  # fmt: skip
    expect_offer(maker, "us-loonie", second, "below_policy", "the number is above the minimum, the money is not", US)


def promoted_offers(maker: Maker) -> None:
    """Low offers that a promotion covers, and those it does not."""
    _, second, third = maker.world.months
    for market in (US, CN):
        (channel, seller), (other_channel, _) = SELLERS[market.region]
        mark = market.region.lower()
        for name, floor, place, starts, ends, shares, month, expect, story in (
            ("promo", None, market.region, second, third, "0.70", second, None, "a promotion allows it"),
            ("floor", "0.80", market.region, second, third, "0.80", second, None, "just at the floor of a promotion"),
            (
                "broken",
                "0.80",
                market.region,
                second,
                third,
                "0.72",
                second,
                "below_policy",
                "below the floor of the promotion",
            ),
            ("late", None, market.region, second, third, "0.80", third, "below_policy", "the promotion ended the day before"),
            ("near", None, "EU", second, third, "0.80", second, "below_policy", "the promotion runs elsewhere"),
        ):
            article = maker.article("filters", ordinary=False)
            least = cents(article.list_price(market) * MAP)
            maker.world.promotions.append(
                Promotion(
                    promotion_id=f"PR-{mark}-{name}".upper(),
                    name=f"{market.region} {name}",
                    valid_from=starts,
                    valid_to=ends,
                    sku=article.sku,
                    region=place,
                    channel=channel if name != "near" else None,
                    floor_price=cents(least * Decimal(floor)) if floor else None,
                    currency=market.currency if floor else None,
                )
            )
            days = weekly(second, *[shares] * 4) if month == second else {third: shares, third.replace(day=8): shares}
            seen(maker, f"{mark}-{name}", market, channel, seller, article, days)
            expect_offer(maker, f"{mark}-{name}", month, expect, story, market)
        elsewhere = maker.article("filters", ordinary=False)
        maker.world.promotions.append(
            Promotion(
                promotion_id=f"PR-{mark}-CHANNEL".upper(),
                name=f"{market.region} one channel only",
                valid_from=second,
                valid_to=third,
                sku=elsewhere.sku,
                region=market.region,
                channel=channel,
            )
        )
        seen(maker, f"{mark}-channel", market, other_channel, "no name", elsewhere, weekly(second, *["0.85"] * 4))
        expect_offer(maker, f"{mark}-channel", second, "below_policy", "the promotion runs on another channel", market)


def fair_offers(maker: Maker) -> None:
    """Offers that look low and are none of the hub's business."""
    _, second, _ = maker.world.months
    low = ["0.75"] * 4
    for market in (US, CN):
        (channel, seller), _ = SELLERS[market.region]
        agent = ("amazon", "Piedmont Parts") if market is US else ("jd", "青岛代理小店")
        mark = market.region.lower()
        for name, more, story in (
            ("refurbished", {"condition": "refurbished"}, "refurbished goods"),
            ("used", {"condition": "used"}, "used goods"),
            ("cart", {"price_kind": "in_cart"}, "a price shown in the cart only"),
            ("coupon", {"price_kind": "coupon"}, "a personal coupon"),
            ("members", {"price_kind": "logged_in"}, "a price for members who logged in"),
            ("nowhere", {"region": None}, "no region, so no reference"),
        ):
            article = maker.article("valves", ordinary=False)
            seen(maker, f"{mark}-{name}", market, channel, seller, article, weekly(second, *low), **more)
            expect_offer(maker, f"{mark}-{name}", second, None, story, market)
        article = maker.article("valves", ordinary=False)
        seen(maker, f"{mark}-agent", market, *agent, article, weekly(second, *low))
        expect_offer(maker, f"{mark}-agent", second, None, "an agent on commission does not set the price", market)
        article = maker.article("valves", ordinary=False)
        seen(maker, f"{mark}-tolerance", market, channel, seller, article, weekly(second, *["0.995"] * 4))
        expect_offer(maker, f"{mark}-tolerance", second, None, "within the tolerance", market)
        article = maker.article("valves", (12,), ordinary=False)
        seen(maker, f"{mark}-pack", market, channel, seller, article, weekly(second, *["1.00"] * 4), pack=12)
        expect_offer(maker, f"{mark}-pack", second, None, "a dozen at twelve times the minimum", market)
        article = maker.article("valves", ordinary=False)
        cut = second.replace(day=12)
        lower_minimum(maker.world, article, market, cut)
        seen(maker, f"{mark}-cut", market, channel, seller, article, weekly(second, "1.00", *["0.80"] * 3))
        expect_offer(maker, f"{mark}-cut", second, None, "the minimum was lowered on that very day", market)
    article = maker.article("valves", ordinary=False)
    seen(maker, "eu-plain", EU, "otto", "Nord Technik", article, weekly(second, *low))
    expect_offer(maker, "eu-plain", second, None, "no recommended price is stated in the EU", EU)


def strangers(maker: Maker) -> None:
    """Say which of the shops above nobody knows."""
    for channel, seller in (
        ("amazon", "qq_deals"), ("tmall", "qq_deals"), ("ebay", "noname"), ("jd", "noname"), ("otto", "nordtechnik"),
        ("pdd", "小五金直销"),
    ):  # fmt: skip
        maker.world.plants.append(Plant(UNKNOWN, (seller, channel), "unmatched", "a shop nobody knows", full=True))
    maker.world.plants.append(Plant(UNKNOWN, ("flow-supply-99", "ebay"), "reviewed", "a shop that is known to be no partner"))


def lower_minimum(world: World, article: Article, market: Market, day: date) -> None:
    """End the minimum advertised price of an article on a day and let a fifth less hold from then on."""
    at, old = next(
        (at, price)
        for at, price in enumerate(world.prices)
        if price.sku == article.sku and price.kind == "map" and price.region == market.region
    )
    world.prices[at] = msgspec.structs.replace(old, valid_to=day)
    world.prices.append(
        PricePolicy(
            policy_id=f"{old.policy_id}-2",
            kind="map",
            sku=old.sku,
            unit_price=cents(old.unit_price * Decimal("0.8")),
            currency=old.currency,
            valid_from=day,
            region=old.region,
        )
    )
