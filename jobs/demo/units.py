"""Planted lines whose quantity counts something else than the masters think, and lines that only look so."""

from datetime import date
from decimal import Decimal
from typing import Literal

from hub.records import Order
from jobs.demo.atlas import US, Market, market_of
from jobs.demo.world import TRADE, WHOLESALE, Article, Maker, Plant, cents, line, source_of

RULE = "unit_mapping_suspect"


def expect_unit(
    maker: Maker, source: str, sku: str, direction: str, factor: int, month: date, expect: str | None, story: str
) -> None:
    """Say what the unit doctor must report."""
    parts = (source, sku, direction, str(factor), f"{month:%Y-%m}")
    maker.world.plants.append(Plant(RULE, parts, expect, story))


def expect_below(maker: Maker, sold: Order, mode: Literal["case", "observe"], story: str) -> None:
    """Say that a sale is below the level above its seller."""
    parts = (source_of(sold.seller), sold.number, str(sold.lines[0].number))
    maker.world.plants.append(Plant("tier_inversion", parts, "below_level", story, full=True, mode=mode))


def plant_units(maker: Maker) -> None:
    """Lines whose quantity counts something else than the masters think."""
    _, second, third = maker.world.months
    for seller, region, pack, sold_as, times, direction, factor, expect, story in (
        ("US-EMPIRE", "US-NY", 12, 12, "1", "per_unit_too_low", 12, "pack_factor", "pieces written down as dozens"),
        ("SD-QILU", "CN-SD", 24, 24, "1", "per_unit_too_low", 24, "pack_factor", "pieces written down as cartons"),
        ("US-PACIFIC", "US-CA", 12, 1, "12", "per_unit_too_high", 12, "pack_factor", "dozens written down as pieces"),
        (
            "US-LAKES",
            "US-IL",
            12,
            1,
            "5",
            "per_unit_too_high",
            5,
            "integer_ratio",
            "a unit of five that the masters do not know",
        ),
        ("US-CASCADE", "US-WA", 12, 12, "1", "per_unit_too_low", 12, "pack_factor", "the shop counts pieces"),
        ("GD-HENGTONG", "CN-GD", 12, 12, "1", "per_unit_too_low", 12, "pack_factor", "the ERP counts pieces"),
        ("US-OHIOVAL", "US-OH", 12, 1, "0.5", "per_unit_too_low", 2, None, "half price is a question of price, not of packs"),
        ("US-ROCKIES", "US-CO", 12, 12, "12", "per_unit_too_low", 12, None, "a dozen at the price of twelve"),
    ):
        article = maker.article("tools", (pack,), ordinary=False)
        market = market_of(region)
        steady(maker, article, market, second, 7)
        price = cents(article.list_price(market) * TRADE * Decimal(times))
        customer = maker.customers_of[region][1].code
        sold = maker.order(
            seller, second.replace(day=14), [line(1, article.pack(sold_as), 12, price)],
            currency=market.currency, customer=customer, ship_to_region=region, initiated="active",
        )  # fmt: skip
        expect_unit(maker, source_of(sold.seller), article.pack(sold_as), direction, factor, second, expect, story)
        if expect is None and Decimal(times) < 1:
            expect_below(maker, sold, "observe" if market is not US else "case", story)
    article = maker.article("tools", (12,), ordinary=False)
    steady(maker, article, US, third, 4)
    price = cents(article.list_price(US) * WHOLESALE)
    maker.order(
        "US-OHIOVAL", third.replace(day=14), [line(1, article.pack(12), 12, price)],
        currency="USD", customer=maker.customers_of["US-OH"][1].code, ship_to_region="US-OH",
    )  # fmt: skip
    expect_unit(
        maker, "brand", article.pack(12), "per_unit_too_low", 12, third, None, "four other lines are too few to compare with"
    )


def steady(maker: Maker, article: Article, market: Market, month: date, count: int) -> None:
    """Ordinary sales of one article at nearly one price, to compare with."""
    sellers = (
        [("US-SUNBELT", "US-FL"), ("US-LONESTAR", "US-TX")] if market is US else [("SH-HUAMAO", "CN-SH"), ("ZJ-ZHEDA", "CN-ZJ")]
    )
    for number in range(count):
        seller, region = sellers[number % 2]
        price = cents(article.list_price(market) * TRADE * (1000 + maker.random.randint(-4, 4)) / 1000)
        maker.order(
            seller, month.replace(day=3 + 3 * number), [line(1, article.sku, 5, price)],
            currency=market.currency, customer=maker.customers_of[region][2].code, ship_to_region=region,
        )  # fmt: skip
