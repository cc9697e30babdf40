"""How well findings fit the labels: precision and recall of each rule, and what became of each look-alike."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from benchmarks.conflicts.label import ANY, CONFLICT, Found, Label

PRICE_RULES = ("below_policy_offer", "tier_inversion", "cross_channel_gap")
UNIT_ERROR = "pack_factor"


class LookAlike(Struct, frozen=True, kw_only=True):
    """How many of a kind there are, how many were flagged, and how many got the class, or the silence, they should."""

    rule: str
    kind: str
    planted: int
    flagged: int
    as_expected: int


class RuleScore(Struct, frozen=True, kw_only=True):
    """One rule. `unlabelled` are flagged findings about nothing planted; precision counts them as wrong. `informing` are all
    the findings that flag nothing.

    `precision_labelled` looks at what was planted only. A share of nothing is null.
    """

    rule: str
    conflicts: int
    found: int
    right_class: int
    look_alikes: int
    look_alikes_flagged: int
    unlabelled: int
    informing: int
    precision: float | None
    precision_labelled: float | None
    recall: float | None


class Score(Struct, frozen=True, kw_only=True):
    """All rules. `price_alerts_from_unit_errors` are flagged price findings about goods whose unit was miscounted."""

    rules: Sequence[RuleScore]
    look_alikes: Sequence[LookAlike]
    price_alerts_from_unit_errors: int
    missed: Sequence[str]
    wrongly_flagged: Sequence[str]
    unlabelled: Sequence[str]


def score(labels: Sequence[Label], findings: Iterable[Found]) -> Score:
    """Compare findings with labels. Flagged is a full finding; of rules that only inform, one of a class conflicts have."""
    by_rule: dict[str, list[Found]] = defaultdict(list)
    for one in findings:
        by_rule[one.rule].append(one)
    asked: dict[str, list[Label]] = defaultdict(list)
    for label in labels:
        asked[label.rule].append(label)
    verdicts = {rule: Verdict(rule, asked[rule], by_rule[rule]) for rule in sorted(asked)}
    return Score(
        rules=[one.told() for one in verdicts.values()],
        look_alikes=[kind for one in verdicts.values() for kind in one.kinds()],
        price_alerts_from_unit_errors=sum(
            one.flagged(label) for name in PRICE_RULES if name in verdicts
            for one in [verdicts[name]] for label in one.labels if label.kind == UNIT_ERROR
        ),
        missed=[named(label) for one in verdicts.values() for label in one.conflicts if not one.flagged(label)],
        wrongly_flagged=[named(label) for one in verdicts.values() for label in one.others if one.flagged(label)],
        unlabelled=[
            f"{found.rule} {'|'.join(found.key)} {found.classification}" for one in verdicts.values() for found in one.stray
        ],
    )  # fmt: skip


class Verdict:
    """The labels of one rule beside its findings."""

    def __init__(self, rule: str, labels: Sequence[Label], findings: Sequence[Found]) -> None:
        self.rule, self.labels, self.findings = rule, labels, findings
        self.conflicts = [label for label in labels if label.kind == CONFLICT]
        self.others = [label for label in labels if label.kind != CONFLICT]
        classes = {label.expected for label in self.conflicts}
        informs = not any(found.full for found in findings)
        self.alarming = {found.key for found in findings if found.full or (informs and found.classification in classes)}
        self.about = match(labels, findings)
        told = {found.key for of_label in self.about.values() for found in of_label}
        self.stray = [found for found in findings if found.key in self.alarming and found.key not in told]

    def flagged(self, label: Label) -> bool:
        """Say whether a finding that counts is about what was planted."""
        return any(found.key in self.alarming for found in self.about[label])

    def as_expected(self, label: Label) -> bool:
        """Say whether it got the class it should, or none."""
        found = self.about[label]
        return not found if label.expected is None else any(one.classification == label.expected for one in found)

    def told(self) -> RuleScore:
        """Sum up."""
        found = sum(self.flagged(label) for label in self.conflicts)
        wrong = sum(self.flagged(label) for label in self.others)
        return RuleScore(
            rule=self.rule,
            conflicts=len(self.conflicts),
            found=found,
            right_class=sum(self.as_expected(label) for label in self.conflicts),
            look_alikes=len(self.others),
            look_alikes_flagged=wrong,
            unlabelled=len(self.stray),
            informing=len(self.findings) - len(self.alarming),
            precision=share(found, found + wrong + len(self.stray)),
            precision_labelled=share(found, found + wrong),
            recall=share(found, len(self.conflicts)),
        )

    def kinds(self) -> list[LookAlike]:
        """Sum up by kind of look-alike."""
        kinds: dict[str, list[Label]] = defaultdict(list)
        for label in self.others:
            kinds[label.kind].append(label)
        return [
            LookAlike(
                rule=self.rule,
                kind=kind,
                planted=len(of_kind),
                flagged=sum(self.flagged(label) for label in of_kind),
                as_expected=sum(self.as_expected(label) for label in of_kind),
            )
            for kind, of_kind in sorted(kinds.items())
        ]


def match(labels: Sequence[Label], findings: Sequence[Found]) -> Mapping[Label, Sequence[Found]]:
    """Return the findings about each label: by key, and for labels with a `*` by the parts that are known."""
    by_key: dict[tuple[str, ...], list[Found]] = defaultdict(list)
    for found in findings:
        by_key[found.key].append(found)
        for place in range(len(found.key)):
            by_key[(*found.key[:place], ANY, *found.key[place + 1 :])].append(found)
    return {label: [found for found in by_key.get(label.key, ()) if label.fits(found.key)] for label in labels}


def share(part: int, whole: int) -> float | None:
    """Return a share of something, or null of nothing."""
    return None if whole == 0 else round(part / whole, 4)


def named(label: Label) -> str:
    """Return a line that names what was planted."""
    return f"{label.rule} {'|'.join(label.key)} {label.recipe} ({label.kind}: {label.expected or 'nothing'})"
