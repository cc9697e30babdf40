"""What a message says, in both languages."""

from datetime import date
from decimal import Decimal

import pytest

from hub.alerts.message import BAND, SUBJECT, Digest, Facts, Item, compose, compose_digest, compose_trial, known, language
from hub.conflicts.registry import all_rules

TITLES = {locale: getattr(all_rules()["cross_region_sale"].rule, f"title_{locale}") for locale in ("en", "zh")}


def facts(**other: object) -> Facts:
    """The facts of one case."""
    usual = {
        "reason": "opened",
        "severity": "high",
        "number": 12,
        "rule": "cross_region_sale",
        "score": Decimal("61.5"),
        "classification": "suspected",
        "partner": "GD-B",
        "region": "CN-SH",
        "product_group": "X",
        "event_day": date(2026, 3, 1),
        "findings": 3,
        "money": {"CNY": Decimal(2730)},
    }
    return Facts(**usual | other)  # type: ignore[arg-type]


def digest(many: int = 2, **other: object) -> Digest:
    """A digest with one case and one group of findings."""
    items = [
        Item(rule="cross_region_sale", partner="GD-B", region="CN-SH", findings=3, score=Decimal(78), number=12),
        Item(rule="oversell", partner="-", region="-", findings=2, score=Decimal("43.0")),
    ]
    usual = {"day": date(2026, 3, 2), "alerts": 1, "findings": 5, "many": many, "items": items, "rules": {"oversell": 2}}
    return Digest(**usual | other)  # type: ignore[arg-type]


def test_an_english_message_names_case_partner_place_score_and_money() -> None:
    message = compose(facts(), "en")
    assert message.subject == f"Case 12: {TITLES['en']}"
    for part in (
        "Partner: GD-B",
        "Region: CN-SH",
        "Product group: X",
        "Findings: 3, the most serious one suspected, of 2026-03-01",
        "62 of 100 (high)",
        "Money at stake: 2,730.00 CNY",
        "says nothing about intent",
    ):
        assert part in message.body


def test_a_chinese_message_says_the_same() -> None:
    message = compose(facts(), "zh")
    assert message.subject == f"案件 12：{TITLES['zh']}"
    for part in (
        "合作伙伴：GD-B",
        "区域：CN-SH",
        "产品组：X",
        "发现数量：3",
        "待核实",
        "62/100（高）",
        "涉及金额：2,730.00 CNY",
    ):
        assert part in message.body


@pytest.mark.parametrize(("locale", "word"), [("en", "unknown"), ("zh", "未知")])
def test_money_nobody_knows_is_said_to_be_unknown(locale: str, word: str) -> None:
    assert word in compose(facts(money={}), language(locale)).body


@pytest.mark.parametrize("locale", ["en", "zh"])
def test_whoever_looks_after_the_other_partner_reads_nothing_of_money(locale: str) -> None:
    assert "CNY" not in compose(facts(money_shown=False), language(locale)).body


@pytest.mark.parametrize(
    ("reason", "en", "zh"),
    [
        ("opened", "Case 12: ", "案件 12："),
        ("band_up", "is now high", "级别升至高"),
        ("sla", "a step is overdue", "有步骤已逾期"),
        ("evidence_changed", "records have changed", "相关记录已变更"),
    ],
)
def test_the_subject_says_why_it_was_written(reason: str, en: str, zh: str) -> None:
    assert en in compose(facts(reason=reason), "en").subject
    assert zh in compose(facts(reason=reason), "zh").subject
    assert "nobody has acknowledged" in compose(facts(reason=reason, unread=True), "en").subject
    assert "尚无人确认" in compose(facts(reason=reason, unread=True), "zh").subject


def test_every_rule_and_band_has_its_words() -> None:
    assert len(SUBJECT) == 4
    for rule in all_rules():
        for band in BAND:
            for locale in ("en", "zh"):
                assert compose(facts(rule=rule, severity=band), language(locale)).body


def test_a_digest_lists_the_top_and_counts_the_rest() -> None:
    message = compose_digest(digest(many=9_981, alerts=9_980, findings=10_000), "en")
    assert message.subject == "Digest of 2026-03-02: findings 10000, alerts held 9980"
    for part in (
        "The most serious (2 of 9981):",
        f"- case 12: {TITLES['en']}; GD-B, CN-SH; findings 3, score 78",
        "; –, –; findings 2, score 43",
    ):
        assert part in message.body


def test_a_chinese_digest_says_the_same() -> None:
    message = compose_digest(digest(), "zh")
    assert message.subject == "2026-03-02 每日摘要：发现 5 条，暂存提醒 1 条"
    for part in ("较严重的（2/2）", f"- 案件 12：{TITLES['zh']}；GD-B，CN-SH；发现 3 条，评分 78"):
        assert part in message.body


def test_a_trial_names_its_route() -> None:
    assert "north" in compose_trial("north", "en").subject
    assert "north" in compose_trial("north", "zh").subject


def test_one_unknown_amount_makes_the_sum_unknown() -> None:
    assert known(["CNY", "EUR"], [Decimal(1), Decimal(2)]) == {"CNY": Decimal(1), "EUR": Decimal(2)}
    assert known(["CNY", None], [Decimal(1), None]) == {}
    assert known(None, None) == {}


def test_the_readers_locale_decides_the_language() -> None:
    assert [language(locale) for locale in ("zh-CN", "ZH", "en", "de", None)] == ["zh", "zh", "en", "en", "en"]
