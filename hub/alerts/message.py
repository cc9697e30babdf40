"""What a message says: the case, why in one sentence, how strong, how much money, and where to look.

Neutral words, and nothing of another partner's prices, stock or customers: the sentence names what the rule lets it name.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from hub.conflicts.rule import Finding, Locale, sentence


class Message(Struct, frozen=True):
    """One message in plain text."""

    subject: str
    body: str


class Facts(Struct, frozen=True, kw_only=True):
    """What is known of an alert's case at the moment of writing. `money` is by currency; empty when it is unknown."""

    reason: str
    severity: str
    number: int
    score: Decimal
    finding: Finding
    money: Mapping[str, Decimal] = {}


SUBJECT: Mapping[Locale, Mapping[str, str]] = {
    "en": {
        "opened": "Case {number}: {title}",
        "band_up": "Case {number} is now {band}: {title}",
        "evidence_changed": "Case {number}, records have changed: {title}",
    },
    "zh": {
        "opened": "案件 {number}：{title}",
        "band_up": "案件 {number} 级别升至{band}：{title}",
        "evidence_changed": "案件 {number} 相关记录已变更：{title}",
    },
}
BODY: Mapping[Locale, str] = {
    "en": """\
{title}
{sentence}

Case: {number}
Score: {score} of 100 ({band})
Money at stake: {money}

This is an observation from records. It is for review and says nothing about intent.
""",
    "zh": """\
{title}
{sentence}

案件编号：{number}
评分：{score}/100（{band}）
涉及金额：{money}

以上为数据记录中的观察结果，仅供核实，不代表对任何一方意图的判断。
""",
}
BAND: Mapping[Locale, Mapping[str, str]] = {
    "en": {band: band for band in ("info", "low", "medium", "high", "critical")},
    "zh": {"info": "提示", "low": "低", "medium": "中", "high": "高", "critical": "紧急"},
}
UNKNOWN: Mapping[Locale, str] = {"en": "unknown", "zh": "未知"}
AND: Mapping[Locale, str] = {"en": " and ", "zh": "、"}
CENT = Decimal("0.01")


def compose(facts: Facts, locale: Locale) -> Message:
    """Write the message in the reader's language."""
    words = {
        "number": facts.number,
        "title": facts.finding.rule.title_zh if locale == "zh" else facts.finding.rule.title_en,
        "sentence": sentence(facts.finding, locale),
        "score": f"{facts.score:.0f}",
        "band": BAND[locale][facts.severity],
        "money": told(facts.money, locale),
    }
    return Message(SUBJECT[locale][facts.reason].format_map(words), BODY[locale].format_map(words))


def told(money: Mapping[str, Decimal], locale: Locale) -> str:
    """Return amounts for a reader."""
    if not money:
        return UNKNOWN[locale]
    return AND[locale].join(f"{amount.quantize(CENT):,} {currency}" for currency, amount in money.items())


def known(currencies: Sequence[str | None] | None, amounts: Sequence[Decimal | None] | None) -> dict[str, Decimal]:
    """Return sums by currency; none at all when one amount, or its currency, is unknown."""
    pairs = list(zip(currencies or (), amounts or (), strict=True))
    found = {currency: amount for currency, amount in pairs if currency is not None and amount is not None}
    return found if len(found) == len(pairs) else {}


def language(locale: str | None) -> Locale:
    """Return the language of messages for a reader's locale; English where nothing better is known."""
    return "zh" if locale is not None and locale.lower().startswith("zh") else "en"
