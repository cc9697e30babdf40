"""What a backtest prints for a person is what its JSON holds."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from hub.store.database import Store
from tests.trading import example_world

if TYPE_CHECKING:
    from tests.jobs.cli.conftest import Run

RULE = "cross_region_sale"
GRANTS = "grant_id,partner,region,product_group,exclusivity,valid_from,deleted\n"
PERIOD = ("--from", "2026-03-01", "--to", "2026-03-28", "--at", "2026-03-31T12:00:00Z", "--rules", RULE)


def draft(folder: Path, *gone: str) -> Path:
    """Write a draft that removes grants."""
    folder.mkdir()
    (folder / "territory_grants.csv").write_text(GRANTS + "".join(f"{grant},,,,,,true\n" for grant in gone))
    return folder


async def selling(store: Store) -> None:
    """Two sales into another's territory; a person has decided about one of them."""
    world = await example_world(store)
    await world.partner("GD-B", "CN-GD", manager="li@example.com")
    await world.order("O2", "SH-A", "CN-SH", [("P1", "100", "9000")])
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")], invoice="INV1")
    await world.order("O3", "GD-B", "CN-SH", [("P1", "30", "2100")], invoice="INV3", day="2026-03-02")
    await world.detect()
    await world.run("UPDATE conflict SET state = 'dismissed' WHERE parts[2] = 'O3'")


async def test_the_text_of_a_backtest_says_what_its_json_says(hub: "Run", store: Store, tmp_path: Path) -> None:
    await selling(store)
    folder = draft(tmp_path / "without", "G1")
    done = hub("backtest", "--policy", str(folder), *PERIOD)
    assert done.returncode == 0, done.stderr
    text = done.stdout
    said = json.loads(hub("backtest", "--policy", str(folder), *PERIOD, "--json").stdout)
    assert f"{said['added']} added, {said['removed']} removed, {said['changed']} changed." in text
    assert "policy version 1 now, the live policy as the draft." in text
    rule = said["by_rule"][RULE]
    assert rule["present"]["confirmed"] + rule["present"]["dismissed"] == 1
    for side, name in (("present", "now:  "), ("draft", "draft:")):
        one = rule[side]
        money = ", ".join(f"{Decimal(amount['amount']):,} {amount['currency']}" for amount in one["money"])
        precision = "unknown" if one["precision"] is None else f"{one['precision']:.0%}"
        assert (
            f"  {name} findings {one['findings']}, full class {one['full_class']}; at stake {money}; cases {one['cases']}, "
            f"alerts {one['alerts']}; precision so far {precision} "
            f"({one['confirmed']} confirmed, {one['dismissed']} dismissed)"
        ) in text
    assert len(said["differences"]) == said["added"] + said["removed"] + said["changed"] > 0
    for one in said["differences"]:
        (line,) = re.findall(rf"^    {one['change']} .*{one['finding_key']}.*$", text, re.MULTILINE)
        for value in ("accused", "class_before", "class_after", "score_before", "score_after", "event_day"):
            assert one[value] is None or str(one[value]) in line
    (load,) = said["load"]
    assert load["manager"] == "li@example.com"
    for what in ("cases", "alerts"):
        now, then = load[f"present_{what}_per_week"], load[f"draft_{what}_per_week"]
        assert f"{what} a week {now:g} now, {then:g} under the draft" in text
    assert f"ground {said['ground']}." in text
    for move, number in rule["bands"].items():
        assert f"    {move}: {number}\n" in text


async def test_the_text_of_a_comparison_names_the_findings(hub: "Run", store: Store, tmp_path: Path) -> None:
    await selling(store)
    for name, gone in (("one", ("G1",)), ("other", ("G2",))):
        assert hub("backtest", "--policy", str(draft(tmp_path / name, *gone)), *PERIOD, "--save", name).returncode == 0
    text = hub("backtest", "compare", "one", "other").stdout
    said = json.loads(hub("backtest", "compare", "one", "other", "--json").stdout)
    assert f"Findings on which the drafts end differently: {len(said['differences'])}." in text
    assert said["differences"]
    for one in said["differences"]:
        (line,) = re.findall(rf"^  {RULE} {one['finding_key']} .*$", text, re.MULTILINE)
        assert f"{one['class_one'] or 'none'}" in line
        assert f"> {one['class_other'] or 'none'}" in line
    for name in ("one", "other"):
        assert f"{RULE}, {name}\n  now: " in text
