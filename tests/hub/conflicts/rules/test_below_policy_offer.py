from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from hub.store.database import Store
from tests.trading import World, example_world

RULE = "below_policy_offer"


async def shops(store: Store) -> World:
    world = await example_world(store)
    await world.alias("shopA", "GD-B")
    return world


async def found(world: World) -> dict[tuple[str, ...], dict[str, Any]]:
    await world.detect(datetime(2026, 7, 1, tzinfo=UTC))
    return await world.findings(RULE)


async def test_a_price_below_the_reference_seen_twice(store: Store) -> None:
    world = await shops(store)
    for day in ("01", "02"):
        await world.offer("tm-1", f"2026-03-{day}T09:00:00+08:00", "101.70", "shopA", tax="0.13", evidence="h")
    (finding,) = (await found(world)).values()
    assert (finding["classification"], finding["mode"], finding["accused"]) == ("below_policy", "observe", "GD-B")
    assert finding["evidence"]["unit_net"] == "90"
    assert finding["evidence"]["percent_below"] == "10"
    assert finding["parts"] == ["demo", "tm-1", "2026-03"]
    assert finding["event_day"] == date(2026, 3, 1)
    assert {term["code"]: term["value"] for term in finding["terms"]} == {
        "impact": 0.5, "depth": 0.5, "evidence": 0.7, "recurrence": 0.2, "spread": 0.3333,
    }  # fmt: skip
    assert (finding["uncapped_score"], finding["score"], finding["band"]) == (Decimal("47.0"), Decimal("45.0"), "low")
    assert finding["capped_by"] == "observe"
    assert finding["case_id"] is None


async def test_a_promotion_with_its_floor_kept_exempts(store: Store) -> None:
    world = await shops(store)
    await world.offer("tm-1", "2026-06-19T09:00:00+08:00", "90", "shopA")
    assert await found(world) == {}
    await world.offer("tm-1", "2026-06-19T09:00:00+08:00", "84", "shopA")
    assert [row["classification"] for row in (await found(world)).values()] == ["unconfirmed"]


async def test_a_pack_at_the_price_of_its_pieces_is_not_low(store: Store) -> None:
    world = await shops(store)
    await world.offer("jd-3", "2026-03-01T09:00:00+08:00", "1200", "JS-C", product="P1-12", partner="JS-C")
    assert await found(world) == {}


async def test_a_pack_at_the_price_of_a_piece_is_a_mapping_to_check(store: Store) -> None:
    world = await shops(store)
    await world.offer("tm-9", "2026-03-01T09:00:00+08:00", "100", "shopZ", product="P1-12")
    (finding,) = (await found(world)).values()
    assert finding["classification"] == "pack_suspect"
    assert finding["evidence"]["pack_factor"] == "12"
    assert finding["score"] <= 10


async def test_a_low_price_seen_once_is_unconfirmed(store: Store) -> None:
    world = await shops(store)
    await world.offer("tm-8", "2026-03-01T09:00:00+08:00", "95", "shopY")
    (finding,) = (await found(world)).values()
    assert (finding["classification"], finding["is_full"], finding["accused"]) == ("unconfirmed", False, "-")
    assert finding["evidence"]["seller"] == "shopY"


async def test_used_goods_and_prices_behind_a_login_are_not_compared(store: Store) -> None:
    world = await shops(store)
    await world.offer("tm-2", "2026-03-01T09:00:00+08:00", "50", "shopY", condition="used")
    await world.offer("tm-3", "2026-03-01T09:00:00+08:00", "50", "shopY", price_kind="logged_in")
    assert await found(world) == {}


async def test_an_agency_does_not_set_its_price(store: Store) -> None:
    world = await shops(store)
    await world.offer("tm-2", "2026-03-01T09:00:00+08:00", "70", "shopA")
    assert len(await found(world)) == 1
    await world.partner("GD-B", "CN-GD", model="commission_agency")
    assert await found(world) == {}


async def test_the_observation_before_may_lie_months_back(store: Store) -> None:
    world = await shops(store)
    await world.offer("tm-2", "2026-02-01T09:00:00+08:00", "100", "shopA")
    await world.offer("tm-2", "2026-05-01T09:00:00+08:00", "70", "shopA")
    assert [row["classification"] for row in (await found(world)).values()] == ["unconfirmed"]
    await world.offer("tm-2", "2026-02-01T09:00:00+08:00", "70", "shopA")
    assert {parts[2]: row["classification"] for parts, row in (await found(world)).items()} == {
        "2026-02": "unconfirmed",
        "2026-05": "below_policy",
    }


async def test_a_promotion_that_misses_by_place_caps_the_score(store: Store) -> None:
    world = await shops(store)
    await world.promotion("NEAR", "2026-03-01", "2026-04-01", product="P1", region="CN-SH", floor="99")
    for day in ("01", "02"):
        await world.offer("tm-1", f"2026-03-{day}T09:00:00+08:00", "90", "shopA")
    (finding,) = (await found(world)).values()
    assert finding["evidence"]["near_promotions"] == ["NEAR"]
    # What capped the score is named with its hash, as the price it was compared with is.
    rows = {one["code"]: one for one in finding["evidence"]["records"]}
    assert (rows["near_promotion"]["key"], rows["reference_price"]["key"]) == ("NEAR", "PP1")
    assert all(len(one["hash"]) == 64 for one in rows.values())
    assert (finding["score"], finding["capped_by"]) == (Decimal(25), "near_promotion")


async def test_where_the_profile_says_so_a_price_becomes_a_case(store: Store) -> None:
    world = await shops(store)
    await world.region("US", kind="country")
    await world.price("USP", "map", "100", region="US")
    for day in ("01", "02"):
        await world.offer("us-1", f"2026-03-{day}T09:00:00+08:00", "60", "shopA", region="US", evidence="h")
    (finding,) = (await found(world)).values()
    assert (finding["mode"], finding["score"], finding["case_id"] is not None) == ("case", Decimal("57.0"), True)


@pytest.mark.parametrize("between", ["2026-02-20", "2026-03-02"])
async def test_an_offer_that_is_passed_over_does_not_come_between(store: Store, between: str) -> None:
    world = await example_world(store)
    await world.offer("tm-1", "2026-02-10T02:00:00Z", "90", "shop")
    await world.offer("tm-1", f"{between}T02:00:00Z", "90", "shop", currency="USD")
    await world.offer("tm-1", "2026-03-05T02:00:00Z", "90", "shop")
    assert (await world.judged(RULE))["demo", "tm-1", "2026-03"]["classification"] == "below_policy"
    await world.fx("2026-01-01", "USD", "7")
    assert (await world.judged(RULE))["demo", "tm-1", "2026-03"]["classification"] == "unconfirmed"
    await world.offer("tm-1", f"{between}T02:00:00Z", "100", "shop")
    assert (await world.judged(RULE))["demo", "tm-1", "2026-03"]["classification"] == "unconfirmed"
    await world.policy(jurisdiction={"regions": {"CN": "CN", "US": "US"}, "profile": {"US": {"price_rules": "off"}}})
    await world.region("US", kind="country")
    await world.offer("tm-1", f"{between}T02:00:00Z", "100", "shop", region="US")
    assert (await world.judged(RULE))["demo", "tm-1", "2026-03"]["classification"] == "below_policy"


async def test_without_a_rate_an_offer_is_skipped_and_counted(store: Store) -> None:
    world = await shops(store)
    await world.offer("tm-1", "2026-03-01T09:00:00+08:00", "1", "shopA", currency="USD")
    done = await world.detect()
    assert await world.findings(RULE) == {}
    assert done.rules[RULE].skipped == {"no_rate": 1}
    await world.fx("2026-03-01", "USD", "7")
    assert len(await found(world)) == 1


async def test_a_corrected_price_closes_the_finding(store: Store) -> None:
    world = await shops(store)
    await world.offer("tm-2", "2026-03-01T09:00:00+08:00", "70", "shopA")
    assert len(await found(world)) == 1
    await world.offer("tm-2", "2026-03-01T09:00:00+08:00", "100", "shopA")
    assert await found(world) == {}
    assert len(await world.findings(RULE, "resolved_by_data")) == 1
