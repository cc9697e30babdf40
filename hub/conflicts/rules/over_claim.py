"""Over-claim (超额申报): a partner claims money for more units than it can have had of the article.

What counts is what it opened with, bought and did not give away; its own sales are what the claims are about. Claims that
`duplicate_claim` names as the same thing again are left out, so that one slip is not told twice.
"""

from decimal import Decimal

from hub.conflicts.rule import Rule, Text

over_claim = Rule(
    name="over_claim",
    title_en="Claimed quantity exceeds available quantity",
    title_zh="申报数量超过可售数量",
    says={
        "": Text(
            en="{accused} claimed {claimed} units of {base_sku} in {program}; up to the last purchase on {last_purchase} it "
            "can have had {available}.",
            zh="{accused} 在 {program} 中申报 {base_sku} {claimed} 件;截至最近一次进货({last_purchase})可售数量为 "
            "{available} 件。",
        ),
    },
    key=("partner", "program", "base_sku"),
    full=frozenset({"over_claim"}),
    needs=(frozenset({"claim"}), frozenset({"sales_order"})),
    thresholds={"tol": Decimal("0.01")},
    reach=("reached_claims", "keys"),
    steps=(
        "cells", "spans", "unbought", "ask", "standing", "weigh_claims", "twins", "claimed", "moved", "sums", "limit_questions",
        "limits", "judge",
    ),
)  # fmt: skip
