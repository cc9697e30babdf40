"""Price difference between channels (渠道价差): one article, market and week, and two channels far apart in price.

That trade buys cheaper than consumers is how trade works; the same class apart, or consumers buying cheaper than trade, is not.
In most jurisdictions these are observations that never become cases.
"""

from decimal import Decimal

from hub.conflicts.rule import Rule, Text

cross_channel_gap = Rule(
    name="cross_channel_gap",
    title_en="Price difference between channels",
    title_zh="渠道间价格差异",
    says={
        "": Text(
            en="{base_sku} sold at {low_price} a unit in channel {low_channel} ({low_lines} lines) and at {high_price} in "
            "{high_channel} ({high_lines} lines) in week {week}, {gap_percent} % apart.",
            zh="{week} 周 {base_sku} 在渠道 {low_channel} 的单价为 {low_price}({low_lines} 行),在 {high_channel} 为 "
            "{high_price}({high_lines} 行),相差 {gap_percent}%。",
        ),
    },
    key=("base", "market", "week", "low_channel", "high_channel"),
    full=frozenset({"gap"}),
    needs=(frozenset({"sales_order"}),),
    thresholds={"gap": Decimal("0.15"), "min_n": Decimal(5), "consumer_bulk_units": Decimal(48)},
    reach=("touch", "weigh_touched", "keys", "unpriced"),
    everything=("all_keys", "all_unpriced"),
    steps=(
        "cells", "weigh_cells", "lines", "markets", "limit_places", "limits", "few", "weigh", "promotions", "ask_usual",
        "ground", "usual", "packs", "leave_out", "judge",
    ),
)  # fmt: skip
