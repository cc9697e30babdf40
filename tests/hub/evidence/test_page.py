"""The page of a bundle: whole, in two languages, and nobody's text is more than a text on it."""

import re
from html.parser import HTMLParser
from string import Formatter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.conflicts.jurisdiction import Profile
from hub.conflicts.registry import all_rules
from hub.conflicts.rule import Locale
from hub.evidence.page import Markup, Words, element, page

ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "h4", "p", "table", "thead", "tbody", "tr", "th", "td",
    "code", "section", "div",
}  # fmt: skip
# A filter with its outcome, and a record with its noun, as the statements of rules name them.
CODED = re.compile(r"hub_tried\('(\w+)'|hub_evidence\('(\w+)', *'(\w+)'")
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{accused.__class__}&amp;</td>"


class Reader(HTMLParser):
    """Collects the elements, attributes and texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader


def finding(name: str = "GD-B", **more: Any) -> dict[str, Any]:
    """A finding in which a name stands wherever a name can."""
    return {
        "key": name, "rule": "cross_region_sale", "rule_version": 1, "policy_version": 1, "class": "suspected", "full": True,
        "mode": "case", "state": "open", "revision": 1, "case": 7, "subject": name, "affected": name, "product_group": name,
        "base_sku": name, "region": name, "event_day": "2026-03-01", "value_at_risk": "2730", "currency": "CNY", "score": "78",
        "uncapped_score": "78", "band": "high", "caps": [], "capped_by": None, "watermark_at": "2026-03-31T12:00:00Z",
        "detected_at": "2026-03-31T12:00:00Z", "judged_at": "2026-03-31T12:00:00Z", "basis": "Asia/Shanghai CNY",
        "terms": [{"code": "impact", "value": 1, "weight": 30, "points": 30, "inputs": {name: name}}],
        "evidence": {"order": name, "near": [name], name: name, "holder": {"code": name}, "gone": None},
        "records": [
            {
                "code": "sale_line", "noun": "order_line", "id": 1, "key": name, "source": name, "hash": name,
                "facts": {"seller": name, "none": None}, "raw": {"key": name}, "place": {"file": name, "line": 3},
                "derivation": [{"name": name, "formula": name, "value": None, "day": None}],
            }
        ],
        "filters_tried": [{"filter": name, "outcome": "none_found", "detail": name}],
        "policy": {"version": 1, "timezone": name, "thresholds": {name: name}, "overrides": [{"region": name}]},
        "profile": {"name": name}, "watermark": {name: {name: name}},
    } | more  # fmt: skip


@pytest.mark.parametrize("locale", ["en", "zh"])
def test_a_hostile_name_stays_a_text(locale: Locale) -> None:
    told = read(page([finding(HOSTILE)], HOSTILE, HOSTILE, locale))
    assert set(told.elements) <= ALLOWED
    assert told.attributes <= {"charset", "name", "content", "lang", "class"}
    assert told.texts.count(HOSTILE) > 15


@given(st.text())
@settings(max_examples=40)
def test_no_text_makes_an_element(text: str) -> None:
    plain = read(page([finding()], "ab", "now", "en"))
    told = read(page([finding(text)], "ab", "now", "en"))
    # A value that is "-" is left out, and an empty place is none.
    assert set(told.elements) <= set(plain.elements)
    assert told.attributes == plain.attributes


def test_only_what_was_made_here_is_put_in_as_it_is() -> None:
    assert element("p", "<b>", element("i", "&")) == "<p>&lt;b&gt;<i>&amp;</i></p>"
    assert element("p", Markup("<br>"), class_='"') == '<p class="&quot;"><br></p>'


def test_the_page_stands_alone_and_can_be_printed() -> None:
    text = page([finding()], "ab" * 32, "2026-03-31T12:00:00+00:00", "en")
    assert "@media print" in text
    for word in ("<script", "http://", "https://", "url(", "src=", "href="):
        assert word not in text
    assert "ab" * 32 in text


def test_the_page_speaks_the_language_asked_for() -> None:
    english, chinese = (page([finding()], "ab", "now", locale) for locale in ("en", "zh"))
    assert "Potential out-of-territory sale" in english
    assert "疑似跨区域销售" in chinese
    assert "待核实" in chinese
    assert '<html lang="zh-CN">' in chinese
    for told in ("已核查的正常解释", "未发现", "销售行", "未决"):
        assert told in chinese
    assert "none found" in english
    assert "Shown in part" in page([finding()], "ab", "now", "en", whole=False)


def test_a_finding_of_a_rule_that_is_gone_keeps_its_name() -> None:
    assert "long_gone" in page([finding(rule="long_gone")], "ab", "now", "en")


def test_every_word_of_a_rule_has_a_label_in_chinese() -> None:
    """Filters, records, thresholds, profiles, and what sentences name; other measurements are shown by their codes."""
    tried = (found for pair in all_rules().values() for one in pair.statements.values() for found in CODED.findall(one.sql))
    said = (Formatter().parse(text.en) for pair in all_rules().values() for text in pair.rule.says.values())
    words = {
        *(word for pair in tried for word in pair if word),
        *(name for text in said for _, name, _, _ in text if name),
        *(name for pair in all_rules().values() for name in pair.rule.thresholds),
        *Profile.__struct_fields__,
    }
    assert len(words) > 150
    assert {word for word in words if Words("zh")[word].isascii()} == set()
