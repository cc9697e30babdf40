"""Evidence as a page that a person can print: one file, no scripts, nothing loaded from elsewhere.

Every text goes through `element`, which escapes it; only what `element` made is put in as it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from html import escape
from typing import Any

from hub.conflicts.registry import all_rules
from hub.conflicts.rule import CLASSES, Finding, Locale, sentence

Facts = Mapping[str, Any]

# Beside words that stand in a rule or a policy and are shown as they are.
WORDS: Mapping[str, Mapping[Locale, str]] = {
    "evidence": {"en": "Evidence", "zh": "证据"},
    "neutral": {
        "en": "This page shows what records say. It says nothing about intent; a person decides.",
        "zh": "本页仅呈现记录内容,不对意图作任何判断,由人员决定。",
    },
    "hash": {"en": "SHA-256 of the frozen text", "zh": "冻结文本的 SHA-256"},
    "frozen_at": {"en": "Frozen at", "zh": "冻结时间"},
    "part": {"en": "Shown in part: what concerns others is left out.", "zh": "仅显示部分内容:涉及他方的内容已略去。"},
    "finding": {"en": "Finding", "zh": "线索"},
    "key": {"en": "Key", "zh": "编号"},
    "case": {"en": "Case", "zh": "案件"},
    "rule": {"en": "Rule", "zh": "规则"},
    "rule_version": {"en": "Version of the rule", "zh": "规则版本"},
    "policy_version": {"en": "Policy version", "zh": "政策版本"},
    "class": {"en": "How the records look", "zh": "记录情形"},
    "mode": {"en": "Mode", "zh": "方式"},
    "state": {"en": "State", "zh": "状态"},
    "revision": {"en": "Revision", "zh": "修订"},
    "subject": {"en": "Partner", "zh": "渠道商"},
    "affected": {"en": "Affected", "zh": "受影响方"},
    "product_group": {"en": "Product group", "zh": "产品组"},
    "base_sku": {"en": "Article", "zh": "产品"},
    "region": {"en": "Region", "zh": "区域"},
    "event_day": {"en": "Day", "zh": "日期"},
    "value_at_risk": {"en": "Value at risk", "zh": "涉及金额"},
    "currency": {"en": "Currency", "zh": "币种"},
    "score": {"en": "Score", "zh": "评分"},
    "uncapped_score": {"en": "Score before caps", "zh": "封顶前评分"},
    "capped_by": {"en": "Capped by", "zh": "封顶依据"},
    "band": {"en": "Band", "zh": "等级"},
    "watermark_at": {"en": "Data as of", "zh": "数据截至"},
    "detected_at": {"en": "First found at", "zh": "首次发现"},
    "judged_at": {"en": "Judged at", "zh": "判定时间"},
    "basis": {"en": "Time zone and base currency", "zh": "时区与本位币"},
    "terms": {"en": "How the score comes about", "zh": "评分构成"},
    "term": {"en": "Term", "zh": "项"},
    "value": {"en": "Value", "zh": "值"},
    "weight": {"en": "Weight", "zh": "权重"},
    "points": {"en": "Points", "zh": "得分"},
    "inputs": {"en": "From", "zh": "依据"},
    "fields": {"en": "What the rule measured", "zh": "规则所得"},
    "filters": {"en": "Innocent explanations looked for", "zh": "已核查的正常解释"},
    "filter": {"en": "Explanation", "zh": "解释"},
    "outcome": {"en": "Outcome", "zh": "结果"},
    "detail": {"en": "Detail", "zh": "说明"},
    "records": {"en": "Records", "zh": "记录"},
    "source": {"en": "Source", "zh": "来源"},
    "noun": {"en": "Kind", "zh": "类型"},
    "place": {"en": "File, sheet, line", "zh": "文件、工作表、行"},
    "raw": {"en": "Payload", "zh": "原始数据"},
    "step": {"en": "Number", "zh": "数值"},
    "formula": {"en": "Formula", "zh": "算式"},
    "day": {"en": "Rate of", "zh": "汇率日期"},
    "policy": {"en": "What judged it", "zh": "判定依据"},
    "profile": {"en": "Jurisdiction profile", "zh": "法域配置"},
    "thresholds": {"en": "Thresholds", "zh": "阈值"},
    "overrides": {"en": "Overrides", "zh": "例外阈值"},
    "watermark": {"en": "How far each source had been read", "zh": "各来源读取进度"},
    "none": {"en": "none", "zh": "无"},
    "record_hash": {"en": "SHA-256 of what it said", "zh": "记录内容的 SHA-256"},
}
# Codes in Chinese; in English they are shown with blanks for their underscores.
CHINESE: Mapping[str, str] = {
    "impact": "影响", "depth": "幅度", "recurrence": "重复", "spread": "扩散",
    "info": "提示", "low": "低", "medium": "中", "high": "高", "critical": "严重",
    "observe": "观察", "open": "未决", "resolved_by_data": "数据已更正", "dismissed": "已排除", "confirmed": "已确认",
    "none_found": "未发现", "found": "有发现", "not_applicable": "不适用",
    "units": "数量(基本单位)", "returned": "退货数量", "net_units": "净数量", "rate": "汇率", "tax": "税率除数",
    "unit_net": "不含税单价", "reference": "参考价", "on_hand": "在库", "opening": "期初", "closing": "期末",
    "sell_in": "进货", "sell_out": "动销", "returns": "退入", "returns_out": "退出", "transfers_in": "调入",
    "transfers_out": "调出", "adjustments": "调整",
    "order_line": "订单行", "offer": "报价", "territory_grant": "区域授权", "price_policy": "价格政策", "promotion": "促销",
    "claim": "申报", "deal_registration": "报备", "serial_event": "序列号流向", "inventory_level": "库存",
    "inventory_month": "进销存月报", "reservation": "占用", "partner_alias": "卖家别名",
    "sale_line": "销售行", "purchase_line": "进货行", "holder_grant": "授权方的授权", "seller_grant": "卖方的授权",
    "wholesale_price": "批发价", "reference_price": "参考价政策", "observation": "监测记录", "near_promotion": "相近促销",
    "order": "订单", "line": "行", "order_date": "订单日期", "sku": "货号", "seller": "卖方", "partner": "渠道商",
    "holder": "授权方", "customer": "客户", "ship_to": "收货区域", "ship_from": "发货区域", "channel": "渠道", "amount": "金额",
    "price": "价格", "unit_price": "单价", "invoice_ref": "发票", "initiated": "发起方式", "local_wholesale": "当地批发价",
    "valid_from": "生效日", "valid_to": "失效日", "exclusivity": "排他性", "segment": "客户类别", "observed_at": "监测时间",
    "effective_from": "生效日", "timezone": "时区", "base_currency": "本位币", "version": "版本",
    # What was looked for before a finding was made.
    "above_holder": "卖方为授权方的上级", "agreed_deal": "已约定的交易", "authorised": "已获授权", "border": "边界流动",
    "bulk": "大宗零售", "carve_out": "授权范围的例外", "closed_commitment": "已了结的承诺", "commission_agency": "佣金代理",
    "confirmed_alias": "已确认的别名", "different_invoices": "发票不同", "different_serials": "序列号不同",
    "direct_beside_sole": "直营与独家并存", "disputed": "授权待厘清", "drop_ship": "代发货", "entitled_buyer": "有权的买方",
    "few_lines": "行数较少", "few_serials": "序列号较少", "home_region": "本区域", "key_account": "大客户",
    "launch": "新品上市", "linked": "已关联", "movement": "其他出入库", "name_only": "仅名称相符",
    "named_by_source": "数据源已指明卖方", "no_destination": "收货地不明", "old_count": "盘点过旧",
    "open_territory": "非排他区域", "opening_stock": "期初库存", "outside_window": "超出时间范围",
    "pack_factor": "包装倍数", "pack_ratio": "包装倍数", "passive": "被动成交", "past": "已过期",
    "position_unsure": "位置不确定", "price_rise": "价格上调", "profile_off": "法域配置关闭", "promotion_ahead": "促销在即",
    "renewal": "续签", "repeat_order": "重复订购", "repeated_claims": "重复申报", "replaced": "已被替换", "resale": "转售",
    "reviewed": "已复核", "same_line": "同一渠道链", "same_order": "同一订单", "seen_once": "仅监测到一次",
    "shared_system": "共享的授权体系", "short_history": "历史较短", "small_quantity": "数量较小",
    "stackable": "可叠加的返利", "third_party_location": "第三方库位", "tolerance": "容差",
    "trade_below_consumer": "批发价低于零售价", "unserved": "无授权方区域", "wide_spread": "波动较大",
    "window_over": "保护期已过",
    # Records.
    "alias": "卖家别名", "commitment": "承诺", "deal": "报备", "first_deal": "较早的报备", "grant": "授权",
    "kept_claim": "较早的申报", "kept_line": "较早的行", "line_to_review": "待核对的行", "scan": "扫描", "ship_out": "发货",
    "stock_level": "库存",
    # Thresholds.
    "alert_min_events": "提醒所需订单数", "alert_window_days": "提醒时间范围(天)", "amount_tol": "金额容差",
    "border_serials": "边界序列号数", "border_units": "边界数量", "consumer_bulk_units": "大宗零售数量", "days": "天数",
    "factor": "倍数", "gap": "价差", "history": "历史期数", "max_accuracy_km": "最大定位误差(公里)",
    "max_stock_age_hours": "盘点最长时效(小时)", "min_history": "最短历史", "min_lines": "最少行数",
    "min_lot_share": "最低批次占比", "min_n": "最少样本数", "min_pack_units": "最小包装数量", "min_serials": "最少序列号数",
    "min_share": "最低占比", "min_units": "最低数量", "months": "月数", "pct": "比例", "price_tol": "价格容差",
    "quarter_end_share": "季末占比", "ratio": "比率", "tol": "容差", "tol_recommended": "建议价容差",
    "window_days": "时间范围(天)", "z": "z 值",
    # A jurisdiction profile.
    "territory_rules": "区域规则", "unknown_initiated_as": "发起方式不明时视为", "exclusive_max_holders": "独家授权方上限",
    "territory_needs_exclusive_system": "区域规则须有独家体系", "price_rules": "价格规则", "price_reference": "参考价",
    "price_notice": "价格通知", "price_notice_text": "价格通知文本", "direct_sales_barrier": "直营信息隔离",
    "pseudonymise_customers": "客户假名化",
    # What the sentences of rules name.
    "account_key": "客户标识", "accused": "渠道商", "available": "可售数量", "base_out": "基本单位", "channels": "渠道数",
    "claimed": "申报数量", "closed_before": "上月期末", "committed": "已承诺数量", "equal_fields": "相同字段",
    "expected": "应有数量", "first_seen": "首次监测", "gap_percent": "价差(%)", "grant_a": "授权甲", "grant_b": "授权乙",
    "high_channel": "高价渠道", "high_lines": "高价行数", "high_price": "高价", "k": "倍数", "kept": "较早的申报",
    "kept_on": "较早的日期", "kept_order": "较早的订单", "kept_seller": "较早的卖方", "last_purchase": "最近进货",
    "last_seen": "最近监测", "late_share": "季末占比", "late_units": "季末数量", "launched_on": "上市日期",
    "location": "库位", "lot": "批次", "low_channel": "低价渠道", "low_lines": "低价行数", "low_price": "低价",
    "median": "中位数", "members": "记录数", "missing": "差额", "month": "月份", "months_before": "此前月数",
    "months_of_stock": "可销月数", "offers": "报价数", "partner_a": "渠道商甲", "partner_b": "渠道商乙",
    "percent_below": "低于(%)", "price_after": "调整后价格", "price_before": "调整前价格", "price_from": "价格生效日",
    "price_kind": "价格种类", "program": "返利项目", "promotion_from": "促销开始日",
    "proposed_units_per_pack": "建议的每包数量", "protected_until": "保护期至", "quarter_units": "全季数量",
    "reference_kind": "参考价种类", "registered_first": "首次报备", "serial": "序列号", "serial_count": "序列号数",
    "shared_from": "重叠起始", "shared_serials": "相同序列号", "shared_to": "重叠截止", "short": "短缺数量",
    "units_per_pack": "每包数量", "usual_share": "通常占比", "victim": "受影响方", "week": "周",
}  # fmt: skip
HEAD = (
    "key", "case", "rule", "rule_version", "policy_version", "class", "mode", "state", "revision", "subject", "affected",
    "product_group", "base_sku", "region", "event_day", "value_at_risk", "currency", "score", "uncapped_score", "capped_by",
    "band", "watermark_at", "detected_at", "judged_at", "basis",
)  # fmt: skip
CODED = ("class", "mode", "state", "band", "capped_by")
STYLE = """
:root { color-scheme: light; }
body { font: 14px/1.5 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; border-top: 2px solid; padding-top: 1rem; } h3 { font-size: 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
th, td { border: 1px solid #999; padding: .2rem .5rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: #eee; } code { font-size: .85em; overflow-wrap: anywhere; } .note { color: #444; }
@media print {
  @page { margin: 15mm; }
  body { font-size: 10pt; margin: 0; max-width: none; padding: 0; }
  section + section { break-before: page; }
  h3, thead { break-after: avoid; } tr, .record { break-inside: avoid; }
}
"""


class Markup(str):
    """A text that `element` made; any other is escaped."""

    __slots__ = ()


def element(name: str, *inside: object, **attributes: str) -> Markup:
    """Return an element around texts and other elements."""
    said = "".join(f' {key.rstrip("_")}="{escape(value)}"' for key, value in attributes.items())
    body = "".join(one if isinstance(one, Markup) else escape(str(one)) for one in inside)
    return Markup(f"<{name}{said}>{body}</{name}>")


def page(findings: Sequence[Facts], hash: str, frozen_at: str, locale: Locale, *, whole: bool = True) -> str:
    """Return the page of a bundle in one language; `whole` says that nothing of it is left out."""
    said = Words(locale)
    title = f"{said['evidence']} {hash[:12]}"
    head = element(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        element("title", title),
        Markup(f"<style>{STYLE}</style>"),
    )
    notes = [said["neutral"], *([] if whole else [said["part"]])]
    body = element(
        "body",
        element("h1", title),
        *(element("p", note, class_="note") for note in notes),
        pairs([(said["hash"], element("code", hash)), (said["frozen_at"], frozen_at)]),
        *(element("section", *finding(one, said)) for one in findings),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='zh-CN' if locale == 'zh' else 'en')}\n"


class Words:
    """The labels of one language; a word without one is shown with blanks for its underscores."""

    def __init__(self, locale: Locale) -> None:
        self.locale = locale

    def __getitem__(self, name: str) -> str:
        if name in WORDS:
            return WORDS[name][self.locale]
        return CHINESE[name] if self.locale == "zh" and name in CHINESE else name.replace("_", " ")


def finding(one: Facts, said: Words) -> Iterable[Markup]:
    """Yield the parts of one finding; what it does not say has no part."""
    yield element("h2", f"{said['finding']}: {titled(one, said.locale)}")
    yield element("p", reason(one, said.locale))
    yield pairs([(said[name], worded(name, one[name], said)) for name in HEAD if one.get(name) not in (None, "-")])
    if one.get("terms"):
        yield element("h3", said["terms"])
        rows = [[said[term["code"]], *(term[name] for name in ("value", "weight", "points")), listed(term["inputs"])]
                for term in one["terms"]]  # fmt: skip
        yield table([said[name] for name in ("term", "value", "weight", "points", "inputs")], rows)
    yield element("h3", said["fields"])
    yield pairs([(said[name], plain(value)) for name, value in one["evidence"].items() if value is not None])
    yield element("h3", said["filters"])
    tried = [[said[row["filter"]], said[row["outcome"]], row.get("detail") or ""] for row in one["filters_tried"]]
    yield table([said[name] for name in ("filter", "outcome", "detail")], tried)
    yield element("h3", said["records"])
    yield from (record(row, said) for row in one["records"])
    if "policy" in one:
        yield from judged_by(one, said)


def record(row: Facts, said: Words) -> Markup:
    """Return one record: what it said, where it stands, and how its numbers come about."""
    facts = [(said[name], plain(value)) for name, value in row["facts"].items() if value is not None]
    where = [
        (said["revision"], row.get("revision")),
        (said["source"], row.get("source")),
        (said["place"], ", ".join(str(one) for one in placed(row.get("place")))),
        (said["raw"], row["raw"]["key"] if row.get("raw") else None),
    ]
    parts = [
        element("h4", f"{said[row['code']]} ({said[row['noun']]}) {row.get('key') or ''}"),
        pairs(
            [*facts, *((name, value) for name, value in where if value), (said["record_hash"], element("code", row["hash"]))]
        ),
    ]
    if row.get("derivation"):
        steps = [[said[step["name"]], step["formula"], step["value"] or "", step["day"] or ""] for step in row["derivation"]]
        parts.append(table([said[name] for name in ("step", "formula", "value", "day")], steps))
    return element("div", *parts, class_="record")


def placed(place: Facts | None) -> list[object]:
    """Return file, sheet and line of a record that came in a file."""
    return [place[name] for name in ("file", "sheet", "line") if place.get(name) is not None] if place else []


def judged_by(one: Facts, said: Words) -> Iterable[Markup]:
    """Yield what judged a finding: policy, thresholds, profile, and how far the sources had been read."""
    policy = one["policy"]
    yield element("h3", said["policy"])
    yield pairs([(said[name], plain(value)) for name, value in policy.items() if name not in ("thresholds", "overrides")])
    for name, facts in (("thresholds", policy["thresholds"]), ("profile", one["profile"]), ("watermark", one["watermark"])):
        yield element("h4", said[name])
        yield pairs([(said[key], plain(value)) for key, value in facts.items()]) if facts else element("p", said["none"])
    if policy["overrides"]:
        yield element("h4", said["overrides"])
        yield from (pairs([(said[key], plain(value)) for key, value in override.items()]) for override in policy["overrides"])


def pairs(rows: Iterable[tuple[str, object]]) -> Markup:
    """Return a table of names and values."""
    return element(
        "table", element("tbody", *(element("tr", element("th", name), element("td", value)) for name, value in rows))
    )


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    """Return a table with a head."""
    return element(
        "table",
        element("thead", element("tr", *(element("th", name) for name in head))),
        element("tbody", *(element("tr", *(element("td", cell) for cell in row)) for row in rows)),
    )


def plain(value: object) -> str:
    """Return any value of a document as a text."""
    if isinstance(value, Mapping):
        return listed(value)
    if isinstance(value, list):
        return "; ".join(plain(one) for one in value) or "–"
    if isinstance(value, bool):
        return "✓" if value else "✗"
    return "–" if value is None else str(value)


def listed(facts: Facts) -> str:
    """Return names and values in one line."""
    return ", ".join(f"{name} = {plain(value)}" for name, value in facts.items())


def worded(name: str, value: object, said: Words) -> str:
    """Return a value of the head; classes and codes have words of their own."""
    if name == "class" and value in CLASSES:
        return str(getattr(CLASSES[str(value)], said.locale))
    return said[str(value)] if name in CODED else plain(value)


def titled(one: Facts, locale: Locale) -> str:
    """Return the title of a finding's rule; its name for a rule that is gone."""
    pair = all_rules().get(one["rule"])
    return str(one["rule"] if pair is None else getattr(pair.rule, f"title_{locale}"))


def reason(one: Facts, locale: Locale) -> str:
    """Return the sentence of a finding; a field it does not say reads as a dash."""
    pair = all_rules().get(one["rule"])
    if pair is None:
        return ""
    return sentence(
        Finding(
            rule=pair.rule,
            classification=one["class"],
            event_day=date.fromisoformat(one["event_day"]),
            accused=one.get("subject", "–"),
            victim=one.get("affected", "–"),
            product_group=one["product_group"],
            base_sku=one["base_sku"],
            region=one["region"],
            evidence=one["evidence"],
        ),
        locale,
    )
