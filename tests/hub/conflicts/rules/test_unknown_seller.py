from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hub.store.database import Store
from tests.trading import NOON, World, example_world

RULE = "unknown_seller"
SEEN = "2026-03-02T09:00:00+08:00"


async def found(world: World, at: datetime = NOON) -> dict[tuple[str, ...], dict[str, Any]]:
    await world.detect(at)
    return await world.findings(RULE)


async def test_a_seller_without_a_name_is_told(store: Store) -> None:
    world = await example_world(store)
    await world.alias("shopA", "GD-B")
    await world.offer("tm-1", SEEN, "100", "ghost")
    await world.offer("tm-2", SEEN, "100", "Shop A ")
    ((parts, finding),) = (await found(world)).items()
    assert parts == ("ghost", "tmall")
    assert (finding["classification"], finding["is_full"], finding["mode"]) == ("unmatched", True, "case")
    assert (finding["accused"], finding["victim"], finding["region"], finding["base_sku"]) == ("-", "-", "-", "-")
    assert finding["event_day"] == date(2026, 3, 2)
    assert finding["evidence"]["seller"] == "ghost"
    assert finding["evidence"]["products"] == ["P1"]
    assert {term["code"]: term["value"] for term in finding["terms"]} == {
        "impact": 0.5, "depth": 0.1, "evidence": 0.4, "recurrence": 0.2, "spread": 0.3333,
    }  # fmt: skip
    assert finding["score"] == Decimal("33.0")


async def test_a_name_ends_it_and_its_loss_brings_it_back(store: Store) -> None:
    world = await example_world(store)
    await world.offer("tm-1", SEEN, "100", "甲 旗舰店")
    assert list(await found(world)) == [("甲旗舰店", "tmall")]
    await world.alias("甲旗舰店", "GD-B", channel="jd")
    assert len(await found(world)) == 1
    await world.alias("甲旗舰店", "GD-B", channel="tmall")
    assert await found(world) == {}
    await world.alias("甲旗舰店", "GD-B", channel="tmall", status="candidate")
    assert len(await found(world)) == 1
    await world.alias("甲旗舰店", "GD-B")
    assert await found(world) == {}
    await world.delete("partner_alias", "*|甲旗舰店")
    assert len(await found(world)) == 1


async def test_whom_the_source_names_is_known(store: Store) -> None:
    world = await example_world(store)
    await world.offer("tm-1", SEEN, "100", "ghost", partner="GD-B")
    assert await found(world) == {}
    await world.offer("tm-1", "2026-03-05T09:00:00+08:00", "100", "ghost")
    (finding,) = (await found(world)).values()
    # The first of the pair ever, whoever the source took it for.
    assert (finding["event_day"], finding["evidence"]["offers"]) == (date(2026, 3, 2), 1)


async def test_a_reviewed_seller_is_information(store: Store) -> None:
    world = await example_world(store)
    await world.offer("tm-1", SEEN, "100", "ghost")
    await world.alias("ghost", None, status="not_partner", channel="jd")
    assert [row["classification"] for row in (await found(world)).values()] == ["unmatched"]
    await world.alias("ghost", None, status="not_partner")
    (finding,) = (await found(world)).values()
    assert (finding["classification"], finding["is_full"], finding["capped_by"]) == ("reviewed", False, "reviewed")
    assert [record["code"] for record in finding["evidence"]["records"]] == ["offer", "alias"]


async def test_an_offer_leaves_the_window_as_days_go_by(store: Store) -> None:
    world = await example_world(store)
    await world.offer("tm-1", SEEN, "100", "ghost")
    # 90 days after 2 March is 31 May; in Shanghai that day begins eight hours before it does in UTC.
    assert len(await found(world, datetime(2026, 5, 30, 15, 59, tzinfo=UTC))) == 1
    assert await found(world, datetime(2026, 5, 30, 16, 0, tzinfo=UTC)) == {}
    assert len(await world.findings(RULE, "resolved_by_data")) == 1
    assert len(await found(world, datetime(2026, 5, 30, 15, 59, tzinfo=UTC))) == 1


async def test_the_window_counts_offers_and_the_first_one_ever_dates_the_finding(store: Store) -> None:
    world = await example_world(store)
    await world.offer("tm-1", SEEN, "100", "ghost")
    await world.offer("tm-1", "2026-05-02T09:00:00+08:00", "100", "ghost")
    await world.offer("tm-2", "2026-05-03T09:00:00+08:00", "100", "ghost", product="P2")
    (finding,) = (await found(world, datetime(2026, 5, 10, tzinfo=UTC))).values()
    assert (finding["evidence"]["offers"], finding["evidence"]["listings"]) == (3, 2)
    (finding,) = (await found(world, datetime(2026, 6, 10, tzinfo=UTC))).values()
    assert (finding["evidence"]["offers"], finding["event_day"], finding["depth"]) == (2, date(2026, 3, 2), Decimal("0.2"))
    assert finding["evidence"]["products"] == ["P1", "P2"]


async def test_a_window_of_another_length_for_a_region(store: Store) -> None:
    world = await example_world(store)
    await world.offer("tm-1", SEEN, "100", "ghost")
    await world.policy(override=[{"rule": RULE, "region": "CN-GD", "window_days": 20}])
    assert await found(world, datetime(2026, 3, 31, tzinfo=UTC)) == {}
    assert len(await found(world, datetime(2026, 3, 20, tzinfo=UTC))) == 1
    assert await found(world, datetime(2026, 3, 22, tzinfo=UTC)) == {}


async def test_a_page_makes_the_evidence_stronger(store: Store) -> None:
    world = await example_world(store)
    await world.offer("tm-1", SEEN, "100", "ghost")
    await world.run("UPDATE offer SET url = 'https://shop.example.com/ghost'")
    (finding,) = (await found(world)).values()
    assert finding["strength"] == Decimal("0.7")


async def test_each_channel_is_a_finding_and_all_count_together(store: Store) -> None:
    world = await example_world(store)
    for number, channel in enumerate(("tmall", "jd", "pdd"), start=1):
        await world.offer(f"L{number}", f"2026-03-{number:02}T09:00:00+08:00", "100", "ghost|shop", channel=channel)
    findings = await found(world)
    assert set(findings) == {("ghost|shop", "tmall"), ("ghost|shop", "jd"), ("ghost|shop", "pdd")}
    often = {
        parts[1]: next(one["value"] for one in row["terms"] if one["code"] == "recurrence") for parts, row in findings.items()
    }
    assert often == {"tmall": 0.2, "jd": 0.4, "pdd": 0.6}
    await world.alias("ghost|shop", "GD-B", channel="tmall")
    findings = await found(world)
    often = {
        parts[1]: next(one["value"] for one in row["terms"] if one["code"] == "recurrence") for parts, row in findings.items()
    }
    assert often == {"jd": 0.2, "pdd": 0.4}


async def test_names_that_begin_alike_are_shown_as_a_hint(store: Store) -> None:
    world = await example_world(store)
    for name in ("shop north", "shop south", "shop", "shock", "store", "zebra"):
        await world.alias(name, "GD-B")
    await world.alias("shop nord", None, status="not_partner")
    await world.offer("tm-1", SEEN, "100", "shop n1")
    (finding,) = (await found(world)).values()
    assert [one["alias"] for one in finding["evidence"]["closest_aliases"]] == ["shopnorth", "shop", "shopsouth"]
    await world.alias("shop n", "SH-A")
    (finding,) = (await found(world)).values()
    assert finding["evidence"]["closest_aliases"][0] == {"alias": "shopn", "partner": "SH-A"}


async def test_offers_that_are_gone_take_the_finding_with_them(store: Store) -> None:
    world = await example_world(store)
    await world.offer("tm-1", SEEN, "100", "ghost")
    assert len(await found(world)) == 1
    await world.delete("offer", f"tm-1|{SEEN}")
    assert await found(world) == {}
