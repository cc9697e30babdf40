"""Duplicate claim (重复申报): money is claimed again for what an earlier claim of the programme seems to cover.

Nothing is taken away by the hub; the suggestion is which claim to keep and which to look at.
"""

from decimal import Decimal

from hub.conflicts.rule import Rule, Text

duplicate_claim = Rule(
    name="duplicate_claim",
    title_en="Possible duplicate claim",
    title_zh="疑似重复申报",
    says={
        "": Text(
            en="Claim {claim} of {accused} ({program}, {event_day}) resembles the earlier claim {kept}: {level}.",
            zh="{accused} 的申报 {claim}({program},{event_day})与较早的申报 {kept} 相似:{level}。",
        ),
    },
    key=("source", "claim_id"),
    full=frozenset({"serial", "exact"}),
    needs=(frozenset({"claim"}),),
    thresholds={"amount_tol": Decimal("0.01"), "days": Decimal(3)},
    reach=("reached_claims", "keys"),
    steps=("ask", "limit_questions", "limits", "bars", "twins", "judge"),
)
