"""Quantity anomaly: a partner buys far more of an article in a month than it used to.

It compares a month with the partner's own past only; what it finds is a question, never a case.
"""

from decimal import Decimal

from hub.conflicts.rule import Rule, Text

quantity_anomaly = Rule(
    name="quantity_anomaly",
    title_en="Unusual order quantity",
    title_zh="订货量异常",
    says={
        "": Text(
            en="{accused} bought {units} units of {base_sku} in {month}; the median of the {months_before} months before is "
            "{median}.",
            zh="{accused} 于 {month} 订购 {base_sku} {units} 件,此前 {months_before} 个月的中位数为 {median} 件。",
        ),
        "promo_preload": Text(
            en="{accused} bought {units} units of {base_sku} in {month} (median before: {median}); promotion {promotion} "
            "starts on {promotion_from}.",
            zh="{accused} 于 {month} 订购 {base_sku} {units} 件(此前中位数 {median} 件);促销 {promotion} 将于 "
            "{promotion_from} 开始。",
        ),
    },
    key=("partner", "base_sku", "month"),
    full=frozenset(),
    needs=(frozenset({"sales_order"}),),
    thresholds={
        "history": Decimal(24),
        "min_n": Decimal(6),
        "z": Decimal("3.5"),
        "factor": Decimal(2),
        "min_units": Decimal(12),
    },
    reach=("buyers", "weigh_buyers", "bought", "keys"),
    everything=("all_bought", "keys"),
    steps=(
        "weigh_bought", "agreed", "months", "limit_places", "limits", "weigh", "peaks", "spreads", "promotions_asked", "ahead",
        "judge",
    ),
)  # fmt: skip
