"""What a rule is: the words and numbers around its statements. The judgement itself stands in the .sql file beside it.

The file `<rule>.sql` holds the statements of `reach` (lay the scopes that changed records touch into `judged`), of `everything`
(every scope that can hold a finding), one per step, and `desk` where a rule needs temporary tables of its own. The last step
writes every finding of the judged scopes into `found`.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

Locale = Literal["en", "zh"]


class Text(Struct, frozen=True, kw_only=True):
    """One text in both languages."""

    en: str
    zh: str


class Lever(Struct, frozen=True, kw_only=True):
    """A threshold that may be raised when findings are dismissed for one reason.

    A finding is left out in full when the evidence's `field` is not above the threshold.
    """

    threshold: str
    field: str


class Rule(Struct, frozen=True, kw_only=True):
    """One rule.

    `key` names the parts of a finding's key, in order. `full` are the classes that may open a case. `says` is the reason in
    one sentence by class, with {fields} of the evidence; "" is for every other class. `needs` lists the nouns without which
    the rule cannot say anything; one of each group is enough. `version` grows with the meaning: a rule of another version
    judges everything once. `levers` are by dismissal reason.
    """

    name: str
    version: int = 1
    title_en: str
    title_zh: str
    says: Mapping[str, Text]
    key: tuple[str, ...]
    full: frozenset[str]
    needs: tuple[frozenset[str], ...]
    thresholds: Mapping[str, Decimal] = {}
    levers: Mapping[str, Lever] = {}
    reach: tuple[str, ...] = ("keys",)
    everything: tuple[str, ...] = ("all_keys",)
    steps: tuple[str, ...] = ("judge",)
    after: frozenset[str] = frozenset()


class Finding(Struct, frozen=True, kw_only=True):
    """What a sentence is made of: the rule, its word for it, who is concerned, and the evidence."""

    rule: Rule
    classification: str
    event_day: date
    accused: str
    victim: str
    product_group: str
    base_sku: str
    region: str
    evidence: Mapping[str, Any]


CLASSES: Mapping[str, Text] = {
    "suspected": Text(en="suspected", zh="待核实"),
    "natural": Text(en="natural", zh="边界流动"),
    "benign": Text(en="benign", zh="无授权方区域"),
    "passive_info": Text(en="passive sale (for information)", zh="被动成交(仅供参考)"),
    "minor": Text(en="minor", zh="数量较小"),
    "territory_disputed": Text(en="territory to be clarified", zh="授权待厘清"),
}


class Fields(dict[str, object]):
    """The fields of a sentence; one that is absent reads as a dash."""

    def __missing__(self, name: str) -> str:
        return "–"


def sentence(finding: Finding, locale: Locale = "en") -> str:
    """Return the reason for a finding in one sentence that names records and numbers only."""
    says = finding.rule.says.get(finding.classification, finding.rule.says[""])
    fields = Fields({key: value for key, value in finding.evidence.items() if value is not None})
    for name in ("event_day", "accused", "victim", "product_group", "base_sku", "region"):
        fields.setdefault(name, getattr(finding, name))
    return getattr(says, locale).format_map(fields)  # type: ignore[no-any-return]
