"""A tiny benchmark from end to end: what the hub finds in it is what was planted."""

import csv
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

import benchmarks.conflicts
from benchmarks.conflicts.generate import generate, read_facts
from benchmarks.conflicts.label import LABELS, Label, read_rows
from benchmarks.conflicts.plants import all_plants
from benchmarks.conflicts.score import score
from benchmarks.conflicts.trial import judge_in
from hub.conflicts.registry import all_rules
from hub.settings import Settings
from hub.store.database import Store

SAMPLE = Path(benchmarks.conflicts.__file__).with_name("sample.tar.xz")


def sheet(folder: Path, noun: str, *rows: Mapping[str, object]) -> None:
    with (folder / f"{noun}.csv").open("w", newline="") as text:
        out = csv.DictWriter(text, rows[0])
        out.writeheader()
        out.writerows(rows)


def shop(folder: Path) -> Path:
    """Write the sales of a small shop in eight cities, each with a partner but one."""
    folder.mkdir()
    cities = [f"C{number}" for number in range(8)]
    regions = [{"code": city, "parent": "US", "kind": "city"} for city in cities]
    sheet(folder, "regions", {"code": "US", "parent": "", "kind": "country"}, *regions)
    sheet(folder, "partners", *({"code": f"P-{city}", "name": city, "home_region": city} for city in cities[1:]))
    sheet(folder, "products", {"sku": "A", "product_group": "X"})
    order = {"order_kind": "sell_out", "sku": "A", "qty": 30, "amount": 300, "currency": "USD", "status": "delivered"}
    sheet(folder, "orders", *(
        {"order_id": f"S-{city}", "order_date": "2025-02-11", "seller": f"P-{city}", "ship_to_region": city, **order}
        for city in cities[1:]
    ))  # fmt: skip
    return folder


def test_every_rule_has_its_plants_with_conflicts_and_look_alikes(tmp_path: Path) -> None:
    generate(tmp_path / "b", seed=1, size=1, given=None)
    labels = read_rows(tmp_path / "b" / LABELS, Label)
    assert {label.rule for label in labels} == {label.rule for label in labels if label.kind == "conflict"} == set(all_plants())
    assert {label.rule for label in labels if label.kind != "conflict"} == set(all_plants())
    assert set(all_rules()) <= set(all_plants())


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    for name, seed in (("one", 7), ("same", 7), ("other", 8)):
        generate(tmp_path / name, seed=seed, size=1, given=None)

    def written(name: str) -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in (tmp_path / name).iterdir()}

    assert written("one") == written("same")
    assert written("one") != written("other")


def test_the_sample_is_what_is_generated_today(tmp_path: Path) -> None:
    """After a change of plants: generate --size 10, and pack the folder's files with tar --sort=name -cJf sample.tar.xz."""
    generate(tmp_path / "fresh", seed=1, size=10, given=None)
    with tarfile.open(SAMPLE) as sample:
        sample.extractall(tmp_path / "sample", filter="data")
    for file in (tmp_path / "fresh").iterdir():
        assert (tmp_path / "sample" / file.name).read_bytes() == file.read_bytes(), file.name


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    with pytest.raises(SystemExit, match="is not empty"):
        generate(tmp_path, seed=1, size=1, given=None)


@pytest.mark.parametrize("given", [False, True], ids=["made up", "given"])
async def test_the_hub_finds_what_was_planted_and_nothing_else(store: Store, tmp_path: Path, given: bool) -> None:
    folder = tmp_path / "benchmark"
    facts = generate(folder, seed=3, size=1, given=shop(tmp_path / "shop") if given else None)
    assert facts == read_facts(folder)
    trial = await judge_in(store, Settings(home=tmp_path), folder, facts)
    assert (trial.rejected, trial.not_run) == (0, {})
    labels = [label for label in read_rows(folder / LABELS, Label) if label.rule in all_rules()]
    told = score(labels, trial.findings)
    assert (told.missed, told.wrongly_flagged, told.unlabelled) == ([], [], [])
    assert [kind for kind in told.look_alikes if kind.as_expected < kind.planted] == []
    assert [rule for rule in told.rules if rule.right_class < rule.conflicts] == []
    assert told.price_alerts_from_unit_errors == 0
