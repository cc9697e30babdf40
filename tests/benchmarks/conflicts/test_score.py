from pathlib import Path

import msgspec
import pytest

from benchmarks.conflicts.__main__ import main
from benchmarks.conflicts.label import Found, Label, read_rows, write_rows
from benchmarks.conflicts.score import Score, score


def label(rule: str, *key: str, kind: str = "conflict", expected: str | None = "bad") -> Label:
    return Label(rule=rule, key=key, kind=kind, expected=expected, recipe=kind)


def found(rule: str, *key: str, word: str = "bad", full: bool = True) -> Found:
    return Found(rule=rule, key=key, classification=word, full=full)


def test_precision_counts_look_alikes_and_what_nobody_planted() -> None:
    labels = [
        *(label("r", name) for name in "abcd"),
        label("r", "e", kind="border", expected="natural"),
        label("r", "f", kind="border", expected="natural"),
        label("r", "g", kind="returned", expected=None),
    ]
    findings = [
        found("r", "a"), found("r", "b"), found("r", "c", word="other"), found("r", "d", full=False), found("r", "e"),
        found("r", "f", word="natural", full=False), found("r", "h"), found("r", "i", word="natural", full=False),
    ]  # fmt: skip
    told = score(labels, findings)
    (rule,) = told.rules
    assert (rule.conflicts, rule.found, rule.right_class, rule.recall) == (4, 3, 3, 0.75)
    assert (rule.look_alikes, rule.look_alikes_flagged, rule.unlabelled, rule.informing) == (3, 1, 1, 3)
    assert (rule.precision, rule.precision_labelled) == (0.6, 0.75)
    assert [(one.kind, one.planted, one.flagged, one.as_expected) for one in told.look_alikes] == [
        ("border", 2, 1, 1),
        ("returned", 1, 0, 1),
    ]
    assert [line.split()[1] for line in told.missed] == ["d"]
    assert [line.split()[1] for line in told.wrongly_flagged] == ["e"]
    assert told.unlabelled == ["r h bad"]


def test_a_rule_that_only_informs_flags_with_the_class_of_its_conflicts() -> None:
    labels = [label("r", "a", expected="anomaly"), label("r", "b", kind="promotion", expected="preload")]
    findings = [found("r", "a", word="anomaly", full=False), found("r", "b", word="preload", full=False)]
    (rule,) = score(labels, findings).rules
    assert (rule.precision, rule.recall, rule.look_alikes_flagged, rule.informing) == (1.0, 1.0, 0, 1)


def test_a_star_in_a_key_stands_for_anything() -> None:
    labels = [label("r", "a", "*", kind="own", expected=None), label("r", "b", "x")]
    (rule,) = score(labels, [found("r", "a", "whoever"), found("r", "b", "y")]).rules
    assert (rule.look_alikes_flagged, rule.found, rule.unlabelled) == (1, 0, 1)


def test_nothing_found_has_no_precision() -> None:
    (rule,) = score([label("r", "a")], []).rules
    assert (rule.precision, rule.recall) == (None, 0.0)


def test_a_unit_error_that_raised_a_price_alert_is_told() -> None:
    labels = [label("tier_inversion", "a", kind="pack_factor", expected="pack_suspect")]
    suspect = found("tier_inversion", "a", word="pack_suspect", full=False)
    assert score(labels, [suspect]).price_alerts_from_unit_errors == 0
    assert score(labels, [msgspec.structs.replace(suspect, full=True)]).price_alerts_from_unit_errors == 1


def test_findings_of_another_system_are_scored_from_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(tmp_path / "labels.jsonl", [label("r", "a"), label("s", "b")])
    (tmp_path / "theirs.jsonl").write_text('{"rule":"r","key":["a"]}\n\n{"rule":"s","key":["b"],"class":"bad"}\n')
    asked = ["score", str(tmp_path), "--findings", str(tmp_path / "theirs.jsonl"), "--json", str(tmp_path / "score.json")]
    assert main(asked) == 0
    told = msgspec.json.decode((tmp_path / "score.json").read_bytes(), type=Score)
    assert [(one.rule, one.precision, one.recall, one.right_class) for one in told.rules] == [("r", 1, 1, 0), ("s", 1, 1, 1)]
    assert "deterministic rules below 0.99: none" in capsys.readouterr().out
    (tmp_path / "theirs.jsonl").write_text('{"rule":"r","key":["a"]}\n')
    assert main(asked) == 1
    assert "missed: s b" in capsys.readouterr().out
    assert read_rows(tmp_path / "theirs.jsonl", Found) == [Found(rule="r", key=("a",))]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"labels\.jsonl cannot be read: No such file"):
        main(["run", str(tmp_path)])
    write_rows(tmp_path / "labels.jsonl", [label("r", "a")])
    (tmp_path / "theirs.jsonl").write_text('{"rule":"r","key":["a"]}\n{"rule":1}\n')
    with pytest.raises(SystemExit, match=r"theirs\.jsonl, line 2: Expected `str`, got `int`"):
        main(["score", str(tmp_path), "--findings", str(tmp_path / "theirs.jsonl")])
