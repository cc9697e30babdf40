"""One finding of the reference."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from hashlib import sha256

from tests.reference.world import Partner, Product, Region


@dataclass(frozen=True, kw_only=True, eq=False)
class Finding:
    """`depth` is the term D before clipping, unknown as None; `circumstances` cap beside the rule, the class and the mode.

    Score, uncapped score and band are filled in when all findings of the rule are known.
    """

    rule: str
    parts: tuple[str, ...]
    classification: str
    full: bool
    mode: str
    accused: Partner | None = None
    victim: Partner | None = None
    product_group: str = "-"
    base: Product | None = None
    region: Region | None = None
    event_day: date
    value_at_risk: Fraction | None = None
    depth: Fraction | None = None
    strength: Fraction
    circumstances: tuple[str, ...] = ()
    evidence: Mapping[str, object] = field(default_factory=dict)
    terms: tuple[Fraction, ...] = ()
    caps: Mapping[str, Fraction] = field(default_factory=dict)
    uncapped_score: Fraction = Fraction(0)
    score: Fraction = Fraction(0)
    band: str = ""

    @property
    def key(self) -> str:
        return sha256("\x1f".join((self.rule, *self.parts)).encode()).hexdigest()[:32]


def code(thing: Partner | Product | Region | None) -> str:
    return "-" if thing is None else thing.code


def month_of(day: date) -> str:
    return f"{day:%Y-%m}"
