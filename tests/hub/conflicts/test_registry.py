import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from hub.conflicts import engine
from hub.conflicts.registry import all_rules, broken_packages, collect, finding_of, foreign, pairs
from hub.conflicts.rule import Finding, sentence
from hub.conflicts.statements import FOLDER, premises
from hub.errors import SettingsError
from hub.store.database import Store
from jobs.doctor import ailing
from tests.trading import NOON, World, example_world

FORBIDDEN = (
    "malicious", "violation", "violator", "offender", "cheat", "fraud", "penalty",
    "恶意", "违规", "违约", "作弊", "欺诈", "处罚",
)  # fmt: skip


def test_the_rules_are_those_in_the_folder() -> None:
    files = {file.stem for file in (FOLDER / "rules").glob("*.py")} - {"__init__"}
    assert set(all_rules()) == files


def test_a_rule_that_reads_another_comes_after_it() -> None:
    order = list(all_rules())
    assert order.index("cross_region_sale") < order.index("territory_overlap")


@pytest.mark.parametrize("name", all_rules())
def test_every_step_of_a_rule_has_a_statement(name: str) -> None:
    rule, known = all_rules()[name].rule, {*all_rules()[name].statements, *premises()}
    assert {*rule.reach, *rule.everything, *rule.steps} <= known
    assert rule.steps[-1] == "judge"


def test_two_rules_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "acme_rules"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "territory_overlap.py").write_text("from hub.conflicts.rules.territory_overlap import territory_overlap\n")
    (package / "territory_overlap.sql").write_text("-- keys --\nSELECT 1;\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SettingsError, match="Two rules are called territory_overlap"):
        collect([pairs("hub.conflicts.rules"), pairs("acme_rules")])
    for module in [name for name in sys.modules if name.startswith("acme_rules")]:
        del sys.modules[module]


@pytest.fixture
def announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Two distributions that announce rules: one without files yet, one that is sound."""
    for name in ("broken_rules", "sound_rules"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        (tmp_path / f"{name}-1.dist-info").mkdir()
        (tmp_path / f"{name}-1.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (tmp_path / f"{name}-1.dist-info" / "entry_points.txt").write_text(f"[channelhub.conflict_rules]\n{name} = {name}\n")
    monkeypatch.syspath_prepend(tmp_path)
    clear_rules()
    yield tmp_path
    monkeypatch.undo()
    clear_rules()


def clear_rules() -> None:
    """Forget what was found."""
    all_rules.cache_clear()
    foreign.cache_clear()
    for module in [name for name in sys.modules if name.partition(".")[0] in ("broken_rules", "sound_rules")]:
        del sys.modules[module]


@pytest.mark.parametrize("fault", ["raise RuntimeError('no licence')", "import acme_that_is_gone", "acme ="])
async def test_a_package_of_rules_that_cannot_be_loaded_stops_no_other(announced: Path, store: Store, fault: str) -> None:
    (announced / "broken_rules" / "acme.py").write_text(fault + "\n")
    (announced / "broken_rules" / "acme.sql").write_text("-- keys --\nSELECT 1;\n")
    (announced / "sound_rules" / "sound.py").write_text(
        "from msgspec.structs import replace\nfrom hub.conflicts.rules.territory_overlap import territory_overlap\n"
        "sound = replace(territory_overlap, name='sound')\n"
    )
    (announced / "sound_rules" / "sound.sql").write_text((FOLDER / "rules" / "territory_overlap.sql").read_text())
    assert "sound" in all_rules()
    assert list(broken_packages()) == ["broken_rules"]
    (told,) = [sentence for sentence in await ailing(store) if "broken_rules" in sentence]
    assert "cannot be loaded" in told


@pytest.mark.parametrize("file", sorted(FOLDER.rglob("*.py")) + sorted(FOLDER.rglob("*.sql")), ids=lambda file: file.name)
def test_wording_is_neutral(file: Path) -> None:
    text = file.read_text(encoding="utf-8").lower()
    assert [word for word in FORBIDDEN if word in text] == []


async def test_a_finding_reads_as_one_sentence(store: Store) -> None:
    world = await example_world(store)
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")])
    await world.detect()
    (row,) = (await world.findings("cross_region_sale")).values()
    finding = finding_of(row)
    assert sentence(finding) == (
        "GD-B delivered 40 units of P1 (order O1, line 1, 2026-03-01) to CN-SH, where SH-A holds X alone."
    )
    assert sentence(finding, "zh") == ("GD-B 于 2026-03-01 将 40 件 P1(订单 O1 第 1 行)发往 CN-SH,该区域 X 由 SH-A 独家经营。")


def test_a_field_that_is_absent_reads_as_a_dash() -> None:
    rule = all_rules()["territory_overlap"].rule
    finding = Finding(
        rule=rule,
        classification="nested",
        event_day=date(2026, 1, 1),
        accused="-",
        victim="-",
        product_group="X",
        base_sku="-",
        region="CN",
        evidence={"grant_a": "G1", "shared_to": None},
    )
    assert "from – to –" in sentence(finding)


async def test_a_rule_without_its_records_says_so(store: Store) -> None:
    async with store.connection() as connection:
        assert await engine.not_run(connection) == {
            "account_clash": "needs deal_registration",
            "below_policy_offer": "needs offer",
            "channel_stuffing": "needs inventory_month or sales_order",
            "cross_channel_gap": "needs sales_order",
            "cross_region_sale": "needs sales_order",
            "duplicate_claim": "needs claim",
            "duplicate_sale": "needs sales_order",
            "inventory_imbalance": "needs inventory_month",
            "over_claim": "needs claim",
            "oversell": "needs inventory_level",
            "quantity_anomaly": "needs sales_order",
            "serial_diversion": "needs serial_event",
            "territory_overlap": "needs territory_grant",
            "tier_inversion": "needs sales_order",
            "unit_mapping_suspect": "needs offer or sales_order",
            "unknown_seller": "needs offer",
        }
    await example_world(store)
    async with store.connection() as connection:
        assert "territory_overlap" not in await engine.not_run(connection)


async def test_the_number_of_statements_does_not_grow_with_the_records(store: Store) -> None:
    world = await example_world(store)
    await world.detect()
    # Enough each time that every rule with a say has something to judge.
    assert await statements(world, 12, "A") == await statements(world, 40, "B")


async def statements(world: World, orders: int, prefix: str) -> int:
    """Return how many statements it takes to judge so many new orders."""
    for number in range(orders):
        await world.order(f"{prefix}{number}", "GD-B", "CN-SH", [("P1", "40", "2800")])
    seen: list[str] = []
    async with world.store.transaction() as connection:
        with connection.query_logger(lambda record: seen.append(record.query)):
            await engine.examine(connection, NOON, limit=10_000, full=False)
        await connection.execute("DELETE FROM dirty_record")
    return len(seen)
