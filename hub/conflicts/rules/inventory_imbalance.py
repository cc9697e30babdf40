"""Inventory imbalance: what a partner's month says went in and out does not lead from its opening to its closing stock.

A month that does not open where the one before closed is told of apart (`continuity`), for information.
"""

from decimal import Decimal

from hub.conflicts.rule import Rule, Text

inventory_imbalance = Rule(
    name="inventory_imbalance",
    title_en="Stock equation does not balance",
    title_zh="库存勾稽不平",
    says={
        "": Text(
            en="{accused} should hold {expected} units of {base_sku} at the end of {month} and reports {closing}: "
            "a difference of {missing}.",
            zh="{accused} {month} 月末 {base_sku} 应有 {expected} 件,报告 {closing} 件,差额 {missing} 件。",
        ),
        "continuity": Text(
            en="{accused} opens {month} with {opening} units of {base_sku} and closed the month before with {closed_before}: "
            "a difference of {missing}.",
            zh="{accused} {month} 月初 {base_sku} 为 {opening} 件,上月末为 {closed_before} 件,差额 {missing} 件。",
        ),
    },
    key=("partner", "base_sku", "month", "check"),
    full=frozenset({"missing", "surplus"}),
    needs=(frozenset({"inventory_month"}),),
    thresholds={"pct": Decimal("0.02")},
    steps=("cells", "months", "weigh", "gaps", "limit_places", "limits", "drop_small", "questions", "prices", "judge"),
    # The evidence links what those rules found of the same partner in the month.
    after=frozenset({"cross_region_sale", "serial_diversion"}),
)
