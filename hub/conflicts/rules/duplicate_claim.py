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
        "serial": Text(
            en="Claim {claim} of {accused} ({program}, {event_day}) names serial {serial}, which claim {kept} of {kept_on} "
            "named before.",
            zh="{accused} 的申报 {claim}({program},{event_day})所列序列号 {serial} 已在 {kept_on} 的申报 {kept} 中列出。",
        ),
        "exact": Text(
            en="Claim {claim} of {accused} ({program}, {event_day}) repeats claim {kept} of {kept_on} for invoice "
            "{invoice_ref}.",
            zh="{accused} 的申报 {claim}({program},{event_day})与 {kept_on} 的申报 {kept} 针对同一发票 {invoice_ref}。",
        ),
        "": Text(
            en="Claim {claim} of {accused} ({program}, {event_day}) is much like claim {kept} of {kept_on} for the same "
            "customer.",
            zh="{accused} 的申报 {claim}({program},{event_day})与 {kept_on} 针对同一客户的申报 {kept} 十分相近。",
        ),
    },
    key=("source", "claim_id"),
    full=frozenset({"serial", "exact"}),
    needs=(frozenset({"claim"}),),
    thresholds={"amount_tol": Decimal("0.01"), "days": Decimal(3)},
    reach=("reached_claims", "keys"),
    steps=("ask", "standing", "weigh_claims", "twins", "limit_questions", "limits", "alike", "judge"),
)
