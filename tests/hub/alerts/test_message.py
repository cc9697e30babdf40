"""What a message says, in both languages."""

from datetime import date
from decimal import Decimal

import pytest

from hub.alerts.message import Facts, compose, known, language
from hub.conflicts.rule import Finding, Rule, Text

RULE = Rule(
    name="cross_region_sale",
    title_en="Potential out-of-territory sale",
    title_zh="疑似跨区销售",
    says={"": Text(en="{accused} delivered {net_units} of {base_sku} into {region}.", zh="{accused} 向 {region} 发货。")},
    key=("source",),
    full=frozenset({"suspected"}),
    needs=(),
)
FINDING = Finding(
    rule=RULE,
    classification="suspected",
    event_day=date(2026, 3, 1),
    accused="GD-B",
    victim="SH-A",
    product_group="X",
    base_sku="P1",
    region="CN-SH",
    evidence={"net_units": "39", "holder_units": "100", "customer": "Meier", "unit_net": "70"},
)


def facts(**other: object) -> Facts:
    """The facts of one case."""
    usual = {"reason": "opened", "severity": "high", "number": 12, "score": Decimal("61.5"), "finding": FINDING}
    return Facts(**usual | {"money": {"CNY": Decimal("2730")}} | other)  # type: ignore[arg-type]


def test_an_english_message_names_case_reason_score_money_and_link() -> None:
    message = compose(facts(), "en")
    assert message.subject == "Case 12: Potential out-of-territory sale"
    for part in ("GD-B delivered 39 of P1 into CN-SH.", "62 of 100 (high)", "2,730.00 CNY"):
        assert part in message.body


def test_a_chinese_message_says_the_same() -> None:
    message = compose(facts(), "zh")
    assert message.subject == "案件 12：疑似跨区销售"
    for part in ("GD-B 向 CN-SH 发货。", "62/100（高）", "2,730.00 CNY"):
        assert part in message.body


@pytest.mark.parametrize(("locale", "word"), [("en", "unknown"), ("zh", "未知")])
def test_money_nobody_knows_is_said_to_be_unknown(locale: str, word: str) -> None:
    assert word in compose(facts(money={}), language(locale)).body


@pytest.mark.parametrize("locale", ["en", "zh"])
def test_evidence_the_sentence_does_not_name_is_not_told(locale: str) -> None:
    message = compose(facts(), language(locale))
    for secret in ("Meier", "70", "holder"):
        assert secret not in message.body


@pytest.mark.parametrize(("reason", "words"), [("band_up", "is now high"), ("evidence_changed", "records have changed")])
def test_the_subject_says_why_it_was_written(reason: str, words: str) -> None:
    assert words in compose(facts(reason=reason), "en").subject


def test_one_unknown_amount_makes_the_sum_unknown() -> None:
    assert known(["CNY", "EUR"], [Decimal(1), Decimal(2)]) == {"CNY": Decimal(1), "EUR": Decimal(2)}
    assert known(["CNY", None], [Decimal(1), None]) == {}
    assert known(None, None) == {}


def test_the_readers_locale_decides_the_language() -> None:
    assert [language(locale) for locale in ("zh-CN", "ZH", "en", "de", None)] == ["zh", "zh", "en", "en", "en"]
