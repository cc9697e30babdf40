"""A draft is judged beside the present policy, over the same records, and leaves nothing behind."""

import asyncio
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.errors import SettingsError
from hub.store.database import Store
from jobs.backtest import Amount, Report, compare, try_folder
from tests.trading import NOON, World, example_world

RULE = "cross_region_sale"
HEAD = 'base_currency = "CNY"\ntimezone = "Asia/Shanghai"\n'
REGIONS = '[jurisdiction]\nregions = { CN = "CN", EU = "EEA", US = "US" }\n'
PERIOD = (date(2026, 1, 1), date(2026, 12, 31))


def write(folder: Path, **files: str) -> Path:
    """Write a draft: `policy` is TOML, the others are sheets."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.{'toml' if name == 'policy' else 'csv'}").write_text(text, encoding="utf-8")
    return folder


def policy(version: int = 1, start: str = "2026-01-01", more: str = "") -> str:
    return f"version = {version}\neffective_from = {start}\n{HEAD}{REGIONS}{more}"


async def tried(world: World, folder: Path, period: tuple[date, date] = PERIOD, **more: Any) -> Report:
    return await try_folder(world.store, folder, from_day=period[0], to_day=period[1], at=NOON, **more)


async def live(world: World, period: tuple[date, date] = PERIOD) -> dict[str, tuple[str, Decimal]]:
    """Return the live findings that stand in the period."""
    rows = await world.rows(
        "SELECT finding_key, classification, score FROM conflict"
        " WHERE state <> 'resolved_by_data' AND NOT evidence_changed AND event_day BETWEEN $1 AND $2",
        *period,
    )
    return {row["finding_key"]: (row["classification"], row["score"]) for row in rows}


async def tables(world: World) -> Mapping[str, str]:
    """Return a hash of every live table, and the schemas there are."""
    names = await world.rows("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
    found = {}
    for name in sorted(row["relname"] for row in names):
        (row,) = await world.rows(
            f"SELECT count(*) || md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) AS h FROM {name} AS t"
        )
        found[name] = row["h"]
    (schemas,) = await world.rows(
        "SELECT string_agg(nspname, ',' ORDER BY nspname) AS s FROM pg_namespace WHERE nspname NOT LIKE 'pg_%'"
    )
    (sequence,) = await world.rows("SELECT last_value AS v FROM case_number")
    return found | {"schemas": schemas["s"], "case_number": str(sequence["v"])}


async def busy_world(store: Store) -> World:
    """The example world with sales, offers and an overlap; one finding is dismissed, one confirmed, one gone."""
    world = await example_world(store)
    await world.order("O2", "SH-A", "CN-SH", [("P1", "100", "9000")])
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")], invoice="INV1")
    await world.order("O3", "SH-A", "CN-JS", [("P1", "2", "200")])
    await world.order("O6", "GD-B", "CN-SH", [("P1", "14", "1400")], day="2026-03-04")
    await world.order("O7", "GD-B", "CN-SH", [("P1", "14", "1400")], day="2026-02-04")
    await world.order("O8", "GD-B", "CN-BJ", [("P1", "24", "2160")], day="2026-03-02")
    await world.order("O9", "JS-C", "CN-SH", [("P1", "24", "2160")], day="2026-01-09")
    await world.alias("shopA", "GD-B")
    await world.offer("tm-1", "2026-03-01T02:00:00+00:00", "90", "shopA")
    await world.offer("tm-1", "2026-03-02T02:00:00+00:00", "90", "shopA")
    await world.grant("G4", "SH-A", "CN-JS", start="2026-06-01")
    await world.detect()
    await world.run("UPDATE conflict SET state = 'dismissed' WHERE parts[2] = 'O7'")
    await world.run("UPDATE conflict SET state = 'confirmed' WHERE parts[2] IN ('O6', 'O9')")
    await world.delete("sales_order", "O9")
    await world.detect(full=True)
    return world


async def test_the_live_policy_finds_exactly_the_live_findings(store: Store, tmp_path: Path) -> None:
    world = await busy_world(store)
    before = await live(world)
    assert len(before) > 6
    folder = write(tmp_path, policy=policy())
    report = await tried(world, folder)
    assert (report.added, report.removed, report.changed, report.differences) == (0, 0, 0, [])
    assert sum(rule.present.findings for rule in report.by_rule.values()) == len(before)
    assert {name: rule.present for name, rule in report.by_rule.items()} == {
        name: rule.draft for name, rule in report.by_rule.items()
    }
    assert report.by_rule[RULE].present.confirmed == report.by_rule[RULE].present.dismissed == 1
    assert report.by_rule[RULE].present.precision == 0.5
    # An empty period shows them all as missing: what was judged is each live finding, as it stands.
    nothing = await tried(world, write(tmp_path, policy=policy(more="[jurisdiction.profile.CN]\nterritory_rules = 'off'\n")))
    gone = {
        one["finding_key"]: (one["class_before"], one["score_before"]) for one in nothing.differences if one["rule"] == RULE
    }
    standing = await world.rows("SELECT finding_key FROM conflict WHERE rule = $1", RULE)
    assert gone == {row["finding_key"]: before[row["finding_key"]] for row in standing if row["finding_key"] in before}


async def test_a_draft_finds_what_detection_would_find_after_it_is_published(store: Store, tmp_path: Path) -> None:
    world = await busy_world(store)
    before = await live(world)
    more = f"[thresholds.{RULE}]\nborder_units = 0\nmin_units = 60\nmin_share = 0.9\n"
    report = await tried(world, write(tmp_path, policy=policy(2, more=more)))
    untouched = await live(world)
    assert untouched == before
    await world.policy(2, thresholds={RULE: {"border_units": 0, "min_units": 60, "min_share": 0.9}})
    await world.detect()
    after = await live(world)
    ended = dict(before)
    for one in report.differences:
        ended.pop(one["finding_key"], None)
        if one["class_after"] is not None:
            ended[one["finding_key"]] = (one["class_after"], one["score_after"])
    assert ended == after
    assert report.by_rule[RULE].changed_class > 0
    assert (report.present_version, report.draft_version) == (1, 2)


async def test_grants_prices_and_promotions_of_a_draft_take_the_place_of_live_ones(store: Store, tmp_path: Path) -> None:
    world = await busy_world(store)
    grants = (
        "grant_id,partner,region,product_group,exclusivity,valid_from,valid_to,deleted\n"
        "G1,SH-A,CN-SH,X,non_exclusive,2026-01-01,2027-01-01,\nG4,,,,,,,true\nG9,JS-C,CN-BJ,X,exclusive,2026-01-01,,\n"
    )
    prices = "policy_id,kind,sku,region,unit_price,currency,valid_from\nPP1,map,P1,CN,80,CNY,2026-01-01\n"
    report = await tried(world, write(tmp_path, territory_grants=grants, price_policies=prices))
    changes = {(one["rule"], one["change"]) for one in report.differences}
    assert {(RULE, "removed"), (RULE, "added"), ("territory_overlap", "removed"), ("below_policy_offer", "removed")} <= changes
    assert report.draft_version is None
    promoted = "promotion_id,name,sku,region,valid_from,valid_to\nPR3,Spring,P1,CN-GD,2026-03-01,2026-03-10\n"
    (tmp_path / "territory_grants.csv").unlink()
    (tmp_path / "price_policies.csv").unlink()
    report = await tried(world, write(tmp_path, promotions=promoted), rules=["below_policy_offer"])
    assert [(one["rule"], one["change"]) for one in report.differences] == [("below_policy_offer", "removed")]
    assert list(report.by_rule) == ["below_policy_offer"]


async def test_nothing_live_is_touched(store: Store, tmp_path: Path) -> None:
    world = await busy_world(store)
    await world.order("O20", "GD-B", "CN-SH", [("P1", "30", "2800")], day="2026-03-20")
    before = await tables(world)
    report = await tried(world, write(tmp_path, policy=policy(2, more=f"[thresholds.{RULE}]\nmin_units = 60\n")))
    # What waits to be judged is judged for the backtest, and waits still.
    assert report.by_rule[RULE].present.findings == len(
        [1 for _ in await world.rows("SELECT FROM conflict WHERE rule = $1", RULE)]
    )
    assert await tables(world) == before


async def test_one_that_is_stopped_leaves_nothing_behind(store: Store, tmp_path: Path) -> None:
    world = await busy_world(store)
    before = await tables(world)

    def stop(said: str) -> None:
        if said == "Comparing":
            raise asyncio.CancelledError

    folder = write(tmp_path, policy=policy())
    with pytest.raises(asyncio.CancelledError):
        await tried(world, folder, tell=stop, save="stopped")
    assert await tables(world) == before
    assert (await tried(world, folder)).differences == []


async def test_a_draft_that_starts_later_is_tried_as_if_it_held_in_the_period(store: Store, tmp_path: Path) -> None:
    world = await busy_world(store)
    await world.policy(2, "2026-03-02")
    await world.detect()
    off = "[jurisdiction.profile.CN]\nterritory_rules = 'off'\n"
    report = await tried(world, write(tmp_path, policy=policy(3, "2027-01-01", off)), (date(2026, 3, 1), date(2026, 3, 31)))
    assert report.by_rule[RULE].draft.findings == 0 < report.by_rule[RULE].present.findings
    report = await tried(world, write(tmp_path, policy=policy(3, "2026-01-15", off)), (date(2026, 2, 1), date(2026, 3, 31)))
    days = {one["event_day"] for one in report.differences if one["rule"] == RULE and one["change"] == "removed"}
    assert max(days) < date(2026, 3, 2)


async def test_two_backtests_run_side_by_side(store: Store, tmp_path: Path) -> None:
    world = await busy_world(store)
    one = write(tmp_path / "one", policy=policy(2, more=f"[thresholds.{RULE}]\nmin_units = 60\nmin_share = 0.9\n"))
    other = write(tmp_path / "other", policy=policy())
    first, second = await asyncio.gather(tried(world, one), tried(world, other))
    assert first.changed > 0
    assert second.differences == []
    assert first.ground == second.ground


async def test_kept_answers_are_compared(store: Store, tmp_path: Path) -> None:
    world = await busy_world(store)
    drafts = {
        name: f"[thresholds.{RULE}]\nmin_units = {least}\nmin_share = 0.9\n" for name, least in (("low", 20), ("high", 60))
    }
    for name, more in drafts.items():
        await tried(world, write(tmp_path / name, policy=policy(2, more=more)), save=name)
    with pytest.raises(SettingsError, match="called low already"):
        await tried(world, tmp_path / "low", save="low")
    compared = await compare(store, "low", "high")
    assert compared.same_ground
    assert {(one["class_one"], one["class_other"]) for one in compared.differences} >= {("suspected", "minor")}
    assert (await compare(store, "low", "low")).differences == []
    await world.order("O30", "GD-B", "CN-SH", [("P1", "30", "2800")], day="2026-03-20")
    await tried(world, tmp_path / "low", save="later")
    assert not (await compare(store, "low", "later")).same_ground
    with pytest.raises(SettingsError, match="no backtest called never"):
        await compare(store, "low", "never")


async def test_alerts_are_counted_by_manager(store: Store, tmp_path: Path) -> None:
    world = await example_world(store)
    await world.partner("GD-B", "CN-GD", manager="li@example.com")
    for number in range(3):
        await world.order(
            f"O{number}", "GD-B", "CN-SH", [("P1", "40", "2800")], day=f"2026-03-0{number + 1}", invoice=f"I{number}"
        )
    await world.detect()
    off = "[alerts]\ncase_min_score = 100\nimmediate_score = 100\n"
    report = await tried(world, write(tmp_path, policy=policy(2, more=off)), (date(2026, 3, 1), date(2026, 3, 14)))
    (load,) = report.load
    assert (load.manager, load.present_alerts_per_week, load.draft_alerts_per_week) == ("li@example.com", 0.5, 0)
    assert (load.present_cases_per_week, load.draft_cases_per_week) == (0.5, 0)
    assert report.by_rule[RULE].present.money == [Amount(currency="CNY", amount=Decimal(8400))]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "holds no sheet"),
        ({"orders": "order_id\n"}, "also holds orders"),
        ({"policy": "version = 2"}, "A value is required"),
        ({"policy": policy(2, more="[thresholds.cross_region_sail]\nmin_units = 1\n")}, "no such key"),
        ({"policy": policy(2, more=f"[thresholds.{RULE}]\nmin_unit = 1\n")}, "no such key"),
        ({"promotions": "promotion_id,name,sku,valid_from,valid_to\nP,S,P9,2026-03-01,2026-03-10\n"}, "P9' in sku"),
        ({"promotions": "promotion_id,name,valid_from,valid_to\nP,S,soon,2026-03-10\n"}, "promotions.csv, line 2: valid_from"),
    ],
)
async def test_a_folder_that_cannot_be_tried_is_refused_in_sentences(
    store: Store, tmp_path: Path, files: dict[str, str], said: str
) -> None:
    world = await example_world(store)
    with pytest.raises(SettingsError, match=said):
        await tried(world, write(tmp_path, **files))


async def test_a_question_that_makes_no_sense_is_refused(store: Store, tmp_path: Path) -> None:
    world = await example_world(store)
    folder = write(tmp_path, policy=policy())
    with pytest.raises(SettingsError, match="before it begins"):
        await tried(world, folder, (date(2026, 3, 2), date(2026, 3, 1)))
    with pytest.raises(SettingsError, match="no rule 'nothing'"):
        await tried(world, folder, rules=["nothing"])
