"""What a message says: which case, why now, whom and where it is about, how strong it is, and that it is for review.

Neutral words, and nothing of another partner's prices, stock or customers: a message names the rule, the partner, the region
and numbers of the case, never a record. Whoever may see more looks the case up.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct

from hub.conflicts.registry import all_rules
from hub.conflicts.rule import CLASSES, Locale, Text


class Message(Struct, frozen=True):
    """One message in plain text. `about` says the same in fields, for machines."""

    subject: str
    body: str
    about: Mapping[str, object] = {}


class Facts(Struct, frozen=True, kw_only=True):
    """What is known of an alert's case at the moment of writing. `money` is by currency; empty when it is unknown.

    `unread` is a message to those an alert is passed on to. Without `money_shown` nothing is said of money: it is the
    partner's, and the reader looks after another one.
    """

    reason: str
    severity: str
    number: int
    rule: str
    score: Decimal
    classification: str
    partner: str
    region: str
    product_group: str
    event_day: date
    findings: int
    money: Mapping[str, Decimal] = {}
    money_shown: bool = True
    unread: bool = False


class Item(Struct, frozen=True, kw_only=True):
    """One line of a digest: a case with its number, or findings of one partner and month that are none."""

    rule: str
    partner: str
    region: str
    findings: int
    score: Decimal
    number: int | None = None


class Digest(Struct, frozen=True, kw_only=True):
    """What a receiver is told of a day: how many alerts were held, the most serious of `many` items, all findings by rule."""

    day: date
    alerts: int
    findings: int
    many: int
    items: Sequence[Item]
    rules: Mapping[str, int]


SUBJECT: Mapping[str, Text] = {
    "opened": Text(en="Case {number}: {title}", zh="案件 {number}：{title}"),
    "band_up": Text(en="Case {number} is now {band}: {title}", zh="案件 {number} 级别升至{band}：{title}"),
    "sla": Text(en="Case {number}, a step is overdue: {title}", zh="案件 {number} 有步骤已逾期：{title}"),
    "evidence_changed": Text(en="Case {number}, records have changed: {title}", zh="案件 {number} 相关记录已变更：{title}"),
}
UNREAD = Text(en="Case {number}, nobody has acknowledged the alert: {title}", zh="案件 {number} 的提醒尚无人确认：{title}")
BODY = Text(
    en="""\
{title}

Case: {number}
Partner: {partner}
Region: {region}
Product group: {product_group}
Findings: {findings}, the most serious one {class_word}, of {event_day}
Score: {score} of 100 ({band})
{money}
{note}
""",
    zh="""\
{title}

案件编号：{number}
合作伙伴：{partner}
区域：{region}
产品组：{product_group}
发现数量：{findings}，其中最严重的一条：{class_word}，日期 {event_day}
评分：{score}/100（{band}）
{money}
{note}
""",
)
MONEY = Text(en="Money at stake: {amounts}\n", zh="涉及金额：{amounts}\n")
NOTE = Text(
    en="This is an observation from records. It is for review and says nothing about intent.",
    zh="以上为数据记录中的观察结果，仅供核实，不代表对任何一方意图的判断。",
)
BAND: Mapping[str, Text] = {
    "info": Text(en="info", zh="提示"),
    "low": Text(en="low", zh="低"),
    "medium": Text(en="medium", zh="中"),
    "high": Text(en="high", zh="高"),
    "critical": Text(en="critical", zh="紧急"),
}
DIGEST_SUBJECT = Text(
    en="Digest of {day}: findings {findings}, alerts held {alerts}",
    zh="{day} 每日摘要：发现 {findings} 条，暂存提醒 {alerts} 条",
)
ITEMS = Text(en="The most serious ({shown} of {many}):", zh="较严重的（{shown}/{many}）：")
BY_RULE = Text(en="All findings by rule:", zh="按规则汇总的发现数量：")
ITEM = Text(
    en="- {head}{title}; {partner}, {region}; findings {findings}, score {score}",
    zh="- {head}{title}；{partner}，{region}；发现 {findings} 条，评分 {score}",
)
HEAD = Text(en="case {number}: ", zh="案件 {number}：")
COUNT = Text(en="- {title}: {findings}", zh="- {title}：{findings}")
TRIAL = Text(en="A message to try the route {route}", zh="路由 {route} 的测试消息")
TRIAL_BODY = Text(
    en="The route {route} works: this message was sent by hand and is about no case.\n",
    zh="路由 {route} 工作正常：此消息由人工发送，不涉及任何案件。\n",
)
UNKNOWN = Text(en="unknown", zh="未知")
AND = Text(en=" and ", zh="、")
CENT = Decimal("0.01")


def compose(facts: Facts, locale: Locale) -> Message:
    """Write the message of an alert in the reader's language."""
    money = say(MONEY, locale, amounts=told(facts.money, locale)) if facts.money_shown else ""
    words = {
        "number": facts.number,
        "title": title(facts.rule, locale),
        "partner": named(facts.partner),
        "region": named(facts.region),
        "product_group": named(facts.product_group),
        "findings": facts.findings,
        "class_word": class_word(facts.classification, locale),
        "event_day": facts.event_day,
        "score": f"{facts.score:.0f}",
        "band": say(BAND[facts.severity], locale),
        "money": money,
        "note": say(NOTE, locale),
    }
    subject = UNREAD if facts.unread else SUBJECT[facts.reason]
    about = {
        "kind": "escalation" if facts.unread else "alert",
        "reason": facts.reason,
        "severity": facts.severity,
        "case": facts.number,
        "rule": facts.rule,
        "score": str(facts.score),
        "partner": facts.partner,
        "region": facts.region,
        "productGroup": facts.product_group,
        "findings": facts.findings,
    }
    return Message(say(subject, locale, **words), say(BODY, locale, **words), about)


def compose_digest(digest: Digest, locale: Locale) -> Message:
    """Write a digest in the reader's language. Its length is bounded however much happened."""
    lines = [say(ITEMS, locale, shown=len(digest.items), many=digest.many)]
    lines += [*(line(item, locale) for item in digest.items), ""]
    counts = sorted(digest.rules.items(), key=lambda one: (-one[1], one[0]))
    lines += [say(BY_RULE, locale), *(say(COUNT, locale, title=title(rule, locale), findings=many) for rule, many in counts)]
    subject = say(DIGEST_SUBJECT, locale, day=digest.day, alerts=digest.alerts, findings=digest.findings)
    about = {
        "kind": "digest",
        "day": digest.day.isoformat(),
        "alerts": digest.alerts,
        "findings": digest.findings,
        "cases": [item.number for item in digest.items if item.number is not None],
        "rules": digest.rules,
    }
    return Message(subject, "\n".join([*lines, "", say(NOTE, locale), ""]), about)


def compose_trial(route: str, locale: Locale) -> Message:
    """Write the message that tries a route."""
    return Message(say(TRIAL, locale, route=route), say(TRIAL_BODY, locale, route=route), {"kind": "test", "route": route})


def line(item: Item, locale: Locale) -> str:
    """Return one item of a digest."""
    head = "" if item.number is None else say(HEAD, locale, number=item.number)
    words = {"title": title(item.rule, locale), "partner": named(item.partner), "region": named(item.region)}
    return say(ITEM, locale, head=head, **words, findings=item.findings, score=f"{item.score:.0f}")


def say(text: Text, locale: Locale, **words: object) -> str:
    """Return a text in one language with its words filled in."""
    filled: str = getattr(text, locale).format_map(words)
    return filled


def title(rule: str, locale: Locale) -> str:
    """Return the title of a rule; its name where the rule is gone."""
    pair = all_rules().get(rule)
    if pair is None:
        return rule
    return pair.rule.title_zh if locale == "zh" else pair.rule.title_en


def class_word(classification: str, locale: Locale) -> str:
    """Return the word for a class."""
    known = CLASSES.get(classification)
    return classification if known is None else say(known, locale)


def named(code: str) -> str:
    """Return a code, or a dash where there is none."""
    return "–" if code == "-" else code


def told(money: Mapping[str, Decimal], locale: Locale) -> str:
    """Return amounts for a reader."""
    if not money:
        return say(UNKNOWN, locale)
    return say(AND, locale).join(f"{amount.quantize(CENT):,} {currency}" for currency, amount in money.items())


def known(currencies: Sequence[str | None] | None, amounts: Sequence[Decimal | None] | None) -> dict[str, Decimal]:
    """Return sums by currency; none at all when one amount, or its currency, is unknown."""
    pairs = list(zip(currencies or (), amounts or (), strict=True))
    found = {currency: amount for currency, amount in pairs if currency is not None and amount is not None}
    return found if len(found) == len(pairs) else {}


def language(locale: str | None) -> Locale:
    """Return the language of messages for a reader's locale; English where nothing better is known."""
    return "zh" if locale is not None and locale.lower().startswith("zh") else "en"
